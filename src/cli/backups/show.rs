//! `hwdr backups show`: one backup, its parts, and the values and the command that restore it.

use std::fmt::Write as _;

use anstyle::Style;
use anyhow::Result;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::look::{LookArgs, Looked};
use super::stored::{Found, ReadArgs};
use super::table::local;
use super::{told, written};
use crate::backups::{BackupPart, BackupSet, Inventory, SetView, Usable, ago, size};
use crate::cli::Outcome;
use crate::cli::messages::Failure;
use crate::lint::report::human::hang;
use crate::mode::Mode;
use crate::product::Product;
use crate::shown::{self, lines, plain, word};

/// Shows one backup: its parts, and the values and the command that restore it
///
/// ID is a backup id, the name of a part, or one of latest, oldest (that can be restored) and last-failed.
#[derive(Debug, Args)]
pub(super) struct ShowSet {
    /// The backup
    #[arg(value_name = "ID")]
    id: String,
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: ShowFormat,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ShowFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// The same as YAML
    Yaml,
}

/// A set, and what it is shown with.
struct Shown<'s> {
    inventory: &'s Inventory,
    set: &'s BackupSet,
    product: &'static dyn Product,
    release: Option<&'s str>,
    /// None if the bucket was read.
    namespace: Option<&'s str>,
}

impl ShowSet {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let found = self.read.read(&self.look, Looked::with_last_words).await?;
        let Found { inventory, unread, product, release, namespace, .. } = found;
        let unread = told(&unread);
        // As a list of which not all could be read.
        let set = inventory.find(&self.id).map_err(|refusal| match unread.is_empty() {
            true => anyhow::Error::from(refusal),
            false => Failure::usage(refusal).into(),
        })?;
        let (release, namespace) = (release.as_deref(), namespace.as_deref());
        let shown = Shown { inventory: &inventory, set, product, release, namespace };
        match self.output {
            ShowFormat::Text => shown::print(&shown.text()),
            ShowFormat::Json => shown::print_json(&shown.machine(), true),
            ShowFormat::Yaml => shown::print_data(&written(&shown.machine(), 0)),
        }
        Ok(if unread.is_empty() { Outcome::Clean } else { Outcome::Unusable })
    }
}

/// A set for people.
pub(super) fn text_of(looked: &Looked, inventory: &Inventory, set: &BackupSet) -> String {
    let (product, release) = (looked.product, looked.release.as_deref());
    let namespace = Some(looked.cluster.namespace.as_str());
    Shown { inventory, set, product, release, namespace }.text()
}

