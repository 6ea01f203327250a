//! Which subcharts are enabled, under which names, and what they export: `dependencies.go` in Helm's `pkg/chartutil`.

use super::metadata::{Import, Requirement};
use super::table::{Node, Slot, Table};
use super::{Chart, Helm, coalesce, constraint};
use crate::values::{Data, ValuesError};

/// Refuses a chart with a missing subchart, as `helm install` does.
pub(super) fn check(chart: &Chart) -> Result<(), ValuesError> {
    let there = |name: &str| chart.dependencies.iter().any(|subchart| subchart.name == name);
    let wanted = chart.requirements.iter().flatten();
    let missing: Vec<_> = wanted.map(|wanted| wanted.name.as_str()).filter(|name| !there(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(ValuesError::refused(format!("found in Chart.yaml, but missing in charts/ directory: {missing}"), None))
}

/// `ProcessDependenciesWithMerge`.
pub(super) fn process(chart: &mut Chart, values: &Table, helm: Helm) -> Result<(), ValuesError> {
    enable(chart, values, "", helm)?;
    import(chart, helm)
}

/// Keeps the subcharts that conditions and tags enable, under their aliases.
fn enable(chart: &mut Chart, values: &Table, path: &str, helm: Helm) -> Result<(), ValuesError> {
    let Some(mut requirements) = chart.requirements.take() else { return Ok(()) };
    let found = |wanted: &Requirement, subchart: &Chart| {
        subchart.name == wanted.name && constraint::allows(&wanted.version, &subchart.version)
    };
    check_twice(chart, &requirements, &found, helm)?;
    let unlisted = chart.dependencies.iter().filter(|subchart| !requirements.iter().any(|r| found(r, subchart)));
    let mut dependencies: Vec<Chart> = unlisted.cloned().collect();
    for wanted in &mut requirements {
        if let Some(subchart) = chart.dependencies.iter().find(|subchart| found(wanted, subchart)) {
            let mut subchart = subchart.clone();
            if let Some(alias) = &wanted.alias {
                subchart.name.clone_from(alias);
            }
            dependencies.push(subchart);
        }
        if let Some(alias) = &wanted.alias {
            wanted.name.clone_from(alias);
        }
    }
    chart.dependencies = dependencies;

    let all = coalesce::values(chart, values, false, helm)?;
    let (on, off): (Vec<_>, Vec<_>) = requirements.into_iter().partition(|wanted| is_enabled(wanted, &all, path));
    let off: Vec<String> = off.into_iter().map(|wanted| wanted.name).collect();
    chart.dependencies.retain(|subchart| !off.contains(&subchart.name));
    for subchart in &mut chart.dependencies {
        let path = format!("{path}{}.", subchart.name);
        enable(subchart, &all, &path, helm)?;
    }
    let left: Vec<_> = on.into_iter().filter(|wanted| !off.contains(&wanted.name)).collect();
    // Go appends them to nil: without any, the chart then requests none, and imports nothing.
    chart.requirements = Some(left).filter(|left| !left.is_empty());
    Ok(())
}

/// Refuses a chart that uses one subchart under two names, if that has dependencies: Helm's copies share them, and changes
/// for the first name appear in the second. (Helm 4 copies one level more.)
fn check_twice(
    chart: &Chart,
    requirements: &[Requirement],
    found: &dyn Fn(&Requirement, &Chart) -> bool,
    helm: Helm,
) -> Result<(), ValuesError> {
    let asks = |subchart: &Chart| subchart.requirements.is_some();
    for subchart in &chart.dependencies {
        let shares = match helm {
            Helm::V3 => asks(subchart),
            Helm::V4 => subchart.dependencies.iter().any(asks),
        };
        if shares && requirements.iter().filter(|wanted| found(wanted, subchart)).count() > 1 {
            let message = format!("{} is used under two names, and Helm mixes up its dependencies", subchart.name);
            return Err(ValuesError::unsupported(message, None));
        }
    }
    Ok(())
}

/// Whether a subchart is enabled: the first of its conditions with a boolean decides, else its tags, of which one true is enough.
fn is_enabled(wanted: &Requirement, values: &Table, path: &str) -> bool {
    let conditions = wanted.condition.trim().split(',').filter(|condition| !condition.is_empty());
    let mut decided = conditions.filter_map(|condition| boolean(values, &format!("{path}{condition}")));
    if let Some(on) = decided.next() {
        return on;
    }
    let Some(tags) = values.path("tags") else { return true };
    let set: Vec<bool> = wanted.tags.iter().filter_map(|tag| as_bool(&tags.get(tag)?)).collect();
    set.is_empty() || set.contains(&true)
}

/// The boolean at a path of names joined by dots (`PathValue`).
fn boolean(values: &Table, path: &str) -> Option<bool> {
    let (table, name) = match path.rsplit_once('.') {
        Some((tables, name)) => (values.path(tables)?, name),
        None => (values.clone(), path),
    };
    as_bool(&table.get(name)?)
}

fn as_bool(slot: &Slot) -> Option<bool> {
    match &slot.node {
        Node::Leaf(Data::Bool(value)) => Some(*value),
        _ => None,
    }
}

/// Adds to each chart's values what its subcharts export to it (`import-values`), subcharts first.
fn import(chart: &mut Chart, helm: Helm) -> Result<(), ValuesError> {
    for subchart in &mut chart.dependencies {
        import(subchart, helm)?;
    }
    let Some(requirements) = &chart.requirements else { return Ok(()) };
    let all = coalesce::values(chart, &Table::default(), true, helm)?;
    let imported = Table::default();
    for wanted in requirements {
        for Import { child, parent } in &wanted.imports {
            let Some(table) = all.path(&format!("{}.{child}", wanted.name)) else { continue };
            // An empty one is not shared with the subchart's section (`Values.AsMap`).
            let table = if table.slots().is_empty() { Table::default() } else { table };
            coalesce::tables(&imported, &nested(parent, table), true);
        }
    }
    let values = all.deep();
    coalesce::tables(&values, &imported, true);
    chart.values = values;
    Ok(())
}

/// The table under a path of names joined by dots; a single dot means no path (`pathToMap`).
fn nested(path: &str, table: Table) -> Table {
    if path == "." {
        return table;
    }
    path.rsplit('.').fold(table, |inner, name| {
        let outer = Table::default();
        outer.set(name, Slot::of(inner));
        outer
    })
}
