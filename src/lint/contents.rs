//! The contents of a file: values, or Kubernetes objects that contain values, for Flux and Argo CD. These values are linted in
//! place: with positions in the file as it is.

use std::ops::Range;
use std::sync::Arc;

use crate::lint::chart_file::Owner;
use crate::lint::{Context, Finding, Note, ignore, placeholder, rules, schema, view};
use crate::product::{self, PRODUCTS};
use crate::shown::counted;
use crate::source::{Place, Source, Span};
use crate::values::{self, Data, Value, ValuesError};

/// The contents of a file.
#[derive(Debug, Default)]
pub struct Contents {
    /// All values of the file.
    values: Vec<Inside>,
    /// They are inside Kubernetes objects.
    objects: bool,
    /// The Applications among these, each with which of the values are its own.
    applications: Vec<(Value, Range<usize>)>,
    /// What is not checked.
    notes: Vec<Note>,
}

/// Values, and those of their places that stand for more than one value, or for one that is written differently.
#[derive(Debug, Default)]
struct Inside {
    values: Option<Value>,
    texts: Vec<Place>,
    parameters: Vec<Place>,
}

impl Contents {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read as values, or as objects.
    pub fn read(source: &Arc<Source>) -> Result<Self, ValuesError> {
        let first = values::read_one(source.clone())?;
        if kind(&first).is_none() {
            return Ok(Self { values: vec![Inside { values: Some(first), ..Inside::default() }], ..Self::default() });
        }
        let mut contents = Self { objects: true, ..Self::default() };
        for object in values::read_all(source)? {
            match kind(&object) {
                Some(("helm.toolkit.fluxcd.io" | "helm.fluxcd.io", "HelmRelease")) => contents.helm_release(&object),
                Some(("argoproj.io", "Application")) => contents.application(&object)?,
                _ => {}
            }
        }
        if contents.is_empty() && product::is_in(&source.text) {
            let message = "not checked: these values are not in a HelmRelease or an Application";
            contents.notes.push(Note::new(&first.place, message));
        }
        Ok(contents)
    }

    /// This file with `more` over all of its values.
    pub fn over_all(mut self, more: Option<&Value>) -> Self {
        for inside in self.values.iter_mut().filter_map(|inside| inside.values.as_mut()) {
            more.into_iter().for_each(|more| values::merge_over(inside, more.clone()));
        }
        self
    }

    /// The findings in all values of the file.
    pub fn lint(&self, context: &Context) -> Vec<Finding> {
        let mut findings = Vec::new();
        for inside in &self.values {
            let mut found = inside.values.as_ref().map_or_else(Vec::new, |values| super::lint(values, context));
            if self.objects {
                // In these files several documents are normal.
                found.retain(|finding| finding.rule != "second-document");
            }
            for finding in &mut found {
                if inside.parameters.contains(&finding.place) {
                    of_parameter(finding);
                }
                if inside.texts.contains(&finding.place) {
                    finding.fix = None;
                }
            }
            findings.extend(found);
        }
        for (application, own) in &self.applications {
            let inside = self.values.get(own.clone()).unwrap_or_default();
            let values: Vec<&Value> = inside.iter().filter_map(|inside| inside.values.as_ref()).collect();
            let mut found = Vec::new();
            for rule in rules::all() {
                rule.check_object(application, &values, &mut found);
            }
            ignore::apply(application, &mut found);
            findings.extend(found);
        }
        super::sort(&mut findings);
        findings
    }

    /// What is not checked: reported once, however many values are unknown.
    pub fn notes(&self) -> Vec<Note> {
        let open = self.values.iter().filter_map(|inside| open(inside.values.as_ref()?));
        self.notes.iter().cloned().chain(open).collect()
    }

