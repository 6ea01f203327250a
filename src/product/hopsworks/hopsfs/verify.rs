//! Whether HopsFS can be brought back to the time of a backup: its bucket has kept versions since before, and its rules keep old versions for longer
//! than the backup is old.

use jiff::{SignedDuration, Timestamp};

use super::HopsFs;
use super::bucket::FOLDERS;
use crate::backups::ago;
use crate::product::service::{Doing, Service as _};
use crate::product::shelf::Bucket;
use crate::s3::history::NULL;
use crate::s3::lifecycle::keep;
use crate::s3::lifecycle::rule::Rule;
use crate::s3::listing::Marker;
use crate::s3::preflight::{Stopped, versioned};
use crate::verify::{Ask, DataFile, Finding, Flaw, PartReport, Verify, flaw_of, unread};

/// How many pages of versions are searched for one that is older than the backup.
const PAGES: usize = 20;
/// Entries in a page.
const PAGE: u32 = 1000;

/// The check of one backup.
#[derive(Default)]
pub(super) struct Check {
    findings: Vec<Finding>,
    facts: Vec<String>,
    unchecked: Vec<String>,
}

/// What the versions in a bucket show of the time before a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// A version with an id of its own is older than the backup: the bucket had versioning before.
    Before(Timestamp),
    /// There are older objects, all of them from a time without versioning.
    Unversioned,
    /// There is nothing that is older.
    Later,
    /// There is nothing at all.
    Nothing,
    /// There are too many to look at all of them.
    TooMany,
}

impl Check {
    async fn look_at(&mut self, ask: &Ask<'_>) {
        let bucket = &ask.shelf.own;
        let name = bucket.client.bucket();
        match bucket.versioning().await {
            Err(fault) => self.findings.push(unread(&fault).in_file(name)),
            Ok(versioning) => {
                if let Err(Stopped::Refused(why)) = versioned(name, &versioning) {
                    let flaw =
                        Flaw::missing(why.problem).expected("versioning that was Enabled since before the backup");
                    self.findings.push(flaw.in_file(name));
                } else {
                    self.facts.push("versioning is enabled".to_owned());
                }
                if let Some(exceptions) = versioning.exceptions {
                    let flaw = Flaw::missing(format!("keeps no versions of some keys ({exceptions})"));
                    self.findings.push(flaw.in_file(name));
                }
            }
        }
        let Some(time) = ask.time else {
            let flaw = Flaw::unknown("may keep old versions too short: the id does not say when the backup was made")
                .expected("an id that says it, or a cluster that knows it");
            self.findings.push(flaw.in_file(name));
            return;
        };
        match &bucket.rules {
            Err(fault) => self.findings.push(unread(fault).in_file(name)),
            Ok(rules) => match kept(rules, ask.shelf.now.duration_since(time)) {
                Ok(fact) => self.facts.push(fact),
                Err(flaw) => self.findings.push(flaw.in_file(name)),
            },
        }
        match evidence(bucket, time).await {
            Err(flaw) => self.findings.push(flaw.in_file(name)),
            Ok(Evidence::Before(oldest)) => {
                self.facts.push(format!("a version of {oldest:.0} is from before the backup"));
            }
            Ok(Evidence::Unversioned) => {
                let flaw =
                    Flaw::unknown("has no version from before the backup, but objects from a time without versioning")
                        .expected(
                            "a version with an id from before: what was deleted before versioning was enabled is lost",
                        );
                self.findings.push(flaw.in_file(name));
            }
            Ok(Evidence::Later) => {
                let flaw =
                    Flaw::unknown(format!("has no block that is older than the backup (below {}*)", FOLDERS.blocks))
                        .expected("blocks of the time of the backup: is it another bucket?");
                self.findings.push(flaw.in_file(name));
            }
            // All blocks with all their versions may have been deleted.
            Ok(Evidence::Nothing) => {
                let flaw = Flaw::unknown(format!("has no blocks (below {}*), and no old versions", FOLDERS.blocks))
                    .expected("blocks of the time of the backup: is it another bucket?");
                self.findings.push(flaw.in_file(name));
            }
            Ok(Evidence::TooMany) => {
                let flaw = Flaw::unknown(format!(
                    "has no version from before the backup among the first {}: hwdr reads no more",
                    PAGES.saturating_mul(PAGE as usize)
                ))
                .expected("a version from before: versioning was enabled then");
                self.findings.push(flaw.in_file(name));
            }
        }
    }
}

