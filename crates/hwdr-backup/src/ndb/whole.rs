//! What the files of a backup must agree on, and which must be there.

use std::collections::{BTreeMap, BTreeSet};

use crate::flaw::{Finding, Flaw};

use super::control::ControlFacts;
use super::data::{DataFacts, Fragment};
use super::ends::Ends;
use super::header::{FileKind, Header};
use super::log::LogFacts;
use super::name::{Name, Part};

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which one.
    pub name: Name,
    /// Its path.
    pub path: String,
    /// Its length.
    pub size: u64,
}

/// What is known of a file in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// A control file.
    Control(ControlFacts),
    /// A data file, all of which was read.
    Data(DataFacts),
    /// A log, all of which was read.
    Log(LogFacts),
    /// Another file, of which the ends were read.
    Ends(Ends),
}

impl Facts {
    fn header(&self) -> &Header {
        match self {
            Self::Control(facts) => &facts.header,
            Self::Data(facts) => &facts.header,
            Self::Log(facts) => &facts.header,
            Self::Ends(facts) => &facts.header,
        }
    }
}

/// What is known of a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whole {
    /// What is wrong with it, beside what is wrong with single files.
    pub findings: Vec<Finding>,
    /// What could not be told, for people.
    pub notes: Vec<String>,
    /// The nodes that it has parts of.
    pub nodes: BTreeSet<u16>,
    /// The tables in it.
    pub tables: usize,
    /// The rows in it, as its control files count them; none if they could not be read.
    pub rows: Option<u64>,
}

/// Which of the files that must be there are not.
pub fn missing(folder: &str, backup: u32, files: &[Listed]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut nodes: BTreeMap<u16, BTreeMap<u16, BTreeSet<(u16, FileKind)>>> = BTreeMap::new();
    for Listed { name: Name { node, part, kind }, path, size } in files {
        nodes.entry(*node).or_default().entry(part.of).or_default().insert((part.number, *kind));
        if *size == 0 {
            findings.push(Flaw::damaged("is empty").expected("a header, at least").at(0).in_file(path));
        }
    }
    if nodes.is_empty() {
        findings.push(Flaw::missing(format!("has no part of any data node of backup {backup}")).in_file(folder));
    }
    for (node, parts) in nodes {
        if parts.len() > 1 {
            let counts: Vec<_> = parts.keys().map(ToString::to_string).collect();
            let what = format!("has parts of {} each", counts.join(" and of "));
            findings.push(Flaw::damaged(what).in_file(format!("{folder}{node}/")));
            continue;
        }
        for (of, there) in parts {
            for (number, kind) in (1..=of).flat_map(|number| FileKind::ALL.map(|kind| (number, kind))) {
                if !there.contains(&(number, kind)) {
                    let path = Name { node, part: Part { number, of }, kind }.path(backup);
                    findings.push(Flaw::missing("is not there").in_file(format!("{folder}{path}")));
                }
            }
        }
    }
    findings
}

/// Compares what the files say. `are_all_read`: all data files were read to their ends.
pub fn judge(folder: &str, backup: u32, read: &[(Listed, Facts)], nodes: BTreeSet<u16>, are_all_read: bool) -> Whole {
    let mut whole = Whole { nodes, ..Whole::default() };
    let Some(key) = most_frequent(read.iter().map(|(_, facts)| facts.header().key)) else { return whole };
    let mut ours = Vec::new();
    for (file, facts) in read {
        let header = facts.header();
        let flaw = if header.backup != backup {
            Flaw::damaged(format!("is of backup {}", header.backup)).expected(format!("backup {backup}"))
        } else if header.key != key {
            Flaw::damaged("is of another backup with the same id").expected(format!(
                "key {}, as in the other files, and it is {}",
                shown(key),
                shown(header.key)
            ))
        } else {
            ours.push((file, facts));
            continue;
        };
        whole.findings.push(flaw.in_file(&file.path));
    }
    let controls: Vec<_> = ours
        .iter()
        .filter_map(|(file, facts)| match facts {
            Facts::Control(control) => Some((*file, control)),
            _ => None,
        })
        .collect();
    agree(&mut whole, &controls);
    let Some((_, first)) = controls.first() else { return whole };
    whole.tables = first.tables.len();
    let counts = merged(&mut whole, &controls);
    let leader = first.header.leader();
    // One of its parts counts, and which one is not known.
    let has_leader = leader.is_none_or(|leader| {
        let parts = controls.iter().map(|(file, _)| file.name).filter(|name| name.node == leader);
        parts.clone().next().is_some_and(|first| parts.count() == usize::from(first.part.of))
    });
    if let Some(leader) = leader.filter(|leader| !whole.nodes.contains(leader)) {
        let what = "is not there: this node led the backup, and only its control files count the rows";
        whole.findings.push(Flaw::missing(what).in_file(format!("{folder}{leader}/")));
    }
    whole.rows = has_leader.then(|| counts.values().fold(0, |sum: u64, rows| sum.saturating_add(*rows)));
    let found = fragments(&mut whole, &ours, first, has_leader.then_some(&counts));
    without_data(&mut whole, folder, first, &counts, &found, are_all_read);
    whole
}

/// Whether all control files describe the same tables at the same time.
fn agree(whole: &mut Whole, controls: &[(&Listed, &ControlFacts)]) {
    let tables = |facts: &ControlFacts| -> Vec<(u32, String)> {
        facts.tables.iter().map(|(id, table)| (*id, table.name.clone())).collect()
    };
    let Some(gcp) = most_frequent(controls.iter().map(|(_, facts)| facts.gcp)) else { return };
    let Some(known) = most_frequent(controls.iter().map(|(_, facts)| tables(facts))) else { return };
    for (file, facts) in controls {
        if facts.gcp != gcp {
            let ([start, stop], [from, to]) = (facts.gcp, gcp);
            whole.findings.push(
                Flaw::damaged(format!("is of the checkpoints {start} to {stop}"))
                    .expected(format!("{from} to {to}, as in the other control files"))
                    .in_file(&file.path),
            );
        }
        if tables(facts) != known {
            whole.findings.push(
                Flaw::damaged(format!("describes {} tables", facts.tables.len()))
                    .expected(format!("the same {} as the other control files", known.len()))
                    .in_file(&file.path),
            );
        }
    }
}