    /// Whether these are Kubernetes objects without any values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.notes.is_empty()
    }

    /// Whether any of the values are for a product, given the file's owner.
    pub fn are_of(&self, owner: Owner) -> bool {
        self.values.iter().filter_map(|inside| inside.values.as_ref()).any(|values| owner.takes(values))
    }

    fn helm_release(&mut self, object: &Value) {
        let chart =
            [&["spec", "chart", "spec", "chart"][..], &["spec", "chartRef", "name"], &["spec", "chart", "name"]];
        let inside = Inside { values: object.get(&["spec", "values"]).cloned(), ..Inside::default() };
        let ours = named(object, &chart) | self.add(inside);
        if let Some(from) = view::entry(object, &["spec", "valuesFrom"]).filter(|_| ours) {
            self.not_looked_at(from, "valuesFrom");
        }
    }

    fn application(&mut self, object: &Value) -> Result<(), ValuesError> {
        let first = self.values.len();
        let one = object.get(&["spec", "source"]);
        for source in one.into_iter().chain(items(object.get(&["spec", "sources"]))) {
            let Some(helm) = source.get(&["helm"]) else { continue };
            let mut inside = Inside::default();
            if let Some(object) = helm.get(&["valuesObject"]).filter(|value| !view::is_empty(value)) {
                inside.values = Some(object.clone());
            } else if let Some(text) = helm.get(&["values"]).filter(|value| !view::is_empty(value)) {
                inside.texts.push(text.place.clone());
                inside.values = Some(in_text(text)?);
            }
            for parameter in items(helm.get(&["parameters"])) {
                let Some(set) = self::parameter(parameter)? else { continue };
                inside.parameters.push(set.place.clone());
                match &mut inside.values {
                    Some(values) => values::merge_over(values, set),
                    None => inside.values = Some(set),
                }
            }
            let ours = named(object, &[]) | named(source, &[&["chart"], &["path"]]) | self.add(inside);
            for key in ["valueFiles", "fileParameters"] {
                if let Some(files) = view::entry(helm, &[key]).filter(|_| ours) {
                    self.not_looked_at(files, key);
                }
            }
        }
        if self.values.len() > first {
            self.applications.push((object.clone(), first..self.values.len()));
        }
        Ok(())
    }

    /// Adds the values, and returns whether they are for a product's chart.
    fn add(&mut self, inside: Inside) -> bool {
        let Some(values) = inside.values.as_ref().filter(|values| matches!(values.data, Data::Map(_))) else {
            return false;
        };
        let ours = product::is_known(values);
        self.values.push(inside);
        ours
    }

    fn not_looked_at(&mut self, entry: &values::Entry, key: &str) {
        if !view::is_empty(&entry.value) {
            self.notes.push(Note::new(&entry.key, format!("not checked: the values from {key}")));
        }
    }
}

/// The one note about all values that are not known yet.
pub fn open(values: &Value) -> Option<Note> {
    let (mut encrypted, mut others) = (0_usize, 0_usize);
    let mut first: Option<Place> = None;
    schema::walk(values, &mut |problem| {
        let schema::Problem::Open { value } = problem else { return };
        *if placeholder::is_encrypted(value) { &mut encrypted } else { &mut others } += 1;
        if first.as_ref().is_none_or(|place| value.place.span < place.span) {
            first = Some(value.place.clone());
        }
    });
    let part = |number: usize, what: &str| (number > 0).then(|| counted(number, what));
    let parts: Vec<String> =
        [part(encrypted, "encrypted value"), part(others, "placeholder")].into_iter().flatten().collect();
    Some(Note::new(&first?, format!("not checked: {}", parts.join(" and "))))
}

/// How to correct a parameter: not by its quotes.
fn of_parameter(finding: &mut Finding) {
    finding.fix = None;
    finding.help = match finding.rule {
        "backup-id-number" => Some("add to this parameter: forceString: true".to_owned()),
        "boolean-text" => Some("remove forceString from this parameter, and write true or false".to_owned()),
        _ => return,
    };
}

/// The group and the kind of a Kubernetes object; `None` for values.
pub fn kind(value: &Value) -> Option<(&str, &str)> {
    let api = value.get(&["apiVersion"])?.as_str()?;
    let kind = value.get(&["kind"])?.as_str()?;
    matches!(value.get(&["metadata"])?.data, Data::Map(_))
        .then(|| (api.split_once('/').map_or("", |(group, _)| group), kind))
}

