//! `hwdr s3 rewind`: a bucket back to a point in time.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::cli::ask::Question;
use crate::cli::bucket::Target;
use crate::cli::ids;
use crate::cli::messages::Failure;
use crate::cli::progress::Progress;
use crate::cli::words::Form;
use crate::product::{self, Backup};
use crate::refusal::Refusal;
use crate::s3::client::Client;
use crate::s3::journal::Aim;
use crate::s3::preflight;
use crate::s3::report::{Act, Event, Report, Tally, Why};
use crate::s3::rewind::{Options, rewind};
use crate::s3::undo::{last_run, undo};
use crate::s3::window::{Window, shown};
use crate::shown::{lines, plain, print, print_json};

/// Rewinds a versioned bucket to a point in time
///
/// Restores the versions current at that time: removes later delete markers, and copies the old version over later ones. No version is
/// ever removed. Objects created later stay, or are hidden under delete markers with --exact. Backups in the same bucket (rondb_backup/,
/// k8s_backup/, opensearch*/, superset*/) are not touched, unless --prefix names them.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Only keys that begin with this
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    prefix: String,
    /// The time: 2026-02-13T15:36:27Z, or with another zone's offset; without an offset, UTC. All of that second is included
    #[arg(long, value_name = "TIME", conflicts_with = "backup_id", value_parser = moment)]
    at: Option<Timestamp>,
    /// The backup of the metadata: restores what existed at any moment in the 24 hours from its minute on
    #[arg(long, value_name = "ID", value_parser = ids::id)]
    backup_id: Option<Backup>,
    /// Also hide what did not exist then, under delete markers
    #[arg(long)]
    exact: bool,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Undo the last rewind
    #[arg(long, conflicts_with_all = ["at", "backup_id", "exact"])]
    undo: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Output format; as JSON, a line for each key to check (in a dry run also for each change), then one with the counts
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
    // Last: its heading would stand above whatever follows.
    #[command(flatten)]
    target: Target,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let window = if self.undo { None } else { Some(self.window()?) };
        super::block_on(async {
            let client = self.target.connect().await?;
            match window {
                Some(window) => self.rewind(&client, window).await,
                None => self.undo(&client).await,
            }
        })
    }

    fn window(&self) -> Result<Window> {
        if let Some(time) = self.at {
            return Ok(Window::at(time));
        }
        let Some(id) = &self.backup_id else {
            bail!(
                Failure::unusable("no point in time: give --at TIME, --backup-id ID or --undo")
                    .help("helm hwdr s3 rewind --bucket BUCKET --backup-id 254811200 --dry-run")
            );
        };
        Ok(id.time.and_then(Window::of_backup).ok_or_else(|| {
            Refusal::new(format!("backup id {id} names no point in time"))
                .help(format!("give the time at which the backup ended ({}) with --at", product::FIRST.ends()))
        })?)
    }

    async fn rewind(&self, client: &Client, window: Window) -> Result<()> {
        let aim = Aim { prefix: self.prefix.clone(), window, exact: self.exact, backups: None };
        let now = preflight::bucket(client, aim.exact).await?;
        preflight::time(client, &aim, now).await?;
        preflight::permissions(client, &aim.prefix, self.dry_run).await?;
        let goes_on = preflight::unfinished(client, &aim).await?.is_some();
        if !self.dry_run {
            let what = format!(
                "{} bucket {}{} to {window}{}",
                if goes_on { "Continue to rewind" } else { "Rewind" },
                client.bucket(),
                self.below(),
                if self.exact { ", and hide what was created later" } else { "" }
            );
            self.consent(&what)?;
        }
        let tally = self.tally();
        let progress = show_progress("rewind", client, &tally);
        let options = Options { dry_run: self.dry_run, ..Options::default() };
        let outcome = rewind(client, &aim, options, &tally).await;
        drop(progress);
        self.print(&outcome?, &format!("bucket {}{} at {window}", client.bucket(), self.below()))
    }

    async fn undo(&self, client: &Client) -> Result<()> {
        preflight::bucket(client, false).await?;
        let run = last_run(client, &self.prefix).await?;
        preflight::permissions(client, &self.prefix, self.dry_run).await?;
        if !self.dry_run {
            let what = format!(
                "Undo the rewind of bucket {}{} to {} (run {}, started at {})",
                client.bucket(),
                self.below(),
                run.aim.window,
                run.id,
                shown(run.written)
            );
            self.consent(&what)?;
        }
        let tally = self.tally();
        let progress = show_progress("undo", client, &tally);
        let options = Options { dry_run: self.dry_run, ..Options::default() };
        let outcome = undo(client, &run, options, &tally).await;
        drop(progress);
        self.print(&outcome?, &format!("bucket {}{} before run {}", client.bucket(), self.below(), run.id))
    }

    fn below(&self) -> String {
        if self.prefix.is_empty() { String::new() } else { format!(" below {}", self.prefix) }
    }

    fn consent(&self, what: &str) -> Result<()> {
        let question = Question {
            prompt: &format!("{}? It can be undone with --undo. Type yes: ", lines(what)),
            agree: &["yes"],
            what,
            help: "look first with --dry-run, then give --yes",
        };
        question.ask(self.yes)
    }

    /// Counts. Prints the changes of a dry run, and with `-o json` the keys to check, as they come.
    fn tally(&self) -> Arc<Tally> {
        let (dry_run, output) = (self.dry_run, self.output);
        Arc::new(Tally::followed_by(Box::new(move |event| match (event, output) {
            (Event::Act(act, key), Form::Json) if dry_run => print_json(&json!({"act": act, "key": key}), false),
            (Event::Act(act, key), Form::Text) if dry_run => print(&format!("{:<9} {}\n", verb(*act), plain(key))),
            (Event::Notice(notice), Form::Json) => print_json(&json!(notice), false),
            _ => {}
        })))
    }

    fn print(&self, report: &Report, what: &str) -> Result<()> {
        match self.output {
            Form::Json => print_json(&json!({"dry_run": self.dry_run, "report": report}), false),
            Form::Text => print(&text(report, what, self.dry_run)),
        }
        // A second undo could not restore keys without versions either.
        let unversioned = if self.undo { 0 } else { report.count(Why::Unversioned) };
        let left = unversioned + report.count(Why::Unclear);
        let undone = left + report.count(Why::Failed) + report.count(Why::ArchivedNotCopied);
        if undone == 0 {
            return Ok(());
        }
        let flags = self.target.flags();
        let time = match (&self.at, &self.backup_id) {
            (Some(time), _) => format!("--at {time}"),
            (None, Some(id)) => format!("--backup-id {id}"),
            (None, None) => "--undo".to_owned(),
        };
        bail!(
            Refusal::new(format!("{undone} keys could not be restored; all others are"))
                .help(format!("fix what is named above, and run this again:\nhwdr s3 rewind {flags} {time}"))
        )
    }
}