impl Shown<'_> {
    /// The ids before and after it in time.
    fn neighbours(&self) -> [Option<&str>; 2] {
        let ids = || self.inventory.sets.iter().filter(|set| self.inventory.id(set).is_some());
        let later = ids().rfind(|set| set.time > self.set.time);
        let earlier = ids().find(|set| set.time < self.set.time);
        [earlier, later].map(|set| set.and_then(|set| self.inventory.id(set)))
    }

    /// The values that restore it in this mode, if that is possible.
    fn values(&self, mode: Mode) -> Option<Json> {
        let fitness = self.inventory.fitness(self.set);
        let usable = if mode == Mode::Upgrade { fitness.in_place } else { fitness.new_cluster };
        let id = self.inventory.restore_id(self.set).filter(|_| usable != Usable::No)?;
        let parts: Vec<_> =
            self.inventory.restored(self.set).map(|(series, part)| (series.name(), part.name.as_str())).collect();
        Some(self.product.restore_values(id, &parts, mode))
    }

    fn machine(&self) -> Json {
        let mut out = json!(SetView::new(self.inventory, self.set));
        let [previous, next] = self.neighbours();
        if let Some(map) = out.as_object_mut() {
            map.insert("previous".to_owned(), json!(previous));
            map.insert("next".to_owned(), json!(next));
            let values = json!({"newCluster": self.values(Mode::Install), "inPlace": self.values(Mode::Upgrade)});
            map.insert("values".to_owned(), values);
        }
        out
    }

    fn text(&self) -> String {
        let Self { inventory, set, .. } = self;
        let bold = Style::new().bold();
        let (zone, name) = local(set.time);
        let mut out = format!("{bold}Backup {}{bold:#}\n", plain(inventory.name(set)));
        let mut say = |label: &str, text: &str| {
            let _ = writeln!(out, "  {label:<11}{}", hang(text, shown::width().saturating_sub(1), 13));
        };
        let now = inventory.now;
        if let Some(time) = set.time {
            let is_utc = name == "UTC";
            let here = if is_utc { String::new() } else { format!("{} {name}, ", at(time, &zone)) };
            let age = now.duration_since(time);
            let age = if age.is_negative() {
                "ahead of this machine's clock".to_owned()
            } else {
                format!("{} ago", ago(age))
            };
            say("time", &format!("{here}{time:.0}, {age}"));
        }
        let fitness = inventory.fitness(set);
        let answer = |usable: Usable| match usable {
            Usable::Yes => "yes",
            Usable::No => "no",
            Usable::Unknown => "not known",
        };
        say(
            "usable",
            &format!("in place: {}; for a new cluster: {}", answer(fitness.in_place), answer(fitness.new_cluster)),
        );
        for reason in &fitness.reasons {
            say("", reason);
        }
        for note in inventory.notes(set).into_iter().chain(inventory.unrecorded(set)) {
            say("note", &note);
        }
        if let Some(expires) = inventory.expires(set) {
            let left = expires.duration_since(now);
            let when = if left.is_negative() { format!("{} ago", ago(left)) } else { format!("in {}", ago(left)) };
            say("expires", &format!("{expires:.0}, {when}"));
        }
        if inventory.is_kept(set) {
            let kept: Vec<_> = inventory
                .parts(set)
                .filter(|(_, part)| part.is_kept)
                .map(|(series, _)| series.called.as_str())
                .collect();
            say("kept", &format!("protected from expiry (helm hwdr backups keep): {}", kept.join(", ")));
        }
        if inventory.is_alone(set) {
            say("note", "no set has this backup: none is within a day of it, or has none that is nearer");
        }
        if let Some(skew) = inventory.skew(set) {
            say("skew", &format!("{} between its parts", ago(skew)));
        }
        match inventory.verified(set) {
            Some(verified) => {
                let since = ago(now.duration_since(verified.time));
                say("verified", &format!("{}, {:.0}, {since} ago", verified.verdict.word(), verified.time));
            }
            None => say("verified", "never, as far as is remembered"),
        }
        match inventory.drilled(set) {
            Some(time) => say("drilled", &format!("{time:.0}, {} ago", ago(now.duration_since(time)))),
            None => say("drilled", "never, as far as is noted (helm hwdr backups drilled)"),
        }
        let [previous, next] = self.neighbours();
        say("previous", &plain(previous.unwrap_or("-")));
        say("next", &plain(next.unwrap_or("-")));
        out.push('\n');
        for (at, series) in inventory.series.iter().enumerate() {
            out.push_str(&part(&series.called, inventory.part(set, at), series.is_unknown()));
        }
        for rewind in &inventory.rewinds {
            let kept = match &rewind.kept {
                Ok(Some(kept)) => format!("old versions are kept for {}", ago(*kept)),
                Ok(None) => "old versions are kept for ever".to_owned(),
                Err(_) => "see above".to_owned(),
            };
            let _ = writeln!(out, "  {:<28}{kept}", rewind.called);
        }
        self.ways(&mut out);
        out
    }

    /// The values and commands that restore it.
    fn ways(&self, out: &mut String) {
        let namespace = self.namespace.map_or("NAMESPACE".into(), word);
        let release = self.release.map_or("RELEASE".into(), word);
        // Without a bucket of its own, the product's backups are where Velero's location says already.
        let (title, iam) = match self.product.keys().bucket {
            Some(_) => ("Into a new cluster", " --iam"),
            None => ("Where the namespace is gone, or in a new cluster", ""),
        };
        let ways = [
            (
                Mode::Install,
                title,
                format!("helm hwdr install {release} CHART -n {namespace} \\\n  -f values.yaml -f restore.yaml{iam}"),
            ),
            (
                Mode::Upgrade,
                "In place",
                format!("helm hwdr upgrade {release} CHART -n {namespace} \\\n  -f values.yaml -f restore.yaml"),
            ),
        ];
        for (mode, title, command) in ways {
            let Some(values) = self.values(mode) else { continue };
            let values = written(&values, 0).replace('\n', "\n  ");
            let _ = writeln!(out, "\n{title}, with this restore.yaml:\n\n  {}\n", values.trim_end());
            let _ = writeln!(out, "  {}", command.replace('\n', "\n  "));
        }
    }
}

fn at(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A part on two lines, and more if something is wrong with it.
fn part(called: &str, part: Option<&BackupPart>, is_unread: bool) -> String {
    let Some(part) = part else {
        return format!("  {called:<28}{}\n", if is_unread { "not known" } else { "missing" });
    };
    let mut out = format!("  {called:<28}{}, {}\n", part.state.word(), plain(&part.name));
    let time = |time: Option<Timestamp>| time.map_or_else(|| "?".to_owned(), |time| format!("{time:.0}"));
    let took = part.took().map_or_else(String::new, |took| format!(", {}", took_text(took)));
    if part.started.is_some() || part.ended.is_some() {
        let _ = writeln!(out, "{:30}{} to {}{took}", "", time(part.started), time(part.ended));
    }
    if let Some(bytes) = part.bytes {
        let exact = if bytes < 1000 { String::new() } else { format!(" ({bytes} bytes)") };
        let _ = writeln!(out, "{:30}{}{exact}", "", size(bytes));
    }
    if let Some((done, of)) = part.done() {
        let _ = writeln!(out, "{:30}{done} of {of}", "");
    }
    for line in part.state.why().into_iter().flat_map(str::lines) {
        let _ = writeln!(out, "{:30}{}", "", hang(&lines(line), shown::width(), 30));
    }
    out
}

fn took_text(took: SignedDuration) -> String {
    if took.as_secs() == 0 { "less than 1s".to_owned() } else { ago(took) }
}
