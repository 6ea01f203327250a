//! A parsed object as JSON, which is how Kubernetes has it in the end.

use serde_json::{Map, Number, Value as Json};

use crate::values::{Scalar, resolve_plain};
use crate::yaml::{Data, NodeId, Tree};

/// The JSON of a node. Aliases are followed; of equal keys the last wins.
pub fn json(tree: &Tree, id: NodeId) -> Json {
    let id = tree.resolve(id);
    match &tree.node(id).data {
        Data::Scalar { .. } => scalar(tree, id),
        Data::Sequence { items, .. } => items.iter().map(|item| json(tree, *item)).collect(),
        Data::Mapping { entries, .. } => {
            let mut map = Map::new();
            for (key, value) in entries {
                if let Some(key) = tree.scalar(*key) {
                    map.insert(key.to_owned(), json(tree, *value));
                }
            }
            Json::Object(map)
        }
        Data::Alias(_) => unreachable!("resolved above"),
    }
}

/// What Helm and Kubernetes make of a scalar; one that they refuse stays text, and theirs to refuse.
fn scalar(tree: &Tree, id: NodeId) -> Json {
    match resolve_plain(tree, id) {
        None => tree.scalar(id).unwrap_or_default().into(),
        Some(Scalar::Null) => Json::Null,
        Some(Scalar::Bool(value)) => value.into(),
        Some(Scalar::Int(value)) => value.into(),
        Some(Scalar::Uint(value)) => value.into(),
        Some(Scalar::Float(value)) => Number::from_f64(value).map_or(Json::Null, Json::Number),
        Some(Scalar::Text(text)) => text.into(),
    }
}

/// The items of an array, or nothing.
pub fn items(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

/// The text of a string, or nothing.
pub fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}
