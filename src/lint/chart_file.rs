//! Whose values a file in a chart's folder holds: those of a product's chart, or of another.

use std::sync::Arc;

use crate::lint::view;
use crate::product::{self, PRODUCTS};
use crate::source::Source;
use crate::values::{self, Data, Value};

/// Whose values they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The operator's.
    Operator,
    /// The defaults of a product's chart, which only its makers can change.
    Product,
    /// Those of a part of such a chart, where the same keys have another meaning.
    Part,
    /// Those of another chart.
    Other,
}

impl Owner {
    /// Whether these values are for a product's chart.
    pub fn takes(self, values: &Value) -> bool {
        match self {
            Self::Operator | Self::Product => true,
            Self::Part => PRODUCTS.iter().any(|product| view::is_map(values, product.keys().shared)),
            Self::Other => product::is_known(values),
        }
    }
}

/// Whose values a file in a chart's folder holds. `defaults`: it is that chart's `values.yaml`; `inside`: the chart is in the
/// folder `charts/` of another.
pub fn owner(chart: Arc<Source>, defaults: bool, inside: bool) -> Owner {
    let Ok(chart) = values::read_one(chart) else { return Owner::Operator };
    let dependencies = match chart.get(&["dependencies"]).map(|list| &list.data) {
        Some(Data::List(items)) => items.as_slice(),
        _ => &[],
    };
    let is_product = |name: &str| PRODUCTS.iter().any(|product| product.name() == name);
    let depends = dependencies.iter().any(|dependency| {
        let text = |key: &str| dependency.get(&[key]).and_then(Value::as_str).unwrap_or_default();
        // A product's chart itself may have a part of the same name, which has no repository.
        is_product(text("name")) && !text("repository").is_empty() && !text("repository").starts_with("file:")
    });
    match chart.get(&["name"]).and_then(Value::as_str) {
        None => Owner::Operator,
        Some(_) if depends => Owner::Operator,
        Some(_) if inside => Owner::Part,
        Some(name) if PRODUCTS.iter().any(|product| product.keys().parts.contains(&name)) => Owner::Part,
        Some(name) if is_product(name) && defaults => Owner::Product,
        Some(name) if is_product(name) => Owner::Operator,
        Some(_) => Owner::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_says_whose_values_its_files_hold() {
        for (chart, defaults, subchart, expected) in [
            ("name: hopsworks", true, false, Owner::Product),
            ("name: hopsworks", false, false, Owner::Operator),
            ("name: hopsworks", true, true, Owner::Part),
            ("name: rondb", true, false, Owner::Part),
            ("name: grafana", false, false, Owner::Other),
            // An operator's chart that includes Hopsworks'.
            (
                "name: platform\ndependencies: [{name: hopsworks, repository: 'https://example.com'}]",
                true,
                false,
                Owner::Operator,
            ),
            (
                "name: hopsworks\ndependencies: [{name: hopsworks, repository: 'file://charts/x'}, {name: rondb}]",
                true,
                false,
                Owner::Product,
            ),
            ("dependencies: 5", true, false, Owner::Operator),
            ("- a", true, false, Owner::Operator),
        ] {
            assert_eq!(owner(Source::new("Chart.yaml", chart), defaults, subchart), expected, "{chart}");
        }
    }

    #[test]
    fn values_that_say_so_are_for_hopsworks_in_any_chart() {
        for (text, part, other) in [
            ("global: {_hopsworks: {}}", true, true),
            ("rondb: {restoreFromBackup: {backupId: '1'}}", false, true),
            ("grafana: {}", false, false),
        ] {
            let values = values::read_one(Source::new("values.yaml", text)).unwrap();
            assert_eq!((Owner::Part.takes(&values), Owner::Other.takes(&values)), (part, other), "{text}");
        }
    }
}
