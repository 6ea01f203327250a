//! Tables: a rule in, what is said about it out.

use super::judge::{Needs, judge};
use super::policy::Policy;
use crate::client::Lifecycle;
use crate::finding::{Finding, Level};
use crate::folders::TEST;

const DAY: i64 = 86_400;

fn judged(rules: &str, ttl: Option<i64>) -> Vec<Finding> {
    let xml = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    let policy = Policy::of(Some(Lifecycle { xml, minimum: None })).unwrap();
    // 2026-11-21T00:00:00Z.
    let wanted = Needs { bucket: "b", folders: TEST, ttl, now: 1_795_219_200, apply: "hwdr … --apply" };
    judge(&policy.rules, &wanted)
}

/// The docs' rule, and one for unfinished uploads: a bucket in order.
const GOOD: &str = "<Rule><ID>HopsFSBlocksRetentionPolicy</ID><Filter/><Status>Enabled</Status>\
                    <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>\
                    <NoncurrentVersionExpiration><NoncurrentDays>60</NoncurrentDays></NoncurrentVersionExpiration>\
                    <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>";

fn rule(filter: &str, action: &str) -> String {
    format!("{GOOD}<Rule><ID>it</ID>{filter}<Status>Enabled</Status>{action}</Rule>")
}

const ALL: &str = "<Filter></Filter>";
const BLOCKS: &str = "<Filter><Prefix>hopsfs-blocks-set-1/</Prefix></Filter>";
const LOGS: &str = "<Filter><Prefix>logs/</Prefix></Filter>";
const RONDB: &str = "<Prefix>rondb_backup/</Prefix>";
const TAGGED: &str = "<Filter><And><Prefix></Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>";

#[test]
fn a_bucket_in_order() {
    let findings = judged(GOOD, Some(60 * DAY));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].level, Level::Ok);
    assert_eq!(
        findings[0].message,
        "old versions in bucket b are kept 60 days, and backups 60 days: the rules keep all that backups since 2026-09-22T00:00:00Z need"
    );
    assert_eq!(judged(GOOD, None)[0].level, Level::Warning, "without a time to live nobody can tell");
}

#[test]
fn one_rule_beside_a_good_one() {
    use Level::{Error, Warning};
    let noncurrent = |days: &str| format!("<NoncurrentVersionExpiration>{days}</NoncurrentVersionExpiration>");
    let week = noncurrent("<NoncurrentDays>7</NoncurrentDays>");
    let newest = noncurrent("<NoncurrentDays>7</NoncurrentDays><NewerNoncurrentVersions>3</NewerNoncurrentVersions>");
    let only_newest = noncurrent("<NewerNoncurrentVersions>3</NewerNoncurrentVersions>");
    let long = noncurrent("<NoncurrentDays>90</NoncurrentDays><NewerNoncurrentVersions>3</NewerNoncurrentVersions>");
    let expire = |what: &str| format!("<Expiration>{what}</Expiration>");
    let month = expire("<Days>30</Days>");
    let year = expire("<Days>365</Days>");
    let date = expire("<Date>2027-01-01T00:00:00Z</Date>");
    let every = expire("<Days>30</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions>");
    let deleted = |days: u32| format!("<DelMarkerExpiration><Days>{days}</Days></DelMarkerExpiration>");
    let to = |days: u32, class: &str| {
        format!("<Transition><Days>{days}</Days><StorageClass>{class}</StorageClass></Transition>")
    };
    let old_to = |days: u32| {
        format!(
            "<NoncurrentVersionTransition><NoncurrentDays>{days}</NoncurrentDays><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition>"
        )
    };
    let sized = "<Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></Filter>";
    let strange = "<Filter><Color>red</Color></Filter>";
    for (filter, action, expected) in [
        (ALL, &*week, Some((Error, "backups from before 2026-11-14T00:00:00Z can no longer be restored"))),
        (BLOCKS, &week, Some((Error, "removes old versions below hopsfs-blocks-set-1/ after 7 days"))),
        (sized, &week, Some((Error, "of some sizes"))),
        (LOGS, &week, Some((Warning, "if HopsFS or a backup keeps anything there"))),
        (TAGGED, &week, Some((Warning, "with tag k=v"))),
        (RONDB, &week, None),
        (ALL, &newest, Some((Warning, "overwritten more than 3 times"))),
        (ALL, &only_newest, Some((Warning, "and others only 0 days"))),
        (ALL, &long, None),
        (ALL, &month, Some((Error, "deletes objects that are in use in the whole bucket, 30 days after"))),
        (BLOCKS, &date, Some((Error, "on 2027-01-01T00:00:00Z and ever after"))),
        (LOGS, &month, Some((Warning, "deletes objects that are in use below logs/"))),
        (RONDB, &month, Some((Error, "deletes backups below rondb_backup/ 30 days after"))),
        (RONDB, &year, None),
        (RONDB, &date, Some((Error, "every new one at once"))),
        (ALL, &every, Some((Error, "cannot be restored"))),
        (ALL, &deleted(3), Some((Error, "removes all versions of what was deleted"))),
        (ALL, &deleted(60), None),
        (ALL, &to(1, "GLACIER"), Some((Error, "thaw"))),
        (LOGS, &to(1, "DEEP_ARCHIVE"), Some((Warning, "thaw"))),
        (ALL, &to(1, "GLACIER_IR"), None),
        (ALL, &to(1, "COLD-TIER"), Some((Warning, "a class that hwdr does not know"))),
        (ALL, &old_to(30), Some((Warning, "after 30 days: a restore from an older backup"))),
        (ALL, &old_to(60), None),
        (ALL, "<Shrink>1</Shrink>", Some((Warning, "hwdr does not know (Shrink)"))),
        (strange, "", Some((Warning, "(Filter.Color)"))),
        (ALL, &expire("<Days>soon</Days>"), Some((Warning, "Expiration.Days: \"soon\""))),
    ] {
        let findings: Vec<_> =
            judged(&rule(filter, action), Some(60 * DAY)).into_iter().filter(|f| f.level > Level::Ok).collect();
        let Some((level, words)) = expected else {
            assert_eq!(findings, [], "{filter} {action}");
            continue;
        };
        assert_eq!(findings.len(), 1, "{filter} {action}: {findings:?}");
        let finding = &findings[0];
        assert!(finding.level == level && finding.message.contains(words), "{filter} {action}: {finding:?}");
        assert_eq!((finding.rule.as_deref(), finding.mended_by_own_rule), (Some("it"), false));
        assert!(finding.fix.as_ref().is_some_and(|fix| fix.contains("rule it") && fix.contains("aws s3api")));
    }
}

