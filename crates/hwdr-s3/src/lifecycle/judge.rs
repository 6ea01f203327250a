//! What a bucket's rules mean for backups that must be restorable during their time to live: rules in, findings out.
//!
//! The shorter of overlapping expirations applies ("How Amazon S3 handles conflicts in lifecycle configurations", S3 user
//! guide): a longer rule beside a short one changes nothing. S3 rounds to the next midnight in UTC and may take days longer;
//! the messages name the earliest moment.

use super::days;
use super::rule::{Noncurrent, Rule, Transition, When};
use super::scope::{Scope, scope};
use crate::finding::{Finding, Level};
use crate::folders::Folders;
use crate::window::shown;

/// Classes whose objects must be restored before they are read ("Understanding and managing S3 storage classes").
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// Classes whose objects are read like any other.
const READABLE: [&str; 6] =
    ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY"];

/// The criteria for the rules.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// Its folders.
    pub folders: Folders,
    /// How long backups are kept, in seconds; `None` if unknown.
    pub ttl: Option<i64>,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// The command that writes hwdr's own rule.
    pub apply: &'a str,
}

/// All findings about `rules`.
pub fn judge(rules: &[Rule], wanted: &Needs<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let kept_for_all = rules.iter().any(|rule| rule.enabled && rule.noncurrent.is_some() && rule.is_for_all());
    for rule in rules {
        let judged = Judged { rule, wanted, scope: scope(rule, wanted.folders) };
        if rule.enabled {
            judged.all(&mut findings);
        } else {
            findings.extend(judged.disabled(kept_for_all));
        }
    }
    findings.extend(as_a_whole(rules, wanted));
    if !findings.iter().any(|finding| finding.level > Level::Ok) {
        findings.insert(0, fits(rules, wanted));
    }
    findings
}

/// One rule, and the context to judge it.
struct Judged<'a> {
    rule: &'a Rule,
    wanted: &'a Needs<'a>,
    scope: Scope,
}