/// The report, for people.
fn text(report: &Report, what: &str, dry_run: bool) -> String {
    let mut out = String::new();
    let done = |word: &str| if dry_run { format!("to {word}") } else { word.to_owned() };
    let head = if dry_run { "Would restore" } else { "Restored" };
    let _ = writeln!(out, "{head}: {what}");
    let _ = writeln!(out, "  looked at     {} keys, {} versions and delete markers", report.keys, report.versions);
    for (name, count, means) in [
        (done("undelete"), report.undeleted, "delete markers removed"),
        (done("copy"), report.copied, "an older version put on top"),
        (done("hide"), report.hidden, "put under a delete marker"),
        ("created later".to_owned(), report.born_later, "left as they are (--exact hides them)"),
        ("unreadable".to_owned(), report.unreadable, "entries whose keys this server cannot write: left as they are"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "  {name:<13} {count} ({means})");
        }
    }
    if report.acts() == 0 {
        let _ = writeln!(out, "  nothing to do");
    }
    for &(why, count) in &report.to_look_at {
        let _ = writeln!(out, "\n{count} {}", why.means());
        for notice in report.notices.iter().filter(|notice| notice.why == why) {
            let detail = if notice.detail.is_empty() { String::new() } else { format!("  {}", notice.detail) };
            let _ = writeln!(out, "  {}{}", plain(&notice.key), lines(&detail));
        }
        let named = report.notices.iter().filter(|notice| notice.why == why).count() as u64;
        if count > named {
            let _ = writeln!(out, "  … and {} more (all of them with -o json)", count - named);
        }
    }
    out
}

fn verb(act: Act) -> &'static str {
    match act {
        Act::Undelete => "undelete",
        Act::Copy => "copy",
        Act::Hide => "hide",
    }
}

/// A time as written: with a zone's offset, or in UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let civil: DateTime = text.parse().map_err(|_| "a time is written 2026-02-13T15:36:27Z".to_owned())?;
    civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|error| error.to_string())
}

/// Shows the counts until it is dropped.
fn show_progress(what: &'static str, client: &Client, tally: &Arc<Tally>) -> Progress {
    let (client, tally, began) = (client.clone(), tally.clone(), Instant::now());
    Progress::start(move || {
        let report = tally.report();
        let rate = report.versions as f64 / began.elapsed().as_secs_f64();
        format!("{what}: {} ({rate:.0}/s); {} requests at a time", report.counts(), client.concurrency())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_unless_they_say_otherwise() {
        for (text, expected) in [
            ("2026-02-13T15:36:27Z", Some("2026-02-13T15:36:27Z")),
            ("2026-02-13T15:36:27+02:00", Some("2026-02-13T13:36:27Z")),
            ("2026-02-13T15:36:27", Some("2026-02-13T15:36:27Z")),
            ("2026-02-13 15:36:27", Some("2026-02-13T15:36:27Z")),
            ("yesterday", None),
            ("1770996987", None),
        ] {
            assert_eq!(moment(text).ok().map(|time| time.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_people_read() {
        let tally = Tally::default();
        tally.looked(3, 7, 0);
        tally.acted(Act::Undelete, "a");
        tally.notice("b\n", Why::Expired, "");
        assert_eq!(
            text(&tally.report(), "bucket b at 2026-02-13T15:36:27Z", false),
            "Restored: bucket b at 2026-02-13T15:36:27Z\n  looked at     3 keys, 7 versions and delete markers\n  \
             undelete      1 (delete markers removed)\n\n1 have a delete marker that was put later over nothing: if they existed at \
             that time, a lifecycle rule has removed them for good\n  \"b\\n\"\n"
        );
    }
}
