//! `hwdr s3 lifecycle`: are old versions kept as long as backups?

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use similar::TextDiff;

use super::findings;
use super::storage::StorageArgs;
use crate::cli::ask::Question;
use crate::cli::bucket::Target;
use crate::cli::messages::Failure;
use crate::cli::words::Form;
use crate::lint::report::human::wrap;
use crate::lint::ttl;
use crate::lint::view::dotted;
use crate::product;
use crate::product::hopsworks::hopsfs::bucket::FOLDERS;
use crate::refusal::Refusal;
use crate::s3::client::Client;
use crate::s3::lifecycle::apply::{apply, read};
use crate::s3::lifecycle::days;
use crate::s3::lifecycle::judge::{Needs, judge};
use crate::s3::lifecycle::plan::{RuleChange, Write, plan};
use crate::s3::lifecycle::policy::Policy;
use crate::shown::{self, duration, lines, print, print_json};

/// Compares a bucket's lifecycle rules with what the backups' ttl needs
///
/// Says what each rule means for backups, and shows what hwdr's own rule (HopsFSBlocksRetentionPolicy, as in the docs) would change.
/// --apply writes that rule. All other rules stay as they are, and nothing is kept for a shorter time than now.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// How long backups are kept: 60d, 36h (default: global._hopsworks.backups.ttl in the values)
    #[arg(long, value_name = "TTL", value_parser = seconds)]
    ttl: Option<i64>,
    /// Write hwdr's own rule
    #[arg(long)]
    apply: bool,
    /// Do not ask for confirmation
    #[arg(short, long, requires = "apply")]
    yes: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
    #[command(flatten)]
    storage: StorageArgs,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let (target, from_values) = self.storage.resolve()?;
        let Some(ttl) = self.ttl.or(from_values) else {
            bail!(
                Failure::unusable("how long are backups kept? Neither --ttl nor the values say")
                    .help(format!("give --ttl 60d, or -f values.yaml with {}", dotted(product::FIRST.keys().ttl)))
            );
        };
        super::block_on(self.compare(&target, ttl))
    }

    async fn compare(&self, target: &Target, ttl: i64) -> Result<()> {
        let bucket = &target.bucket;
        let client = target.connect().await?;
        let before = read(&client).await?;
        let command = self.apply_command(target, ttl);
        let wanted = Needs { bucket, folders: FOLDERS, ttl: Some(ttl), now: now(), apply: &command };
        let findings = judge(&before.rules, &wanted);
        let planned = plan(&before, &wanted, ttl).map_err(Refusal::new)?;
        if self.output == Form::Text {
            print(&format!("{}\n\n", needed(bucket, ttl)));
            print(&findings::text(&findings));
        }
        let write = match &planned {
            RuleChange::Write(write) => Some(write),
            RuleChange::Fits | RuleChange::Contradicted(_) => None,
        };
        if let (Some(write), Form::Text) = (write, self.output) {
            print(&format!("\n{}", lines(&change(bucket, &before, write))));
        }
        let written = if self.apply { self.write(&client, &before, &planned, &command).await } else { Ok(false) };
        if self.output == Form::Json {
            let rule = write.and_then(|write| write.policy.rules.iter().find(|rule| rule.id == FOLDERS.rule));
            let applied = *written.as_ref().unwrap_or(&false);
            let json = json!({
                "bucket": bucket, "ttl_seconds": ttl, "rules": before.rules, "findings": findings, "change": rule, "applied": applied,
            });
            print_json(&json, true);
        }
        if written? { Ok(()) } else { findings::outcome(&findings, bucket) }
    }

    /// Writes what was planned; returns whether there was anything to write.
    async fn write(&self, client: &Client, before: &Policy, planned: &RuleChange, command: &str) -> Result<bool> {
        let bucket = client.bucket();
        match planned {
            RuleChange::Fits => Ok(false),
            RuleChange::Contradicted(against) => {
                let mut names: Vec<_> = against.iter().filter_map(|finding| finding.rule.clone()).collect();
                names.dedup();
                let names = names.join(" and rule ");
                let why =
                    format!("no other rule can undo what rule {names} does, because of two rules the shorter counts");
                bail!(
                    Refusal::new(format!("nothing was written to bucket {bucket}: {why}"))
                        .help(format!("change or remove it, as said above, then:\n{command}"))
                )
            }
            RuleChange::Write(write) => {
                self.consent(bucket, &change(bucket, before, write))?;
                apply(client, before, write).await?;
                if self.output == Form::Text {
                    print(&format!("\nWritten to bucket {bucket}, and read back.\n"));
                }
                Ok(true)
            }
        }
    }

    /// The command that writes the rule.
    fn apply_command(&self, target: &Target, ttl: i64) -> String {
        let own = if self.ttl.is_some() { format!(" --ttl {}", text(ttl)) } else { String::new() };
        format!("helm hwdr s3 lifecycle {}{own} --apply", self.storage.flags(target))
    }

    fn consent(&self, bucket: &str, change: &str) -> Result<()> {
        let what = format!("Write this to the lifecycle rules of bucket {bucket}");
        // As text, it was already shown.
        let shown = if self.output == Form::Json { change } else { "" };
        let prompt = format!("{shown}\n{what}? Versions that it removes are gone for good. Type yes: ");
        let question = Question {
            prompt: &lines(&prompt),
            agree: &["yes"],
            what: &what,
            help: "look at the change first, without --apply; then give --yes",
        };
        question.ask(self.yes)
    }
}

/// What the bucket must do for this time to live.
fn needed(bucket: &str, ttl: i64) -> String {
    let days = days(ttl);
    wrap(
        &format!(
            "Backups are kept {}. So bucket {bucket} must keep what HopsFS deletes for at least {days} days (NoncurrentDays: {days}), and may \
             then remove it, with the delete markers over it (ExpiredObjectDeleteMarker).",
            duration(ttl.unsigned_abs())
        ),
        shown::width(),
    )
}

/// What would be written, as a diff.
fn change(bucket: &str, before: &Policy, write: &Write) -> String {
    let (old, new) = (before.pretty(), write.policy.pretty());
    let diff = TextDiff::from_lines(&old, &new);
    let mut out = diff
        .unified_diff()
        .context_radius(3)
        .header(&format!("bucket {bucket}, as it is"), &format!("bucket {bucket}, with rule {}", FOLDERS.rule))
        .to_string();
    let mut note = |text: &str| {
        let _ = writeln!(out, "\n{}", wrap(text, shown::width()));
    };
    if let Some(rule) = &write.longer_for {
        note(&format!(
            "It keeps {} days, longer than the ttl, because rule {rule} does: of two rules, the shorter counts.",
            write.days
        ));
    }
    note(&format!(
        "Within a day or two, the server then removes versions that were deleted or overwritten more than {} days ago. Nothing brings them \
         back.",
        write.days
    ));
    out
}

/// `60d`, or `36h`.
fn text(ttl: i64) -> String {
    if ttl % 86_400 == 0 { format!("{}d", ttl / 86_400) } else { format!("{}h", ttl / 3_600) }
}

fn seconds(text: &str) -> Result<i64, String> {
    ttl::parse(text).map_err(|wrong| match wrong.meant {
        Some(meant) => format!("a number of days or hours was expected: {meant}?"),
        None => "a number of days or hours was expected: 60d, 36h".to_owned(),
    })
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) as i64
}