impl Judged<'_> {
    fn all(&self, findings: &mut Vec<Finding>) {
        findings.extend(self.unknown());
        findings.extend(self.current());
        findings.extend(self.deleted());
        findings.extend(self.rule.noncurrent.and_then(|noncurrent| self.noncurrent(noncurrent)));
        findings.extend(self.rule.transitions.iter().filter_map(|transition| self.transition(transition)));
    }

    /// The whole bucket, or the part that a filter selects.
    fn part(&self) -> String {
        let rule = self.rule;
        let mut parts = Vec::new();
        if !rule.prefix.is_empty() {
            parts.push(format!("below {}", rule.prefix));
        }
        if !rule.tags.is_empty() {
            parts.push(format!("with tag {}", rule.tags.join(", ")));
        }
        if rule.sizes {
            parts.push("of some sizes".to_owned());
        }
        if parts.is_empty() { "in the whole bucket".to_owned() } else { parts.join(" ") }
    }

    fn says(&self, level: Level, text: impl AsRef<str>) -> Finding {
        let name = if self.rule.id.is_empty() { "a rule without a name".to_owned() } else { self.name() };
        let mut finding = Finding::new(level, "lifecycle", format!("{name} {}", text.as_ref()));
        finding.rule = Some(self.rule.id.clone());
        if level == Level::Ok {
            return finding;
        }
        let bucket = self.wanted.bucket;
        finding.fix(format!(
            "get the rules, change or remove {name}, and put them back:\n\
             aws s3api get-bucket-lifecycle-configuration --bucket {bucket} > rules.json\n\
             aws s3api put-bucket-lifecycle-configuration --bucket {bucket} --lifecycle-configuration file://rules.json"
        ))
    }

    /// Whether it is hwdr's own.
    fn is_own(&self) -> bool {
        self.rule.id == self.wanted.folders.rule
    }

    fn name(&self) -> String {
        format!("rule {}", self.rule.id)
    }

    /// A finding that hwdr's own rule, rewritten, would resolve.
    fn mended(&self, mut finding: Finding) -> Finding {
        if self.is_own() {
            finding.mended_by_own_rule = true;
            finding.fix = Some(self.wanted.apply.to_owned());
        }
        finding
    }

    /// An error for blocks and backups, which are always needed; elsewhere only a warning.
    fn grave(&self) -> Level {
        if self.scope == Scope::Elsewhere { Level::Warning } else { Level::Error }
    }

    fn perhaps(&self) -> String {
        match self.scope {
            Scope::Elsewhere => format!(" (if {} or a backup keeps anything there)", self.owner()),
            Scope::Blocks | Scope::Backups => String::new(),
        }
    }

    fn owner(&self) -> &'static str {
        self.wanted.folders.owner
    }

    /// A disabled rule: of interest if it seems to remove old versions, and no other rule does.
    fn disabled(&self, kept_for_all: bool) -> Option<Finding> {
        let retains = self.rule.noncurrent.is_some() || self.rule.expires_markers;
        let level = if kept_for_all && !self.is_own() { Level::Ok } else { Level::Warning };
        let finding = || self.says(level, format!("is Disabled: it does nothing {}", self.part()));
        if self.is_own() {
            return Some(self.mended(finding()));
        }
        retains.then(finding)
    }

    fn unknown(&self) -> Option<Finding> {
        let unknown = &self.rule.unknown;
        (!unknown.is_empty()).then(|| {
            let text = format!(
                "has elements that hwdr does not know ({}): whether it harms backups {} is unknown",
                unknown.join("; "),
                self.part()
            );
            // AIStor's AllVersionsExpiration is one: what it removes cannot be restored.
            let expires = unknown.iter().any(|name| name.ends_with("Expiration"));
            self.says(if expires { Level::Error } else { Level::Warning }, text)
        })
    }

    fn current(&self) -> Option<Finding> {
        let when = self.rule.expires_current.as_ref()?;
        let part = self.part();
        if self.rule.expires_all_versions {
            let text = format!(
                "removes objects {part} with all their versions {when}{}: what is lost this way cannot be restored",
                self.perhaps()
            );
            return Some(self.mended(self.says(self.grave(), text)));
        }
        if self.scope == Scope::Backups {
            return self.backups(when);
        }
        let text = format!(
            "deletes objects that are in use {part}, {when}{}: {} would lose blocks of existing files. It deletes what it \
             does not need by itself",
            self.perhaps(),
            self.owner()
        );
        Some(self.mended(self.says(self.grave(), text)))
    }

    /// The backups' own files may be removed after their time to live, not before.
    fn backups(&self, when: &When) -> Option<Finding> {
        let part = self.part();
        match (when, self.wanted.ttl) {
            (When::Days(given), Some(ttl)) if i64::from(*given) >= days(ttl) => None,
            (When::Days(_), None) => None,
            (When::Days(given), Some(ttl)) => Some(self.says(
                Level::Error,
                format!(
                    "deletes backups {part} {given} days after they were written, but they must be kept {} days: older ones cannot \
                     be restored",
                    days(ttl)
                ),
            )),
            (When::Date(date), _) => {
                Some(self.says(Level::Error, format!("deletes backups {part} on {date}, and every new one at once")))
            }
        }
    }

    /// MinIO's rule to remove deleted objects.
    fn deleted(&self) -> Option<Finding> {
        let given = self.rule.deleted_days?;
        if self.scope == Scope::Backups {
            return None;
        }
        self.too_short(given, "removes all versions of what was deleted")
    }

    fn noncurrent(&self, noncurrent: Noncurrent) -> Option<Finding> {
        if self.scope == Scope::Backups {
            // No restore needs what a backup deletes of its own files.
            return None;
        }
        let given = noncurrent.days.unwrap_or(0);
        let Some(newer) = noncurrent.newer else {
            return self.too_short(given, "removes old versions").map(|finding| self.mended(finding));
        };
        let ttl = days(self.wanted.ttl?);
        if i64::from(given) >= ttl {
            let text = format!(
                "keeps the newest {newer} old versions of each key {} whatever their age: backups are safe, but deleted blocks stay, and \
                 are paid for, forever",
                self.part()
            );
            return Some(self.says(Level::Ok, text));
        }
        let text = format!(
            "keeps the newest {newer} old versions of each key {}, and others only {given} days, but backups are kept {ttl}: a key that \
             was overwritten more than {newer} times since a backup cannot be brought back to it. {} writes a block once, so most \
             are safe",
            self.part(),
            self.owner()
        );
        Some(self.mended(self.says(Level::Warning, text)))
    }

    /// Old versions are removed before the backups that need them.
    fn too_short(&self, given: u32, does: &str) -> Option<Finding> {
        let ttl = days(self.wanted.ttl?);
        if i64::from(given) >= ttl {
            return None;
        }
        let since = shown(self.wanted.now - i64::from(given) * 86_400);
        let text = format!(
            "{does} {} after {given} days{}, but backups are kept {ttl} days: backups from before {since} can no longer be restored, as \
             blocks that were deleted between the backup and then may be lost",
            self.part(),
            self.perhaps()
        );
        Some(self.says(self.grave(), text))
    }

    fn transition(&self, transition: &Transition) -> Option<Finding> {
        let Transition { when, class, noncurrent } = transition;
        if READABLE.contains(&class.as_str()) {
            return None;
        }
        let part = self.part();
        let known = ARCHIVES.contains(&class.as_str());
        let thaw = "aws s3api restore-object";
        let (level, text) = match (known, noncurrent) {
            (false, _) => (
                Level::Warning,
                format!(
                    "moves objects {part} to {class}, a class that hwdr does not know: objects must be readable without a wait"
                ),
            ),
            (true, false) => (
                self.grave(),
                format!(
                    "moves objects that are in use {part} to the archive {class}, {when}{}: they cannot be read before a thaw ({thaw}), \
                     which takes hours",
                    self.perhaps()
                ),
            ),
            (true, true) => {
                let When::Days(given) = when else { return None };
                if self.wanted.ttl.is_some_and(|ttl| i64::from(*given) >= days(ttl)) {
                    return None;
                }
                (
                    Level::Warning,
                    format!(
                        "moves old versions {part} to the archive {class} after {given} days: a restore from an older backup first \
                         needs a thaw ({thaw}), which takes hours; `hwdr s3 rewind --dry-run` names them"
                    ),
                )
            }
        };
        Some(self.says(level, text))
    }
}

