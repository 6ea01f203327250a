//! How long rules keep something: the earliest moment at which they may remove it. S3 itself rounds up to the next midnight in UTC.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::rule::{Rule, When};

/// For how many days the rules keep an old version of a key that begins with `begin`, once it is deleted or overwritten; `None` if for ever. Rules
/// that keep a number of newer versions are left out: they remove nothing that was written once.
pub fn old_versions(rules: &[Rule], begin: &str) -> Option<u32> {
    let given = rules.iter().filter(|rule| rule.enabled && meets(rule, begin)).flat_map(|rule| {
        let old = rule.noncurrent.filter(|old| old.newer.is_none()).map(|old| old.days.unwrap_or(0));
        [old, rule.deleted_days]
    });
    given.flatten().min()
}

/// When the rules delete an object that was written at `written`; `None` if never. A rule for objects with tags, which backups do not have, does not
/// count; one for objects of some sizes counts.
pub fn current(rules: &[Rule], key: &str, written: Timestamp) -> Option<Timestamp> {
    let holds = |rule: &&Rule| rule.enabled && rule.tags.is_empty() && key.starts_with(prefix(rule));
    let due = |rule: &Rule| match rule.expires_current.as_ref()? {
        When::Days(days) => written.checked_add(SignedDuration::from_hours(24 * i64::from(*days))).ok(),
        When::Date(date) => day(date).map(|day| day.max(written)),
    };
    rules.iter().filter(holds).filter_map(due).min()
}

fn prefix(rule: &Rule) -> &str {
    rule.prefix.trim_start_matches('/')
}

/// Whether a rule may apply to a key that begins with `begin`.
fn meets(rule: &Rule, begin: &str) -> bool {
    let prefix = prefix(rule);
    rule.tags.is_empty() && (prefix.starts_with(begin) || begin.starts_with(prefix))
}

/// A date as the rules have it: with a time, or without.
fn day(text: &str) -> Option<Timestamp> {
    let midnight = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(midnight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::rule::Noncurrent;

    fn rule(prefix: &str) -> Rule {
        Rule { enabled: true, prefix: prefix.to_owned(), ..Rule::default() }
    }

    fn old(prefix: &str, days: u32, newer: Option<u32>) -> Rule {
        Rule { noncurrent: Some(Noncurrent { days: Some(days), newer }), ..rule(prefix) }
    }

    #[test]
    fn the_shortest_rule_for_the_blocks_counts() {
        for (rules, expected) in [
            (vec![], None),
            (vec![old("", 60, None)], Some(60)),
            (vec![old("", 60, None), old("hopsfs-blocks-set-1/", 7, None)], Some(7)),
            (vec![old("logs/", 7, None)], None),
            (vec![old("", 7, Some(3))], None),
            (vec![Rule { enabled: false, ..old("", 7, None) }], None),
            (vec![Rule { tags: vec!["a=b".to_owned()], ..old("", 7, None) }], None),
            (vec![Rule { deleted_days: Some(5), ..rule("") }, old("", 60, None)], Some(5)),
            (vec![Rule { noncurrent: Some(Noncurrent { days: None, newer: None }), ..rule("") }], Some(0)),
        ] {
            assert_eq!(old_versions(&rules, "hopsfs"), expected, "{rules:?}");
        }
    }

    #[test]
    fn an_object_is_deleted_by_the_first_rule() {
        let current_rule = |prefix: &str, when: When| Rule { expires_current: Some(when), ..rule(prefix) };
        let date = |text: &str| When::Date(text.to_owned());
        for (rules, expected) in [
            (vec![], None),
            (vec![current_rule("", When::Days(30))], Some("2026-01-31T12:00:00Z")),
            (vec![current_rule("b/", When::Days(30)), current_rule("", When::Days(60))], Some("2026-01-31T12:00:00Z")),
            (vec![current_rule("/b/1", When::Days(1))], Some("2026-01-02T12:00:00Z")),
            (vec![current_rule("a/", When::Days(30))], None),
            (vec![current_rule("", date("2026-02-01T00:00:00.000Z"))], Some("2026-02-01T00:00:00Z")),
            (vec![current_rule("", date("2026-02-01"))], Some("2026-02-01T00:00:00Z")),
            (vec![current_rule("", date("2020-02-01"))], Some("2026-01-01T12:00:00Z")),
            (vec![current_rule("", date("soon"))], None),
            (vec![Rule { enabled: false, ..current_rule("", When::Days(30)) }], None),
            (vec![Rule { tags: vec!["a=b".to_owned()], ..current_rule("", When::Days(30)) }], None),
            (vec![current_rule("", When::Days(u32::MAX))], None),
        ] {
            let found = current(&rules, "b/1/x", "2026-01-01T12:00:00Z".parse().unwrap());
            assert_eq!(found.map(|time| time.to_string()).as_deref(), expected, "{rules:?}");
        }
    }
}
