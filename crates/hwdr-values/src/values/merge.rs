//! Merges one layer of values onto another, as `mergeMaps` in Helm's `pkg/cli/values` does.

use std::collections::btree_map::Entry as Slot;

use super::{Data, Map};

/// Merges `layer` over `base`: maps merge deeply, anything else is replaced, and `null` replaces like any other value.
pub(super) fn merge(base: &mut Map, layer: Map) {
    for (name, entry) in layer {
        match base.entry(name) {
            Slot::Vacant(slot) => {
                slot.insert(entry);
            }
            Slot::Occupied(mut slot) => match (&mut slot.get_mut().value.data, entry.value.data) {
                (Data::Map(below), Data::Map(above)) => merge(below, above),
                (_, data) => {
                    let value = super::Value { data, place: entry.value.place };
                    slot.insert(super::Entry { key: entry.key, value });
                }
            },
        }
    }
}
