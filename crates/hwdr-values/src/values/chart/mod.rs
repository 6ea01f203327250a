//! A chart's share in the values: its defaults, those of its subcharts, and their combination with the operator's values
//! (Helm's `pkg/chart/loader`, `pkg/chartutil`; in Helm 4 `pkg/chart/v2`).

mod archive;
mod coalesce;
mod constraint;
mod dependencies;
mod metadata;
mod schema;
mod table;

use std::collections::BTreeMap;

use archive::Room;
pub use archive::matters;
pub use schema::Unchecked;

use super::{Data, Helm, Map, Value, ValuesError, documents};
use metadata::Requirement;
use table::Table;

/// The files of a chart by their path inside it.
pub type Files = BTreeMap<String, Vec<u8>>;

/// How deep charts may nest, packed or as folders.
const MAX_DEPTH: usize = 32;

/// A chart as far as values go.
#[derive(Debug, Clone)]
pub struct Chart {
    name: String,
    version: String,
    values: Table,
    /// Its `values.schema.json`.
    schema: Option<Vec<u8>>,
    /// What `Chart.yaml` says about subcharts; `None` if it says nothing.
    requirements: Option<Vec<Requirement>>,
    dependencies: Vec<Chart>,
}

impl Chart {
    /// Reads a chart from its files. `label` is the chart's name in places: the path that the operator gave.
    ///
    /// # Errors
    /// If Helm refuses the chart.
    pub fn from_files(files: Files, label: &str, helm: Helm) -> Result<Self, ValuesError> {
        Self::at_depth(0, files, label, helm, &Room::new())
    }

    fn at_depth(depth: usize, files: Files, label: &str, helm: Helm, room: &Room) -> Result<Self, ValuesError> {
        if depth > MAX_DEPTH {
            return Err(ValuesError::refused(format!("{label}: too many nested charts"), None));
        }
        let deeper = depth.saturating_add(1);
        let metadata = metadata::read(&files, label)?;
        let (mut values, mut schema) = (Map::new(), None);
        let mut subcharts: BTreeMap<String, Files> = BTreeMap::new();
        for (path, bytes) in files {
            if path == "values.yaml" {
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
                let value = documents::read_bytes(&format!("{label}/values.yaml"), bytes, helm)?;
                if let Data::Map(map) = value.data {
                    values = map;
                }
            } else if path == "values.schema.json" {
                schema = Some(bytes);
            } else if let Some(inside) = path.strip_prefix("charts/")
                && !inside.ends_with(".prov")
            {
                let folder = inside.split('/').next().unwrap_or(inside);
                subcharts.entry(folder.to_owned()).or_default().insert(inside.to_owned(), bytes);
            }
        }
        let mut dependencies = Vec::new();
        for (folder, files) in subcharts {
            if folder.starts_with(['_', '.']) {
                continue;
            }
            let label = format!("{label}/charts/{folder}");
            dependencies.push(if folder.ends_with(".tgz") {
                let bytes = files.get(&folder).map(Vec::as_slice).unwrap_or_default();
                Self::at_depth(deeper, archive::unpack(bytes, &label, room)?, &label, helm, room)?
            } else {
                let prefix = format!("{folder}/");
                let inside = |(path, bytes): (String, Vec<u8>)| Some((path.strip_prefix(&prefix)?.to_owned(), bytes));
                Self::at_depth(deeper, files.into_iter().filter_map(inside).collect(), &label, helm, room)?
            });
        }
        let (name, version) = (metadata.name, metadata.version);
        let (values, requirements) = (Table::from_map(values), metadata.requirements);
        Ok(Self { name, version, values, schema, requirements, dependencies })
    }

    /// Reads a packed chart (`.tgz`).
    ///
    /// # Errors
    /// If it is not an archive of a chart.
    pub fn from_archive(bytes: &[u8], label: &str, helm: Helm) -> Result<Self, ValuesError> {
        let room = Room::new();
        Self::at_depth(0, archive::unpack(bytes, label, &room)?, label, helm, &room)
    }

