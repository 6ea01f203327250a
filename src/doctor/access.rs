//! Rights, and the bucket: from this machine, from a pod, and by Velero.

use std::collections::BTreeMap;

use super::{Facts, Level, Line, velero};
use crate::backups::{BackupPart, Join, ago};
use crate::cluster::condition::text;
use crate::mode::Mode;
use crate::run::preflight::refuse;
use crate::s3::finding::Level as Found;
use crate::shown::{plain, word};

/// The rights of the run, and of those that go on with it or back.
pub(super) fn rights(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "permissions";
    let denied = match &facts.denied {
        Ok(denied) => denied,
        Err(fault) => return vec![Line::unread(CHECK, "permissions", fault)],
    };
    let mut by: BTreeMap<(usize, &str), Vec<_>> = BTreeMap::new();
    for (command, namespace, right, verb) in denied {
        let order = crate::rights::Command::ALL.iter().position(|it| it == command).unwrap_or_default();
        by.entry((order, namespace.as_str())).or_default().push((*command, (*right, *verb)));
    }
    let mut lines = Vec::new();
    for ((_, namespace), denied) in by {
        let Some((command, _)) = denied.first().copied() else { continue };
        let denied: Vec<_> = denied.into_iter().map(|(_, right)| right).collect();
        let (needed, spared): (Vec<_>, Vec<_>) = denied.into_iter().partition(|(right, _)| right.without.is_none());
        if let Err(halt) = refuse(command, namespace, &needed) {
            let line = Line::refused(CHECK, &halt);
            lines.push(Line { what: format!("{}: {}", command.name(), line.what), ..line });
        }
        if !spared.is_empty() {
            let named: Vec<_> = spared.iter().map(|(right, verb)| format!("{verb} {}", right.resource)).collect();
            let what = format!(
                "{}: in namespace {namespace} you may not: {}; it works without, and says less",
                command.name(),
                named.join(", ")
            );
            lines.push(Line::ok(CHECK, what));
        }
    }
    if lines.iter().all(|line| line.level == Level::Ok) {
        let commands = if facts.mode == Mode::Upgrade { "upgrade, resume and undo" } else { "install and resume" };
        lines.insert(0, Line::ok(CHECK, format!("you may do all that {commands} need")));
    }
    lines
}

/// The bucket of the values, with this machine's credentials: the same as `hwdr s3 check`.
pub(super) fn bucket(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "bucket";
    let bucket = match &facts.bucket {
        Ok(Some(bucket)) => bucket,
        Ok(None) => return Vec::new(),
        Err(fault) => return vec![Line::of(CHECK, fault)],
    };
    let level = |found: Found| match found {
        Found::Ok => Level::Ok,
        Found::Warning => Level::Warning,
        Found::Error => Level::Problem,
    };
    let bad = bucket.findings.iter().filter(|finding| finding.level != Found::Ok);
    let mut lines: Vec<_> = bad
        .map(|finding| Line {
            fix: finding.fix.clone(),
            ..Line::new(level(finding.level), CHECK, format!("{}: {}", finding.about, finding.message))
        })
        .collect();
    let mut well: Vec<_> =
        bucket.findings.iter().filter(|finding| finding.level == Found::Ok).map(|it| it.about).collect();
    well.retain(|about| !bucket.findings.iter().any(|finding| finding.about == *about && finding.level != Found::Ok));
    well.dedup();
    if !well.is_empty() {
        let what = format!("from this machine, bucket {} is well: {}", plain(&bucket.name), well.join(", "));
        lines.insert(0, Line::ok(CHECK, what));
    }
    lines
}

/// Whether this installation made a backup. In a new cluster, the records and Velero's Backups are those of the cluster before.
fn is_of_here(facts: &Facts, part: &BackupPart) -> bool {
    facts.inventory.installed.as_ref().is_ok_and(|installed| part.time > Some(*installed))
}

/// A pod has reached the bucket if one has written a backup to it, or Velero can read its storage location.
pub(super) fn bucket_from_pods(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "bucket-from-pods";
    let own = facts.inventory.series.iter().filter(|series| series.join == Join::Own);
    let wrote = own.filter_map(|series| Some((series, series.last_good(facts.now)?)));
    let newest = wrote.reduce(|newest, other| if other.1.time > newest.1.time { other } else { newest });
    if let Some((series, part)) = newest.filter(|(_, part)| is_of_here(facts, part)) {
        let age = part.time.map_or_else(String::new, |time| format!(", {} ago", ago(facts.now.duration_since(time))));
        let what = format!("a pod wrote {}'s backup {} to the bucket{age}", series.called, plain(&part.name));
        return vec![Line::ok(CHECK, what)];
    }
    let location = velero::find(facts).filter(|location| text(location, "/status/phase") == "Available");
    vec![match location {
        Some(_) => Line::ok(CHECK, "Velero's pod can read the bucket of its storage location"),
        None if facts.mode == Mode::Upgrade => {
            Line::unknown(CHECK, "no pod is known to have reached the bucket").fix(format!(
                "have a Job look at the newest backup, as a restore does first:\n\
                 helm hwdr doctor {} CHART -n {} -f values.yaml --in-cluster",
                facts.release.as_deref().map_or("RELEASE".to_owned(), word),
                word(&facts.place.namespace)
            ))
        }
        None => Line::unknown(CHECK, "no pod is known to have reached the bucket")
            .fix("create Velero's storage location: its pod then looks at once"),
    }]
}

/// Velero itself only lists when it validates a location (velero, `IsValid` in pkg/persistence/object_store.go), but a Restore puts its log there.
pub(super) fn bucket_by_velero(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "bucket-by-velero";
    let Some(location) = velero::find(facts) else { return Vec::new() };
    let is_writable = text(location, "/spec/accessMode") != "ReadOnly";
    let theirs = facts.inventory.series.iter().filter(|series| series.join.is_velero());
    let newest = theirs.filter_map(|series| series.last_good(facts.now)).max_by_key(|part| part.time);
    vec![match newest.filter(|part| is_writable && is_of_here(facts, part)) {
        Some(part) => {
            let age = part.time.map_or_else(String::new, |time| format!(", {} ago", ago(facts.now.duration_since(time))));
            Line::ok(CHECK, format!("Velero wrote {} there{age}", plain(&part.name)))
        }
        None => Line::unknown(
            CHECK,
            "whether Velero's account may write there is not known: Velero only lists, but a Restore puts its log beside the backup",
        )
        .fix(format!(
            "try its credentials from this machine (s3:PutObject):\nhelm hwdr s3 check --bucket {}",
            word(text(location, "/spec/objectStorage/bucket"))
        )),
    }]
}
