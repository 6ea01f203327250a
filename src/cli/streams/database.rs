//! `hwdr streams database`: MariaDB on AWS RDS.

use anyhow::Result;
use clap::{Args, Subcommand};
use hwdr_rds::{Progress, Rds, RunId, Scope, SnapshotId, Wait, policy};
use jiff::Timestamp;

use super::{given, list, needed, restore};
use crate::cli::ValueArgs;
use crate::cli::ask::{self, confirm};
use crate::cli::connection::block_on;
use crate::product::streams::database::{connect, instance, line, no_instance};
use crate::product::streams::keys;
use crate::product::streams::settings::{MariaDb, Settings};
use crate::shown;

/// How the block looks.
const EXAMPLE: &str = "hwdr:\n  streams:\n    mariadb: {region: eu-west-1, instance: streams-prod}";

/// MariaDB on AWS RDS: its backups, and a restore into a new instance
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(list::List),
    Snapshot(Snapshot),
    Restore(restore::Restore),
    Policy(Policy),
}

/// Makes a snapshot of the instance
///
/// Its name is given, or made of the instance's name and the time: streams-prod-20260101030000. It is kept until somebody deletes it.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr streams database snapshot [NAME] -f values.yaml [OPTIONS]")]
struct Snapshot {
    /// The name of the snapshot
    name: Option<SnapshotId>,
    /// Wait until it can be restored
    #[arg(long)]
    wait: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    values: ValueArgs,
}

/// Prints the least IAM policy that these commands need
///
/// Instances are changed only if hwdr has made them, and nothing is ever deleted.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr streams database policy -f values.yaml")]
struct Policy {
    #[command(flatten)]
    values: ValueArgs,
}

impl Command {
    pub(super) fn run(self) -> Result<()> {
        match self.action {
            Action::List(list) => block_on(list.run()),
            Action::Snapshot(snapshot) => block_on(snapshot.run()),
            Action::Restore(restore) => block_on(restore.run()),
            Action::Policy(policy) => policy.run(),
        }
    }
}

impl Snapshot {
    async fn run(&self) -> Result<()> {
        let (rds, database) = reach(&self.values).await?;
        let instance = instance(&database)?;
        let now = Timestamp::now().strftime("%Y%m%d%H%M%S");
        let id = match &self.name {
            Some(name) => name.clone(),
            None => format!("{instance}-{now}").parse()?,
        };
        let found = rds.instance(&instance).await?;
        let Some(found) = found else { return Err(no_instance(&rds, &instance).into()) };
        let what = format!("Snapshot {id} of instance {instance} in {} is made.", rds.region());
        let prompt = format!("{what} Go on? [y/N] ");
        confirm(&prompt, &what, "to agree: --yes", self.yes)?;
        let run: RunId = format!("snapshot/{id}").parse()?;
        let tags: Vec<_> = found.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        rds.create_snapshot(&instance, &id, &run, &tags).await?;
        if !self.wait {
            shown::print(&format!("{id} is being made. See when it is available: helm hwdr streams database list\n"));
            return Ok(());
        }
        let made = rds.wait_snapshot(&id, &Wait::default(), &mut tell).await?;
        shown::print(&format!("{id} can be restored ({} GiB).\n", made.storage_gib));
        Ok(())
    }
}

impl Policy {
    fn run(&self) -> Result<()> {
        let settings = settings(&self.values)?;
        let database = needed(&settings.mariadb, keys::SETTINGS_MARIADB, EXAMPLE)?;
        let target = settings.restore.as_ref().and_then(|restore| restore.mariadb.as_ref());
        let scope = Scope {
            region: Some(database.region.to_string()),
            source: Some(instance(database)?),
            target: target.map(|target| target.instance.as_str().parse()).transpose()?,
            ..Scope::default()
        };
        shown::print_json(&policy(&scope), true);
        Ok(())
    }
}

/// hwdr's settings in the values.
///
/// # Errors
/// If no values are given, or a setting is wrong.
pub(super) fn settings(values: &ValueArgs) -> Result<Settings> {
    Ok(Settings::from_values(&given(values, "which instance")?)?)
}

/// Connects to RDS as the values say.
///
/// # Errors
/// If the values do not name an instance, or there are no credentials.
pub(super) async fn reach(values: &ValueArgs) -> Result<(Rds, MariaDb)> {
    let settings = settings(values)?;
    let database = needed(&settings.mariadb, keys::SETTINGS_MARIADB, EXAMPLE)?.clone();
    Ok((connect(&database).await?, database))
}

/// Shows how far RDS is.
pub(super) fn tell(progress: &Progress) {
    ask::tell(&line(progress));
}