#[test]
fn what_hwdrs_own_rule_mends() {
    let own = |filter: &str, status: &str, action: &str| {
        format!("<Rule><ID>{}</ID>{filter}<Status>{status}</Status>{action}</Rule>", TEST.rule)
    };
    let days = |days: u32| {
        format!("<NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays></NoncurrentVersionExpiration>")
    };
    for (rules, words) in [
        (String::new(), &["no rule of bucket b removes old versions", "ExpiredObjectDeleteMarker"][..]),
        (own(ALL, "Disabled", &days(60)), &["is Disabled"]),
        (own(ALL, "Enabled", &days(7)), &["can no longer be restored", "ExpiredObjectDeleteMarker"]),
        (
            own(BLOCKS, "Enabled", &days(60)),
            &["in parts of bucket b only (rule HopsFSBlocksRetentionPolicy: below hopsfs"],
        ),
        (own(ALL, "Enabled", "<Expiration><Days>60</Days></Expiration>"), &["deletes objects that are in use"]),
    ] {
        let findings: Vec<_> = judged(&rules, Some(60 * DAY)).into_iter().filter(|f| f.level > Level::Ok).collect();
        for word in words {
            assert!(findings.iter().any(|f| f.message.contains(word)), "{word} in {findings:?}");
        }
        assert!(findings.iter().all(|f| f.mended_by_own_rule), "{findings:?}");
        assert!(findings.iter().all(|f| f.fix.as_deref() == Some("hwdr … --apply")), "{findings:?}");
    }
}

#[test]
fn what_is_disabled_does_nothing() {
    let off =
        rule(ALL, "<NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration>")
            .replace("<ID>it</ID><Filter></Filter><Status>Enabled", "<ID>it</ID><Filter></Filter><Status>Disabled");
    let is_told = |findings: &[Finding], level| {
        findings.iter().any(|f| f.level == level && f.message.starts_with("rule it is Disabled: it does nothing"))
    };
    let findings = judged(&off, Some(60 * DAY));
    assert!(is_told(&findings, Level::Ok) && findings.iter().all(|f| f.level == Level::Ok), "{findings:?}");
    let alone = judged(&off.replace(GOOD, ""), Some(60 * DAY));
    assert!(is_told(&alone, Level::Warning), "nothing else removes old versions: {alone:?}");
}