/// Whether rules keep what was deleted so long ago.
fn kept(rules: &[Rule], age: SignedDuration) -> Result<String, Flaw> {
    let Some(days) = keep::old_versions(rules, FOLDERS.blocks) else {
        return Ok("no rule removes old versions".to_owned());
    };
    let kept = SignedDuration::from_hours(i64::from(days).saturating_mul(24));
    match kept > age {
        true => Ok(format!("old versions are kept {days} days")),
        false => Err(Flaw::missing(format!(
            "keeps old versions {days} days, and the backup is {} old: blocks that were deleted since may be gone",
            ago(age)
        ))
        .expected("rules that keep old versions longer than backups: helm hwdr s3 lifecycle")),
    }
}

/// Looks for versions from before the backup, whose time is that of its id: it has no seconds.
async fn evidence(bucket: &Bucket, time: Timestamp) -> Result<Evidence, Flaw> {
    let time = time.checked_add(SignedDuration::from_secs(59)).unwrap_or(time);
    let mut after = Marker::default();
    let (mut is_old, mut is_any) = (false, false);
    for _ in 0..PAGES {
        let page =
            bucket.client.list_versions(FOLDERS.blocks, &after, None, PAGE).await.map_err(|error| flaw_of(&error))?;
        let entries = page.keys.iter().filter(|key| key.key.starts_with(FOLDERS.blocks)).flat_map(|key| &key.entries);
        for entry in entries {
            is_any = true;
            if entry.modified > time.as_second() {
                continue;
            }
            is_old = true;
            if entry.version != NULL {
                return Ok(Evidence::Before(Timestamp::from_second(entry.modified).unwrap_or(time)));
            }
        }
        match page.next {
            Some(next) => after = next,
            None if is_old => return Ok(Evidence::Unversioned),
            None if is_any => return Ok(Evidence::Later),
            None => return Ok(Evidence::Nothing),
        }
    }
    Ok(Evidence::TooMany)
}

impl Verify for Check {
    fn look<'v>(&'v mut self, ask: &'v Ask<'v>) -> Doing<'v, Vec<DataFile>> {
        Box::pin(async move {
            self.look_at(ask).await;
            Vec::new()
        })
    }

    fn report(self: Box<Self>, _: &Ask<'_>) -> Vec<PartReport> {
        let Self { findings, facts, mut unchecked } = *self;
        unchecked.push("the blocks themselves, and whether versioning or the rules were others in the meantime: nothing records it".to_owned());
        vec![PartReport { facts, unchecked, ..PartReport::new(HopsFs.name(), HopsFs.title(), findings) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::lifecycle::rule::Noncurrent;

    #[test]
    fn rules_must_keep_for_longer_than_the_backup_is_old() {
        let rule = |days| Rule {
            enabled: true,
            noncurrent: Some(Noncurrent { days: Some(days), newer: None }),
            ..Rule::default()
        };
        let age = SignedDuration::from_hours(24 * 12);
        for (rules, is_kept) in [
            (vec![], true),
            (vec![rule(60)], true),
            (vec![rule(13)], true),
            (vec![rule(12)], false),
            (vec![rule(60), rule(7)], false),
            (vec![rule(60), Rule { enabled: false, ..rule(7) }], true),
            (vec![rule(60), Rule { prefix: "logs/".to_owned(), ..rule(7) }], true),
        ] {
            assert_eq!(kept(&rules, age).is_ok(), is_kept, "{rules:?}");
        }
    }
}