    /// Whether the schemas of this chart and its subcharts accept a value of a JSON Schema type at `path`; `None` if none of them says.
    pub fn takes(&self, path: &[&str], kind: &str) -> Option<bool> {
        let schema: Option<serde_json::Value> =
            self.schema.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok());
        let types = path.iter().fold(schema.as_ref(), |schema, key| schema?.get("properties")?.get(key));
        let own = match types.and_then(|schema| schema.get("type")) {
            Some(serde_json::Value::String(name)) => Some(name == kind),
            Some(serde_json::Value::Array(names)) => Some(names.iter().any(|name| name == kind)),
            _ => None,
        };
        let inner = path.split_first().and_then(|(first, rest)| {
            let wish = self.requirements.iter().flatten().find(|wish| wish.alias.as_deref() == Some(first));
            let name = wish.map_or(*first, |wish| wish.name.as_str());
            self.dependencies.iter().find(|chart| chart.name == name)?.takes(rest, kind)
        });
        match (own, inner) {
            (Some(own), Some(inner)) => Some(own && inner),
            (one, other) => one.or(other),
        }
    }

    /// The values that templates see: the operator's over the chart's, including subcharts' sections and `global`. Schemas are not checked.
    ///
    /// # Errors
    /// If the section of a subchart is not a map, or a subchart is missing.
    pub fn values(self, values: Value, helm: Helm) -> Result<Value, ValuesError> {
        self.lay(values, helm, |_, _| Ok(())).map(|(values, ())| values)
    }

    /// The values that templates see, if the schemas of the chart and its subcharts allow it, and the unchecked parts of these schemas.
    ///
    /// # Errors
    /// As [`Chart::values`], and if a schema refuses the values.
    pub fn checked_values(self, values: Value, helm: Helm) -> Result<(Value, Vec<Unchecked>), ValuesError> {
        self.lay(values, helm, schema::check)
    }

    fn lay<T>(
        mut self,
        values: Value,
        helm: Helm,
        check: impl Fn(&Chart, &Table) -> Result<T, ValuesError>,
    ) -> Result<(Value, T), ValuesError> {
        let place = values.place.clone();
        let map = match values.data {
            Data::Map(map) => map,
            _ => Map::new(),
        };
        let given = Table::from_map(map);
        dependencies::check(&self)?;
        dependencies::process(&mut self, &given, helm)?;
        let all = coalesce::values(&self, &given, false, helm)?;
        let checked = check(&self, &all)?;
        Ok((Value { data: Data::Map(all.into_map()), place }, checked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_of_subcharts_have_a_say() {
        let metadata = |name: &str, more: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n{more}");
        let schema = |kinds: &str| {
            format!("{{\"properties\": {{\"x\": {{\"properties\": {{\"id\": {{\"type\": {kinds}}}}}}}}}}}")
        };
        let files: Files = [
            ("Chart.yaml", metadata("top", "dependencies: [{name: inner, alias: other, version: 1.0.0}]\n")),
            ("charts/inner/Chart.yaml", metadata("inner", "")),
            ("charts/inner/values.schema.json", schema("[\"integer\", \"null\"]")),
            ("charts/plain/Chart.yaml", metadata("plain", "")),
            ("charts/plain/values.schema.json", "no JSON".to_owned()),
            ("charts/plain/charts/x/Chart.yaml", metadata("x", "")),
            ("charts/plain/charts/x/values.schema.json", schema("\"string\"")),
        ]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text.into_bytes()))
        .collect();
        assert!(files.keys().all(|path| matters(path)));
        let chart = Chart::from_files(files, "chart", Helm::V3).unwrap();
        for (path, integer, string) in [
            (&["other", "x", "id"][..], Some(true), Some(false)),
            (&["plain", "x", "x", "id"], Some(false), Some(true)),
            (&["plain", "x", "id"], None, None),
            (&["inner", "y"], None, None),
            (&[], None, None),
        ] {
            assert_eq!((chart.takes(path, "integer"), chart.takes(path, "string")), (integer, string), "{path:?}");
        }
    }
}