/// The counts of all control files together.
fn merged(whole: &mut Whole, controls: &[(&Listed, &ControlFacts)]) -> BTreeMap<(u32, u32), u64> {
    let mut counts = BTreeMap::new();
    for (file, facts) in controls {
        for (fragment, rows) in &facts.counts {
            let other = *counts.entry(*fragment).or_insert(*rows);
            if other != *rows {
                let (table, number) = fragment;
                whole.findings.push(
                    Flaw::damaged(format!("counts {rows} rows in fragment {number} of table {table}"))
                        .expected(format!("{other}, as another control file"))
                        .in_file(&file.path),
                );
            }
        }
    }
    counts
}

/// The fragments that were found in data files, compared with what the control files say of them.
fn fragments(
    whole: &mut Whole,
    read: &[(&Listed, &Facts)],
    control: &ControlFacts,
    counts: Option<&BTreeMap<(u32, u32), u64>>,
) -> BTreeSet<(u32, u32)> {
    let mut found: BTreeMap<(u32, u32), &str> = BTreeMap::new();
    for (file, facts) in read {
        let (fragments, is_low): (&[Fragment], _) = match facts {
            Facts::Data(data) => (&data.fragments, false),
            // A footer has 32 bits for the rows.
            Facts::Ends(Ends { last: Some(last), .. }) => (std::slice::from_ref(last), true),
            _ => continue,
        };
        for Fragment { table, number, rows } in fragments {
            let Some(known) = control.tables.get(table) else {
                let what = format!("has rows of table {table}, which no control file describes");
                whole.findings.push(Flaw::damaged(what).in_file(&file.path));
                continue;
            };
            let name = &known.name;
            if let Some(other) = found.insert((*table, *number), &file.path) {
                let what = format!("has fragment {number} of {name}, as {other} has");
                whole.findings.push(Flaw::damaged(what).expected("each fragment in one file").in_file(&file.path));
            }
            let Some(counts) = counts else { continue };
            let count = counts.get(&(*table, *number)).copied().unwrap_or_default();
            let is_as_counted = if is_low { count & 0xffff_ffff == *rows } else { count == *rows };
            if !is_as_counted {
                whole.findings.push(
                    Flaw::damaged(format!("has {rows} rows of fragment {number} of {name}"))
                        .expected(format!("{count}, as counted while the backup was made"))
                        .in_file(&file.path),
                );
            }
        }
    }
    found.into_keys().collect()
}

/// Rows that were counted, and that no data file has.
fn without_data(
    whole: &mut Whole,
    folder: &str,
    control: &ControlFacts,
    counts: &BTreeMap<(u32, u32), u64>,
    found: &BTreeSet<(u32, u32)>,
    are_all_read: bool,
) {
    let replicas = |(table, number): &(u32, u32)| -> &[u16] {
        let table = control.tables.get(table);
        table.and_then(|table| table.replicas.get(*number as usize)).map_or(&[], |nodes| &**nodes)
    };
    let is_lost = |fragment: &(u32, u32)| match are_all_read {
        true => !found.contains(fragment),
        false => {
            let nodes = replicas(fragment);
            !nodes.is_empty() && !nodes.iter().any(|node| whole.nodes.contains(node))
        }
    };
    let lost: Vec<_> = counts.iter().filter(|(fragment, _)| is_lost(fragment)).collect();
    let absent: BTreeSet<u16> = lost
        .iter()
        .flat_map(|(fragment, _)| replicas(fragment))
        .copied()
        .filter(|node| *node > 0 && !whole.nodes.contains(node))
        .collect();
    if let Some(((table, _), _)) = lost.first() {
        let rows = lost.iter().fold(0_u64, |sum, (_, rows)| sum.saturating_add(**rows));
        let name = control.tables.get(table).map_or("", |table| table.name.as_str());
        let of = match listed(&absent) {
            nodes if nodes.is_empty() => String::new(),
            nodes => format!("; they may be in the missing part of node {nodes}"),
        };
        let what = format!("{rows} rows of {} fragments are in no data file, of {name} among others{of}", lost.len());
        whole.findings.push(Flaw::missing(what).in_file(folder));
        return;
    }
    if are_all_read {
        return;
    }
    let all = control.tables.values().flat_map(|table| &table.replicas).flat_map(|nodes| nodes.iter().copied());
    let absent: BTreeSet<u16> = all.filter(|node| *node > 0 && !whole.nodes.contains(node)).collect();
    if !absent.is_empty() {
        whole.notes.push(format!(
            "data nodes without a part: {}. Either they were not running, or their parts are missing; reading all data tells which",
            listed(&absent)
        ));
    }
}

fn listed(nodes: &BTreeSet<u16>) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn shown([first, second]: [u32; 2]) -> String {
    format!("{first:08x}{second:08x}")
}

/// What most of them are; of several, the first.
fn most_frequent<T: Ord + Clone>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, (usize, usize)> = BTreeMap::new();
    for (at, one) in all.enumerate() {
        let (count, _) = counts.entry(one).or_insert((0, usize::MAX.saturating_sub(at)));
        *count = count.saturating_add(1);
    }
    counts.into_iter().max_by_key(|(_, rank)| *rank).map(|(one, _)| one)
}
