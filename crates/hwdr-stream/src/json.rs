//! Converts a parsed object to JSON, as Kubernetes finally sees it.

use serde_json::{Map, Number, Value as Json};

use hwdr_values::values::{Scalar, key_text, resolve_plain};
use hwdr_values::yaml::{Data, NodeId, Tree};

/// The JSON of a node, as both Helms make it (`sigs.k8s.io/yaml` on go-yaml v2): aliases are followed, merge keys resolved, keys
/// become strings (`on: x` is `"true"`), and later entries win.
///
/// It copies what aliases repeat: [`hwdr_values::yaml::check`] checks that this is bounded, and [`super::Stream::parse`] has
/// called it.
pub fn json_of(tree: &Tree, id: NodeId) -> Json {
    let id = tree.resolve(id);
    match &tree.node(id).data {
        Data::Sequence { items, .. } => items.iter().map(|item| json_of(tree, *item)).collect(),
        Data::Mapping { .. } => {
            let mut map = Map::new();
            entries(tree, id, &mut map);
            Json::Object(map)
        }
        Data::Scalar { .. } | Data::Alias(_) => scalar(tree, id),
    }
}

/// Adds the entries of a mapping; merged entries at their merge key.
fn entries(tree: &Tree, id: NodeId, map: &mut Map<String, Json>) {
    for (key, value) in tree.entries(id) {
        if tree.is_merge_key(*key) {
            for source in tree.merged(*value).into_iter().rev() {
                entries(tree, source, map);
            }
        } else if let Some(key) = key_text(tree, *key) {
            map.insert(key, json_of(tree, *value));
        }
    }
}

/// What Helm and Kubernetes make of a scalar; one that they refuse stays text.
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

#[cfg(test)]
mod tests {
    use super::*;
    use hwdr_values::source::Source;
    use hwdr_values::values::read_one;

    fn json(text: &str) -> Json {
        let tree = Tree::parse(text).unwrap();
        json_of(&tree, tree.roots()[0])
    }

    /// Values are read by other code from the same tree, which tests/it/values_oracle compares with Helm's own packages.
    #[test]
    fn manifests_are_read_as_values_are() {
        for text in [
            "{a: {on: 1, 1: x, 1.5: y, ~x: z, \"on\": 2}}",
            "{y: 1, n: 2, 0x10: 3, 1_000: 4, 2001-01-01: 5}",
            "{k: own, <<: {k: merged, j: 1}, j: 2}",
            "{<<: [{k: 1, a: 1}, {k: 2, b: 2}], c: 3}",
            "{x: &x {k: 1, on: 2}, y: &y {<<: *x, j: 1}, z: {<<: [*y, *x], k: 3, yes: 4}}",
            "{\"<<\": {a: 1}}",
            "{!!merge <<: {a: 1}}",
            "x: &x\n  - {a: 1}\ny: *x\nz:\n  <<: {<<: {deep: on}, list: *x}\n",
        ] {
            assert_eq!(json(text), read_one(Source::new("", text)).unwrap().to_json(), "{text}");
        }
    }
}
