//! What differs between an instance and the one that was restored from it. Pure.

use std::collections::BTreeSet;

use hwdr_values::shown::plain;

use crate::{Instance, Member, RUN_TAG};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub what: String,
    /// What the source has.
    pub source: String,
    /// What the restored instance has.
    pub restored: String,
}

/// What is not known, or does not apply.
const NONE: &str = "none";

/// All differences of what both should have in common: not name, address, age and status.
pub fn compare(source: &Instance, restored: &Instance) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what: &str, one: Option<String>, other: Option<String>| {
        if one != other {
            found.push(Difference {
                what: what.to_owned(),
                source: one.unwrap_or_else(|| NONE.to_owned()),
                restored: other.unwrap_or_else(|| NONE.to_owned()),
            });
        }
    };
    let text = |text: &str| Some(plain(text).into_owned());
    let maybe = |value: &Option<String>| value.as_deref().and_then(text);
    let yes = |is: bool| text(if is { "yes" } else { "no" });
    differ("engine", text(&source.engine), text(&restored.engine));
    differ("version", text(&source.version), text(&restored.version));
    for ((what, one), (_, other)) in source.settings.shown().into_iter().zip(restored.settings.shown()) {
        differ(what, one, other);
    }
    differ("VPC", maybe(&source.vpc), maybe(&restored.vpc));
    differ("encrypted", yes(source.encrypted), yes(restored.encrypted));
    differ("encryption key", maybe(&source.key), maybe(&restored.key));
    differ("master user", maybe(&source.master_user), maybe(&restored.master_user));
    differ("password kept by Secrets Manager", yes(source.managed_password), yes(restored.managed_password));
    differ("replica of", maybe(&source.replica_of), maybe(&restored.replica_of));
    differ("read replicas", names(&source.replicas), names(&restored.replicas));
    // Of the groups the settings name only one; here is whether each is in force.
    differ("parameter group in force", in_force(&source.parameter_groups), in_force(&restored.parameter_groups));
    differ("option group in force", in_force(&source.option_groups), in_force(&restored.option_groups));
    let keys: BTreeSet<&String> = source.tags.keys().chain(restored.tags.keys()).collect();
    for key in keys.into_iter().filter(|key| *key != RUN_TAG && !key.to_ascii_lowercase().starts_with("aws:")) {
        let tag = |of: &Instance| of.tags.get(key).map(|value| plain(value).into_owned());
        differ(&format!("tag {}", plain(key)), tag(source), tag(restored));
    }
    found
}

fn names(list: &[String]) -> Option<String> {
    let mut names: Vec<_> = list.iter().map(|name| plain(name)).collect();
    names.sort();
    (!names.is_empty()).then(|| names.join(", "))
}

fn in_force(groups: &[Member]) -> Option<String> {
    let waits: Vec<_> = groups.iter().filter(|group| group.status != "in-sync").collect();
    match waits.first() {
        None => Some("yes".to_owned()),
        Some(group) => Some(format!("no: {}", plain(&group.status))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{plan, restored, snapshot, source};
    use crate::{Backup, Settings};

    #[test]
    fn what_differs_is_found() {
        let source = source();
        let plan = plan(Some(&source), Backup::Snapshot(&snapshot()), None, &Settings::default()).unwrap();
        let mut there = restored(&plan);
        assert_eq!(compare(&source, &there), [], "the run's own tag and AWS's do not count");
        there.settings.multi_az = Some(false);
        there.settings.option_group = None;
        there.parameter_groups[0].status = "pending-reboot".into();
        there.version = "10.11.10".into();
        there.key = None;
        there.tags.remove("team");
        there.managed_password = true;
        let found: Vec<_> = compare(&source, &there)
            .into_iter()
            .map(|d| format!("{}: {} -> {}", d.what, d.source, d.restored))
            .collect();
        assert_eq!(
            found,
            [
                "version: 10.11.9 -> 10.11.10",
                "option group: events-audit -> none",
                "multi-AZ: yes -> no",
                "encryption key: arn:aws:kms:eu-north-1:1:key/a -> none",
                "password kept by Secrets Manager: no -> yes",
                "parameter group in force: yes -> no: pending-reboot",
                "tag team: data -> none",
            ]
        );
    }
}
