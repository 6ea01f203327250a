//! The fence that Superset's restore sets: while it is there, its backups are skipped, so that none is of a half-loaded database. It stays after a
//! failure (docs.hopsworks.ai, "Audit trail and the backup fence", 5.2).

use serde_json::{Value as Json, json};

use super::read_back::READ;
use super::{AUDIT, FENCE, Superset};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::product::service::Service as _;
use crate::run::{Halt, Record as _, Run};
use crate::shown::kept;

/// How often a change of others is tried again.
const TRIES: usize = 5;
/// The longest text that is kept.
const LONGEST: usize = 200;

/// What it says, if it is there: the id of the backup that was being restored.
pub(super) async fn read(cluster: &Cluster) -> Result<Option<String>, Halt> {
    let audit = cluster.get(Kind::CONFIG_MAP, None, AUDIT).await?.unwrap_or_default();
    Ok(of(&audit))
}

/// What a ConfigMap says of it, without characters that a record may not hold.
fn of(audit: &Json) -> Option<String> {
    let said = audit.pointer("/data")?.get(FENCE)?.as_str()?;
    Some(said.chars().filter(|c| !c.is_control()).take(LONGEST).collect())
}

/// Takes it away after the database was restored and read; or sets it to what it was before a restore that was undone.
pub(super) async fn lift(run: &mut Run, is_undone: bool) -> Result<(), Halt> {
    let has_part = run.state.parts.iter().any(|part| part.step == Superset.name());
    if is_undone && !(has_part && run.state.is_begun("helm")) {
        return Ok(());
    }
    let may_go = is_undone || has_part && run.state.is_done(READ);
    if !may_go {
        // It came back with the objects, or the chart's Job has left it, and nobody has read the database.
        if let Ok(Some(said)) = read(&run.cluster).await {
            let what =
                format!("{FENCE} in ConfigMap/{AUDIT} says {}, and stays: Superset is not backed up", kept(&said));
            run.show.warn(&format!("{what}. See whether Superset works, then: helm hwdr doctor --fix"));
        }
        return Ok(());
    }
    let wanted = run.state.before.fence.clone().filter(|_| is_undone);
    for _ in 0..TRIES {
        let Some(mut audit) = run.cluster.get(Kind::CONFIG_MAP, None, AUDIT).await? else { return Ok(()) };
        let now = of(&audit);
        if now == wanted {
            return Ok(());
        }
        let Some(data) = audit.get_mut("data").and_then(Json::as_object_mut) else { return Ok(()) };
        match &wanted {
            Some(text) => data.insert(FENCE.to_owned(), json!(text)),
            None => data.shift_remove(FENCE),
        };
        match run.cluster.replace(Kind::CONFIG_MAP, None, &audit).await {
            Ok(_) => {
                let why =
                    if is_undone { "the database is as it was before the run" } else { "the database is restored" };
                let said = now.as_deref().map_or_else(|| "nothing".to_owned(), kept);
                run.show.note(&format!("{FENCE} in ConfigMap/{} said {said}: {why}", text(&audit, "/metadata/name")));
                return Ok(());
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Halt::new(format!("ConfigMap/{AUDIT} changed during every attempt to change it")))
}
