//! `hwdr streams database restore`: the database as it was, in a new instance.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use hwdr_rds::{Difference, Instance, Origin, Plan, Source, Wait, compare};

use super::database::{settings, tell};
use super::needed;
use crate::cli::ValueArgs;
use crate::cli::ask::confirm;
use crate::cli::messages::Failure;
use crate::lint::report::human::wrap;
use crate::product::streams::database::{connect, instance, not_made, planned};
use crate::product::streams::keys;
use crate::shown::{self, plain, print, tell as show};

/// How the block looks.
const EXAMPLE: &str = "hwdr:\n  streams:\n    restore:\n      mariadb: {snapshot: SNAPSHOT, instance: streams-prod-2}";

/// Restores the database into a new instance, from a snapshot or to a point in time
///
/// What it restores, and into which instance, is in the values: hwdr.streams.restore.mariadb. The new instance gets all settings of
/// today's: groups, class, storage, tags, key, multi-AZ. What differs in the end is shown. Today's instance is not changed, and
/// nothing is deleted. If it is interrupted, run it again: it goes on.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr streams database restore -f values.yaml [OPTIONS]")]
pub(super) struct Restore {
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    values: ValueArgs,
}

impl Restore {
    pub(super) async fn run(&self) -> Result<()> {
        let settings = settings(&self.values)?;
        let asked = settings.restore.and_then(|restore| restore.mariadb);
        let asked = needed(&asked, keys::RESTORE_MARIADB, EXAMPLE)?;
        let database = needed(&settings.mariadb, keys::SETTINGS_MARIADB, EXAMPLE)?;
        let rds = connect(database).await?;
        let source = rds.instance(&instance(database)?).await?;
        let plan = planned(&rds, database, asked, source.as_ref()).await?;
        let text = text(&plan, rds.region(), source.as_ref());
        if self.dry_run {
            print(&text);
            return Ok(());
        }
        show(&text);
        let what = format!(
            "Instance {} is made in {}. It costs what an instance costs until you delete it.",
            plan.target,
            rds.region()
        );
        let prompt = format!("{} Go on? [y/N] ", wrap(&what, shown::message_width()));
        confirm(&prompt, &what, "check the plan with --dry-run, then add --yes", self.yes)?;
        let again = format!("give another class: {}.class", keys::RESTORE_MARIADB.join("."));
        rds.begin(&plan).await.map_err(|error| not_made(error, &again))?;
        let restored = rds.settle(&plan, &Wait::default(), &mut tell).await;
        let restored =
            restored.map_err(|error| Failure::stopped(error).help("then run this command again: it goes on"))?;
        print(&done(&plan, &restored, source.as_ref()));
        Ok(())
    }
}

/// The plan, for people.
fn text(plan: &Plan, region: &str, source: Option<&Instance>) -> String {
    let from = match &plan.origin {
        Origin::Snapshot(id) => format!("snapshot {id}"),
        Origin::Time { of, at } => {
            let of = match of {
                Source::Instance(id) => format!("instance {id}"),
                Source::Retained(resource) => format!("the backups that were kept of {}", plain(resource)),
            };
            let at = at.map_or_else(|| "the latest time".to_owned(), |time| time.to_string());
            format!("{of} at {at}")
        }
    };
    let mut text = format!("New instance {} in {region}, from {from}\n", plan.target);
    let whose = match source {
        Some(source) => format!("Settings of {}", plain(&source.id)),
        None => "Settings from the values, because the source is gone".to_owned(),
    };
    let _ = writeln!(text, "{}", wrap(&format!("{whose}: {}", plan.wanted.list().join("; ")), shown::message_width()));
    for note in &plan.notes {
        let _ = writeln!(text, "{}", wrap(&format!("Note: {}", plain(note)), shown::message_width()));
    }
    text
}

/// What was made, what differs, and how Streams gets to use it.
fn done(plan: &Plan, restored: &Instance, source: Option<&Instance>) -> String {
    let mut text = String::new();
    let Some(endpoint) = &restored.endpoint else {
        return format!(
            "Instance {} is {}, and RDS names no address of it yet.\n",
            plan.target,
            plain(&restored.status)
        );
    };
    let host = plain(&endpoint.host);
    let _ = writeln!(
        text,
        "Instance {} is {}. It answers at\n  {host}:{}",
        plan.target,
        plain(&restored.status),
        endpoint.port
    );
    match source.map(|source| (source, compare(source, restored))) {
        None => {}
        Some((source, differences)) if differences.is_empty() => {
            let _ = writeln!(text, "It has all settings of {}.", plain(&source.id));
        }
        Some((source, differences)) => {
            let _ = writeln!(text, "It differs from {}:", plain(&source.id));
            for Difference { what, source, restored } in &differences {
                let _ = writeln!(text, "  {what}: {source} -> {restored}");
            }
        }
    }
    let _ = writeln!(
        text,
        "To use it, set externalizedMariadb.host in your values to that host, and\n  helm upgrade RELEASE CHART -f values.yaml"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hwdr_rds::{Endpoint, Settings};

    #[test]
    fn what_was_made_is_named_with_the_way_on() {
        let endpoint = Some(Endpoint { host: "streams-prod-2.abc.eu-west-1.rds.amazonaws.com".to_owned(), port: 3306 });
        let restored = Instance { status: "available".to_owned(), endpoint, ..Instance::default() };
        let source = Instance { id: "streams-prod".to_owned(), version: "10.11.9".to_owned(), ..Instance::default() };
        let plan = Plan {
            run: "a".parse().unwrap(),
            target: "streams-prod-2".parse().unwrap(),
            origin: Origin::Snapshot("before".parse().unwrap()),
            wanted: Settings::default(),
            tags: std::collections::BTreeMap::new(),
            notes: Vec::new(),
        };
        let text = done(&plan, &restored, Some(&source));
        assert!(text.contains("version: 10.11.9 -> ") && text.contains("externalizedMariadb.host"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