/// What only all rules together show.
fn as_a_whole(rules: &[Rule], wanted: &Needs<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let on = || rules.iter().filter(|rule| rule.enabled);
    let apply = |text: String| {
        let mut finding = Finding::new(Level::Warning, "lifecycle", text).fix(wanted.apply);
        finding.mended_by_own_rule = true;
        finding
    };
    let (bucket, owner) = (wanted.bucket, wanted.folders.owner);
    if !on().any(|rule| rule.noncurrent.is_some() && rule.is_for_all()) {
        let parts: Vec<_> = on().filter(|rule| rule.noncurrent.is_some()).map(|rule| name_of(rule, wanted)).collect();
        findings.push(apply(if parts.is_empty() {
            format!(
                "no rule of bucket {bucket} removes old versions: backups are safe, but what {owner} deletes stays, and is \
                 paid for, forever"
            )
        } else {
            format!(
                "old versions are removed in parts of bucket {bucket} only ({}): elsewhere what {owner} deletes stays, and is paid for, \
                 forever",
                parts.join("; ")
            )
        }));
    }
    if !on().any(|rule| rule.expires_markers && rule.is_for_all()) {
        findings.push(apply(format!(
            "no rule has ExpiredObjectDeleteMarker for all of bucket {bucket}: delete markers stay after the versions below them are gone, and \
             make listings and rewinds slower with each deleted block"
        )));
    }
    if !on().any(|rule| rule.aborts_uploads.is_some()) {
        findings.push(Finding::new(
            Level::Ok,
            "lifecycle",
            "no rule has AbortIncompleteMultipartUpload: parts of unfinished uploads stay, and are paid for. Restores are safe",
        ));
    }
    if wanted.ttl.is_none() && on().any(|rule| rule.noncurrent.is_some()) {
        findings.push(
            Finding::new(
                Level::Warning,
                "lifecycle",
                "it is unknown how long backups are kept, and so whether old versions outlive them",
            )
            .fix("give the values that set how long backups are kept: -f values.yaml"),
        );
    }
    findings
}

fn name_of(rule: &Rule, wanted: &Needs<'_>) -> String {
    format!("rule {}: {}", rule.id, Judged { rule, wanted, scope: scope(rule, wanted.folders) }.part())
}

/// The finding if nothing is wrong.
fn fits(rules: &[Rule], wanted: &Needs<'_>) -> Finding {
    let kept = rules.iter().filter(|rule| rule.enabled).filter_map(|rule| rule.noncurrent?.days).min();
    let kept = kept.map_or_else(|| "forever".to_owned(), |days| format!("{days} days"));
    let ttl = wanted.ttl.map_or_else(String::new, |ttl| {
        format!(
            ", and backups {} days: the rules keep all that backups since {} need",
            days(ttl),
            shown(wanted.now - ttl)
        )
    });
    Finding::new(Level::Ok, "lifecycle", format!("old versions in bucket {} are kept {kept}{ttl}", wanted.bucket))
}
