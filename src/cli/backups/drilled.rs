//! `hwdr backups drilled`: notes that a backup was restored somewhere else, to prove it.

use anyhow::{Result, bail};
use clap::Args;
use jiff::Timestamp;

use super::look::{Asks, LookArgs};
use super::told;
use crate::cli::Outcome;
use crate::refusal::Refusal;
use crate::rights;
use crate::shown::{self, plain};
use crate::verify::Verdict;
use crate::verify::memory::{Depth, Verified};
use crate::verify::store;

/// Notes that a backup was restored somewhere else, to prove it
///
/// A drill runs in another cluster ("helm hwdr install"), so the cluster that makes the backups does not see it. This notes it there: "backups list
/// -o wide" and "backups show" then say when the backup was drilled last. Nothing else is changed.
///
/// While the cluster that made the backup runs, a drill needs a copy of the bucket, with all versions: "helm hwdr install" writes to the bucket of the
/// values, and the new cluster deletes there what its files do not use.
///
/// ID is a backup id, the name of a part, or one of latest, oldest (that can be restored) and last-failed.
#[derive(Debug, Args)]
pub(super) struct Drilled {
    /// The backup
    #[arg(value_name = "ID")]
    id: String,
    /// When, if not now: the report of the drill says when it ended, as in 2025-12-01T08:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    #[command(flatten)]
    look: LookArgs,
}

impl Drilled {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let mut looked = self.look.look(rights::Command::Verify, Asks::Backups).await?;
        let unread = told(&looked.unread);
        let inventory = looked.inventory();
        let set = inventory.find(&self.id)?;
        let id = inventory.name(set);
        let time = self.at.unwrap_or(inventory.now);
        if let Some(made) = set.time.filter(|made| time < *made) {
            bail!(
                Refusal::new(format!("--at {time:.0} is before backup {id} was made ({made:.0})"))
                    .help("give the time at which the drill ended, in UTC")
            );
        }
        if time > inventory.now {
            bail!(
                Refusal::new(format!("--at {time:.0} is in the future"))
                    .help("leave it out for a drill that ended now")
            );
        }
        let Some(release) = &looked.release else {
            bail!(
                Refusal::new(format!("namespace {} has no release to note it for", looked.cluster.namespace))
                    .help("name the release: --release NAME")
            );
        };
        let result = Verified { id: id.to_owned(), time, verdict: Verdict::Fine, is_drill: true, depth: Depth::All };
        store::remember(&looked.cluster, release, &result, inventory.known(&unread).as_ref()).await?;
        shown::print(&format!("Backup {} was drilled at {time:.0}.\n", plain(id)));
        Ok(if unread.is_empty() { Outcome::Clean } else { Outcome::Unusable })
    }
}
