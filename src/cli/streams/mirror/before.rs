//! What is looked at before the settings of a mirror are given away: it may be started next.

use std::time::Duration;

use anyhow::{Result, bail};
use hwdr_kafka::direction::Workers;
use hwdr_kafka::mirror::Mirror;

use super::compare::client;
use crate::cli::messages::warn;
use crate::product::streams::kafka::{self, circle, other, unclear};
use crate::refusal::Refusal;

/// The brokers may be out of reach of this machine: then nobody waits long for them.
const LIMIT: Duration = Duration::from_secs(3);

/// Checks that no mirror writes into the source of this one, or says that it could not.
///
/// # Errors
/// If one does: never both directions at once.
pub(super) async fn no_circle(mirror: &Mirror, secrets: &str) -> Result<()> {
    match workers(mirror, secrets).await {
        Ok(workers) => judge(&workers, mirror),
        Err(refusal) => {
            warn(&format!(
                "whether a mirror writes into {} could not be seen ({}). Make sure that none does before this one starts: records would go round in a circle",
                mirror.source.alias, refusal.problem
            ));
            Ok(())
        }
    }
}

async fn workers(mirror: &Mirror, secrets: &str) -> Result<Vec<Workers>, Refusal> {
    let mut source = client(&mirror.source, secrets)?;
    source.workers(LIMIT).await.map_err(|error| kafka::unread(&mirror.source, &error))
}

fn judge(workers: &[Workers], mirror: &Mirror) -> Result<()> {
    if let Some(why) = circle(workers, mirror) {
        bail!(Refusal::new(why).help("stop that MirrorMaker, and try again"));
    }
    for why in [unclear(workers, mirror), other(workers, mirror)].into_iter().flatten() {
        warn(&why);
    }
    Ok(())
}
