//! Completes values with a chart's defaults: `coalesce.go` in Helm's `pkg/chartutil` and, for Helm 4, in `pkg/chart/common/util`.
//!
//! *Merging* keeps nulls, for steps that will coalesce again; *coalescing* lets a null delete a default.

use super::table::{Node, Slot, Table};
use super::{Chart, Helm};
use crate::values::ValuesError;

/// The name under which values are passed to all subcharts.
const GLOBAL: &str = "global";

/// `CoalesceValues`, or `MergeValues` with `merge`: a copy of the values, completed by the chart and its subcharts.
pub(super) fn values(chart: &Chart, values: &Table, merge: bool, helm: Helm) -> Result<Table, ValuesError> {
    let all = values.deep();
    coalesce(chart, &all, merge, helm)?;
    Ok(all)
}

fn coalesce(chart: &Chart, dest: &Table, merge: bool, helm: Helm) -> Result<(), ValuesError> {
    defaults(chart, dest, merge, helm);
    for subchart in &chart.dependencies {
        let section = match dest.get(&subchart.name) {
            None => {
                let section = Table::default();
                dest.set(&subchart.name, Slot::of(section.clone()));
                section
            }
            Some(slot) => match slot.table() {
                Some(table) => table.clone(),
                None => {
                    let message = format!("the values of subchart {} are not a map", subchart.name);
                    return Err(ValuesError::refused(message, slot.place));
                }
            },
        };
        globals(&section, dest);
        coalesce(subchart, &section, merge, helm)?;
    }
    Ok(())
}

/// Completes a subchart's `global` with that of its parent, which wins.
fn globals(dest: &Table, src: &Table) {
    let table = |slot: Option<Slot>| match slot {
        None => Some(Table::default()),
        Some(slot) => slot.table().cloned(),
    };
    let from = src.get(GLOBAL);
    let (Some(below), Some(above)) = (table(dest.get(GLOBAL)), table(from.clone())) else { return };
    for (name, slot) in above.slots() {
        match (slot.table(), below.get(&name)) {
            (Some(value), None) => below.set(&name, with_table(&slot, value.shallow())),
            (Some(value), Some(own)) => {
                if let Some(own) = own.table() {
                    let value = value.shallow();
                    tables(&value, own, true);
                    below.set(&name, with_table(&slot, value));
                }
            }
            (None, Some(own)) if own.table().is_some() => {}
            (None, _) => below.set(&name, slot),
        }
    }
    let (key, place) = match dest.get(GLOBAL).or(from) {
        Some(slot) => (slot.key, slot.place),
        None => (None, None),
    };
    dest.set(GLOBAL, Slot { key, place, node: Node::Table(below) });
}

fn with_table(slot: &Slot, table: Table) -> Slot {
    Slot { node: Node::Table(table), ..slot.clone() }
}

/// Completes values with the defaults of one chart (`coalesceValues`).
fn defaults(chart: &Chart, values: &Table, merge: bool, helm: Helm) {
    let clean = !merge && helm == Helm::V4;
    for (name, default) in chart.values.deep().slots() {
        match values.get(&name) {
            None if clean && default.is_null() => {}
            None => {
                if let Some(table) = default.table().filter(|_| clean) {
                    remove_nulls(table);
                }
                values.set(&name, default);
            }
            Some(value) if value.is_null() && !merge => values.remove(&name),
            Some(value) => {
                if let (Some(dest), Some(src)) = (value.table(), default.table()) {
                    let section = chart.dependencies.iter().any(|subchart| subchart.name == name);
                    if clean && !section {
                        remove_nulls(src);
                    }
                    tables(dest, src, merge || section);
                }
            }
        }
    }
}

/// Completes one table with another (`coalesceTablesFullKey`).
pub(super) fn tables(dest: &Table, src: &Table, merge: bool) {
    let set_in_src: Vec<String> =
        src.slots().into_iter().filter(|(_, slot)| !slot.is_null()).map(|(name, _)| name).collect();
    for (name, slot) in dest.slots() {
        if slot.is_null() {
            src.set(&name, slot);
        }
    }
    for (name, value) in src.slots() {
        match dest.get(&name) {
            None => dest.set(&name, value),
            Some(own) if own.is_null() && !merge && set_in_src.binary_search(&name).is_ok() => dest.remove(&name),
            Some(own) => {
                if let (Some(own), Some(value)) = (own.table(), value.table()) {
                    tables(own, value, merge);
                }
            }
        }
    }
}

fn remove_nulls(table: &Table) {
    for (name, slot) in table.slots() {
        if slot.is_null() {
            table.remove(&name);
        } else if let Some(table) = slot.table() {
            remove_nulls(table);
        }
    }
}
