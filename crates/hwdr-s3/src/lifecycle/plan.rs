//! The rule that a time to live needs, merged into the bucket's rules.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

use std::fmt::Write as _;

use super::days;
use super::judge::{Needs, judge};
use super::policy::Policy;
use crate::client::Lifecycle;
use crate::finding::{Finding, Level};

/// What has to be done.
#[derive(Debug)]
pub enum RuleChange {
    /// Nothing: the rules fit the time to live.
    Fits,
    /// Rules of others defeat it, whatever hwdr's own rule says.
    Contradicted(Vec<Finding>),
    /// Write these rules.
    Write(Box<Write>),
}

/// What to write.
#[derive(Debug)]
pub struct Write {
    /// All rules, with hwdr's own.
    pub policy: Policy,
    /// How many days hwdr's own rule keeps old versions.
    pub days: u32,
    /// Why that is longer than the time to live: the rule that it would have shortened.
    pub longer_for: Option<String>,
}

/// What has to be done so that old versions in a bucket with `policy` outlive backups of `ttl` seconds.
///
/// # Errors
/// If the merged XML cannot be read back; hwdr then does not write it.
pub fn plan(policy: &Policy, wanted: &Needs<'_>, ttl: i64) -> Result<RuleChange, String> {
    let findings = judge(&policy.rules, wanted);
    let against = |finding: &Finding| finding.level == Level::Error && !finding.mended_by_own_rule;
    if findings.iter().any(against) {
        return Ok(RuleChange::Contradicted(findings.into_iter().filter(against).collect()));
    }
    if !findings.iter().any(|finding| finding.mended_by_own_rule) {
        return Ok(RuleChange::Fits);
    }
    let own = wanted.folders.rule;
    let needed = u32::try_from(days(ttl)).map_err(|_| "the time to live is too long".to_owned())?;
    // Of overlapping rules the shorter counts: hwdr's own must not be shorter than any existing rule.
    let longest = policy
        .rules
        .iter()
        .filter(|rule| rule.enabled || rule.id == own)
        .filter_map(|rule| Some((rule.noncurrent?.days?, rule.id.clone())))
        .max()
        .filter(|(given, _)| *given > needed);
    let newer = policy.rules.iter().filter(|rule| rule.enabled || rule.id == own);
    let newer = newer.filter_map(|rule| rule.noncurrent?.newer).max();
    let (days, longer_for) = longest.map_or((needed, None), |(given, id)| (given, Some(id)));
    let xml = merge(policy, own, days, newer);
    let policy = Policy::of(Some(Lifecycle { xml, minimum: policy.minimum.clone() }))?;
    Ok(RuleChange::Write(Box::new(Write { policy, days, longer_for })))
}