/// Whether the name of the object, or of its chart, identifies a product.
fn named(object: &Value, chart: &[&[&str]]) -> bool {
    let says = |path: &[&str]| {
        let name = object.get(path).and_then(Value::as_str).unwrap_or_default();
        PRODUCTS.iter().any(|product| product.is_named(name))
    };
    says(&["metadata", "name"]) || chart.iter().any(|path| says(path))
}

/// The items of a list; nothing for other values.
pub fn items(value: Option<&Value>) -> &[Value] {
    match value.map(|value| &value.data) {
        Some(Data::List(items)) => items,
        _ => &[],
    }
}

/// The values in a text: those of a block (`|`) have their own places, those of other texts all have the text's.
fn in_text(text: &Value) -> Result<Value, ValuesError> {
    let (source, span) = (&text.place.source, text.place.span);
    let written = text.place.text();
    if written.starts_with('|')
        && let Some(end_of_line) = written.find('\n')
    {
        let block = Span::new(span.start + end_of_line + 1, span.end);
        if let Ok(values) = values::read_inside(source, block) {
            return Ok(values);
        }
    }
    let inner = Source::new(source.name.clone(), text.as_str().unwrap_or_default());
    let mut values =
        values::read_one(inner).map_err(|error| ValuesError { place: Some(text.place.clone()), ..error })?;
    move_to(&mut values, &text.place, &text.place);
    Ok(values)
}

/// What one of Argo CD's parameters sets, as `--set` or (`forceString`) `--set-string` does; `None` for one without name.
fn parameter(parameter: &Value) -> Result<Option<Value>, ValuesError> {
    let Some(name) = parameter.get(&["name"]) else { return Ok(None) };
    let value = parameter.get(&["value"]);
    let text = value.and_then(Value::as_str).unwrap_or_default();
    // As in Argo CD, a comma is part of the value, unless this is a list.
    let list = text.starts_with('{') && text.ends_with('}');
    let text = if list { text.to_owned() } else { text.replace("\\,", ",").replace(',', "\\,") };
    let force = parameter.get(&["forceString"]).and_then(Value::as_bool).unwrap_or(false);
    let place = &value.unwrap_or(name).place;
    let mut set = values::read_set(&format!("{}={text}", name.as_str().unwrap_or_default()), force)
        .map_err(|error| ValuesError { place: Some(place.clone()), ..error })?;
    move_to(&mut set, &name.place, place);
    Ok(Some(set))
}

