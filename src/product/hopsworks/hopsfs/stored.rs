//! How far back HopsFS's blocks can be brought: as long as its bucket keeps old versions.

use jiff::SignedDuration;

use super::HopsFs;
use super::bucket::FOLDERS;
use crate::backups::{Fault, Reading, Rewind, Severity};
use crate::product::service::Service as _;
use crate::product::shelf::{Shelf, Stored, unknown};
use crate::s3::client::Versioning;
use crate::s3::lifecycle::keep::old_versions;
use crate::s3::lifecycle::rule::Rule;
use crate::s3::preflight::{Stopped, versioned, without_exceptions};

/// Reads what the bucket says of its versions.
pub(super) async fn read(shelf: &Shelf<'_>) -> Stored {
    let bucket = &shelf.own;
    let (blocks, versioning) = tokio::join!(bucket.has(FOLDERS.blocks), bucket.versioning());
    let kept = kept(bucket.client.bucket(), blocks, versioning, &bucket.rules);
    let unread = kept.as_ref().err().filter(|fault| fault.is_unknown()).cloned();
    Stored {
        rewinds: vec![Rewind { service: HopsFs.name(), called: HopsFs.title(), kept }],
        unread: unread.into_iter().collect(),
        ..Stored::default()
    }
}

/// How long what is deleted is kept; none if for ever.
fn kept(
    name: &str,
    has_blocks: Reading<bool>,
    versioning: Reading<Versioning>,
    rules: &Reading<Vec<Rule>>,
) -> Reading<Option<SignedDuration>> {
    if !has_blocks? {
        return Err(unknown(format!("bucket {name} has none of its blocks: how long they are kept is not known")));
    }
    let versioning = versioning?;
    match versioned(name, &versioning).and_then(|()| without_exceptions(name, &versioning)) {
        Ok(()) => {}
        Err(Stopped::Refused(refusal)) => {
            return Err(Fault::new(Severity::Critical, refusal.problem).fix(refusal.help.join("\n")));
        }
        Err(Stopped::Failed(error)) => return Err(unknown(error.to_string())),
    }
    let days = old_versions(rules.as_ref().map_err(Clone::clone)?, FOLDERS.blocks);
    Ok(days.map(|days| SignedDuration::from_hours(24 * i64::from(days))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::lifecycle::rule::Noncurrent;

    #[test]
    fn blocks_are_kept_as_long_as_old_versions() {
        let on = |status: Option<&str>| {
            Ok(Versioning {
                status: status.map(str::to_owned),
                mfa_delete: false,
                server_time: None,
                exceptions: None,
                purges: false,
            })
        };
        let days = |days| {
            vec![Rule {
                enabled: true,
                noncurrent: Some(Noncurrent { days: Some(days), newer: None }),
                ..Rule::default()
            }]
        };
        let weeks = |weeks: i64| Ok(Some(SignedDuration::from_hours(24 * 7 * weeks)));
        let enabled = || on(Some("Enabled"));
        let but = || enabled().map(|on| Versioning { exceptions: Some("ExcludedPrefixes"), ..on });
        for (blocks, versioning, rules, expected) in [
            (Ok(true), enabled(), Ok(days(7)), weeks(1)),
            (Ok(true), enabled(), Ok(vec![]), Ok(None)),
            (Ok(true), on(Some("Suspended")), Ok(vec![]), Err("not Enabled")),
            (Ok(true), but(), Ok(days(7)), Err("keeps no versions of some keys (ExcludedPrefixes)")),
            (Ok(true), on(None), Ok(vec![]), Err("keeps no older versions")),
            (Ok(true), Err(unknown("not allowed")), Ok(vec![]), Err("not allowed")),
            (Ok(true), enabled(), Err(unknown("rules")), Err("rules")),
            (Ok(false), enabled(), Ok(vec![]), Err("none of its blocks")),
            (Err(unknown("gone")), enabled(), Ok(vec![]), Err("gone")),
        ] {
            match (kept("b", blocks, versioning, &rules), expected) {
                (Err(fault), Err(words)) => assert!(fault.what.contains(words), "{}", fault.what),
                (found, expected) => assert_eq!(found.map_err(|fault| fault.what), expected.map_err(str::to_owned)),
            }
        }
    }
}