/// The XML with hwdr's own rule added or replaced. No byte of any other rule changes.
fn merge(policy: &Policy, name: &str, days: u32, newer: Option<u32>) -> String {
    let own = policy.rules.iter().position(|rule| rule.id == name);
    let mut rule = format!("<Rule><ID>{name}</ID>");
    // A configuration may have its prefixes inside or outside filters, but not both ("PutBucketLifecycleConfiguration").
    let outside =
        policy.elements.iter().any(|element| element.child("Prefix").is_some() && element.child("Filter").is_none());
    rule.push_str(if outside { "<Prefix></Prefix>" } else { "<Filter><Prefix></Prefix></Filter>" });
    let _ = write!(
        rule,
        "<Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>\
         <NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays>"
    );
    if let Some(newer) = newer {
        let _ = write!(rule, "<NewerNoncurrentVersions>{newer}</NewerNoncurrentVersions>");
    }
    rule.push_str("</NoncurrentVersionExpiration>");
    for kept in own.iter().flat_map(|&own| &policy.elements[own].children) {
        const WRITTEN: [&str; 6] = ["ID", "Prefix", "Filter", "Status", "Expiration", "NoncurrentVersionExpiration"];
        if !WRITTEN.contains(&kept.name.as_str()) {
            rule.push_str(&policy.xml[kept.at.clone()]);
        }
    }
    rule.push_str("</Rule>");
    if policy.xml.is_empty() {
        return format!(
            "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rule}</LifecycleConfiguration>"
        );
    }
    let place = own.map_or(policy.end..policy.end, |own| policy.elements[own].at.clone());
    format!("{}{rule}{}", &policy.xml[..place.start], &policy.xml[place.end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folders::TEST;

    const OWN: &str = TEST.rule;

    const DAY: i64 = 86_400;

    fn read(rules: &str) -> Policy {
        let xml = format!("<LifecycleConfiguration xmlns=\"x\">{rules}\n</LifecycleConfiguration>");
        Policy::of(Some(Lifecycle { xml, minimum: Some("varies_by_storage_class".to_owned()) })).unwrap()
    }

    fn planned(policy: &Policy, ttl: i64) -> RuleChange {
        let wanted = Needs { bucket: "b", folders: TEST, ttl: Some(ttl), now: 0, apply: "apply" };
        plan(policy, &wanted, ttl).unwrap()
    }

    fn written(policy: &Policy, ttl: i64) -> Write {
        match planned(policy, ttl) {
            RuleChange::Write(write) => *write,
            other => panic!("{other:?}"),
        }
    }

    /// Somebody else's rule, with parts unknown to hwdr.
    const FOREIGN: &str = "<Rule >\n <ID>logs</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status>\
                           <Transition><Days>3</Days><StorageClass>GLACIER_IR</StorageClass></Transition><New a='1'><X/> </New></Rule>";
    const OURS: &str = "<Rule><ID>HopsFSBlocksRetentionPolicy</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration>\
                        <ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration><NoncurrentVersionExpiration>\
                        <NoncurrentDays>60</NoncurrentDays></NoncurrentVersionExpiration></Rule>";

    #[test]
    fn a_bucket_without_rules_gets_the_one_of_the_docs() {
        let write = written(&Policy::default(), 60 * DAY);
        assert!(write.policy.xml.contains(OURS), "{}", write.policy.xml);
        assert!(matches!(planned(&write.policy, 60 * DAY), RuleChange::Fits), "and then it fits");
        assert!(matches!(planned(&write.policy, 59 * DAY), RuleChange::Fits), "longer is never shortened");
        assert_eq!(written(&write.policy, 60 * DAY + 3600).days, 61, "hours are rounded up");
    }

    #[test]
    fn no_byte_of_another_rule_changes() {
        let before = read(&format!("{FOREIGN}{FOREIGN}"));
        let write = written(&before, 60 * DAY);
        assert_eq!(write.policy.xml, before.xml.replace("\n</Life", &format!("\n{OURS}</Life")));
        assert_eq!(write.policy.minimum, before.minimum);
        let longer = written(&write.policy, 90 * DAY);
        assert_eq!(longer.policy.xml, write.policy.xml.replace(">60<", ">90<"), "its own is replaced where it stands");
    }

    #[test]
    fn what_keeps_longer_is_not_shortened() {
        let keeps = |id: &str, status: &str, more: &str| {
            read(&format!(
                "<Rule><ID>{id}</ID><Filter/><Status>{status}</Status><NoncurrentVersionExpiration><NoncurrentDays>365</NoncurrentDays>{more}\
                 </NoncurrentVersionExpiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>\
                 </AbortIncompleteMultipartUpload></Rule>"
            ))
        };
        let newer = "<NewerNoncurrentVersions>5</NewerNoncurrentVersions>";
        for (policy, days, for_rule) in [
            (keeps("audit", "Enabled", ""), 365, Some("audit")),
            (keeps("audit", "Disabled", ""), 60, None),
            (keeps(OWN, "Disabled", ""), 365, Some(OWN)),
        ] {
            let write = written(&policy, 60 * DAY);
            assert_eq!((write.days, write.longer_for.as_deref()), (days, for_rule));
        }
        let write = written(&keeps("audit", "Enabled", newer), 60 * DAY);
        assert!(write.policy.xml.contains(newer), "{}", write.policy.xml);
        let own = written(&keeps(OWN, "Disabled", newer), 60 * DAY).policy.xml;
        assert!(
            own.contains("<DaysAfterInitiation>7<") && own.contains(newer),
            "its own keeps what was added to it: {own}"
        );
    }

    #[test]
    fn its_own_rule_is_put_right() {
        let own = |inner: &str| read(&format!("<Rule><ID>{OWN}</ID>{inner}</Rule>"));
        for wrong in [
            "<Filter/><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration>",
            "<Filter><Prefix>x/</Prefix></Filter><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>60</NoncurrentDays></NoncurrentVersionExpiration>",
            "<Filter/><Status>Enabled</Status><Expiration><Days>60</Days></Expiration>",
        ] {
            let policy = own(wrong);
            let write = written(&policy, 60 * DAY);
            assert_eq!(write.policy.xml, read(OURS).xml, "{wrong}");
        }
    }

    #[test]
    fn prefixes_outside_of_filters_stay_alone() {
        let policy = read(
            "<Rule><ID>old</ID><Prefix>logs/</Prefix><Status>Enabled</Status><Transition><Days>3</Days><StorageClass>STANDARD_IA</StorageClass></Transition></Rule>",
        );
        let xml = written(&policy, 60 * DAY).policy.xml;
        assert!(xml.contains("<Prefix></Prefix>") && !xml.contains("Filter"), "{xml}");
    }

    #[test]
    fn a_rule_that_defeats_it_is_named() {
        let short = "<Rule><ID>short</ID><Filter/><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration></Rule>";
        let RuleChange::Contradicted(against) = planned(&read(short), 60 * DAY) else { panic!("it contradicts") };
        assert_eq!(against[0].rule.as_deref(), Some("short"));
    }
}