/// Gives all keys and all values in it one place.
fn move_to(value: &mut Value, key: &Place, place: &Place) {
    value.place = place.clone();
    match &mut value.data {
        Data::List(items) => items.iter_mut().for_each(|item| move_to(item, key, place)),
        Data::Map(map) => {
            for entry in map.values_mut() {
                entry.key = key.clone();
                move_to(&mut entry.value, key, place);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings, each with its line, column and help; and the notes.
    fn found(text: &str) -> (Vec<String>, Vec<String>) {
        let contents = Contents::read(&Source::new("release.yaml", text)).unwrap();
        let line =
            |finding: Finding| format!("{} {}", finding.place.to_string().replace("release.yaml:", ""), finding.rule);
        let notes = contents.notes().into_iter().map(|note| format!("{} {}", note.place, note.message));
        (contents.lint(&Context::default()).into_iter().map(line).collect(), notes.collect())
    }

    const HEAD: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: hopsworks}\n";

    #[test]
    fn values_in_a_helm_release_are_found_where_they_stand() {
        let release = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: hopsworks}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: hopsworks}
spec:
  valuesFrom: [{kind: Secret, name: more}]
  values:
    global:
      _hopsworks:
        backups: {ttl: 2w, schedule: '${SCHEDULE}'}
";
        let (findings, notes) = found(release);
        assert_eq!(findings, ["13:24 ttl"]);
        assert_eq!(
            notes,
            [
                "release.yaml:9:3 not checked: the values from valuesFrom",
                "release.yaml:13:38 not checked: 1 placeholder"
            ]
        );
        let contents = Contents::read(&Source::new("release.yaml", release)).unwrap();
        assert!(contents.lint(&Context::default())[0].fix.is_some(), "they can be mended there, too");
    }

    #[test]
    fn values_in_an_application_are_found_where_they_stand() {
        let application = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: hopsworks}
spec:
  sources:
    - helm:
        valueFiles: [a.yaml]
        values: |
          # a comment
          global:
            _hopsworks:
              backups:
                ttl: 2w
        parameters:
          - name: global._hopsworks.restoreFromBackup.backupId
            value: '254811200'
    - helm:
        valuesObject:
          global: {_hopsworks: {backups: {ttl: 3w}}}
    - helm:
        values: \"global: {_hopsworks: {backups: {ttl: 2w}}}\\n\"
        parameters:
          - {name: global._hopsworks.restoreFromBackup.inPlace, value: 'true', forceString: true}
          - {value: no name}
";
        let (findings, notes) = found(application);
        assert_eq!(
            findings,
            [
                "13:22 ttl",
                "15:19 leftover-restore",
                "16:20 backup-id-number",
                "19:48 ttl",
                "21:17 ttl",
                "23:72 boolean-text",
            ]
        );
        assert_eq!(notes, ["release.yaml:7:9 not checked: the values from valueFiles"]);
        let contents = Contents::read(&Source::new("release.yaml", application)).unwrap();
        let findings = contents.lint(&Context::default());
        let fixed: Vec<&str> = findings.iter().filter(|f| f.fix.is_some()).map(|f| f.place.text()).collect();
        assert_eq!(fixed, ["2w", "3w"], "only what stands there as it is");
        let help = |rule: &str| findings.iter().find(|f| f.rule == rule).and_then(|f| f.help.clone()).unwrap();
        assert!(help("backup-id-number").contains("forceString: true"), "{}", help("backup-id-number"));
        assert!(help("boolean-text").contains("forceString"), "{}", help("boolean-text"));
    }

    #[test]
    fn objects_that_are_not_of_hopsworks_give_nothing() {
        let other = HEAD.replace("hopsworks", "grafana");
        for text in [
            format!("{other}spec: {{values: {{password: hunter2}}, valuesFrom: [{{name: x}}]}}\n"),
            format!("{other}spec: {{values: [1]}}\n"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n---\n- a\n".to_owned(),
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {source: {helm: {values: ''}}}\n".to_owned(),
        ] {
            assert_eq!(found(&text), (Vec::new(), Vec::new()), "{text}");
        }
    }

    #[test]
    fn values_in_other_objects_are_named_as_not_checked() {
        let text =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {values.yaml: 'global: {_hopsworks: {}}'}\n";
        let (findings, notes) = found(text);
        assert!(
            findings.is_empty() && notes.len() == 1 && notes[0].starts_with("release.yaml:1:1 not checked"),
            "{notes:?}"
        );
    }

    #[test]
    fn what_argo_cd_could_not_read_is_an_error_at_its_place() {
        for (helm, line) in [("values: 'a: ['", 4), ("values: '- a'", 4), ("parameters: [{name: 'a[', value: x}]", 4)] {
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: x}}\nspec: {{source: {{helm: {{{helm}}}}}}}\n"
            );
            let error = Contents::read(&Source::new("a.yaml", text)).expect_err(helm);
            assert_eq!(error.place.map(|place| place.source.line_column(place.span.start).0), Some(line), "{helm}");
        }
    }

    /// A values file may legitimately have keys with these names.
    #[test]
    fn values_that_look_like_objects_are_values() {
        for text in ["kind: Deployment\nreplicas: 1\n", "apiVersion: v1\nkind: x\nttl: 2w\n"] {
            assert!(!Contents::read(&Source::new("values.yaml", text)).unwrap().objects, "{text}");
        }
    }
}
