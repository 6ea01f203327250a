//! What a run does for Streams beside what every run does: a new database, a mirror of Kafka, and the way over to both.

mod back;
mod connections;
mod cutover;
mod database;
mod maker;
pub mod mirror;
mod namespace;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::mode::Mode;
use crate::run::steps::{OPEN, QUIESCE, STORAGE, UNFENCE, step};
use crate::run::{Context as _, Halt, Run, Step};

use super::OBJECTS;
use super::own::Own;
pub use maker::{start_every_day, undo as undo_mirror};

/// The names of the steps that restore: those of the services, too.
pub const MARIADB: &str = "mariadb";
/// The same for Kafka.
pub const KAFKA: &str = "kafka";
/// The same for the namespace, in the report.
const NAMESPACE: &str = "namespace";

/// The steps of a run: those for what is not asked for are left out.
pub fn of(mode: Mode, own: &Json) -> Vec<Step> {
    let all = match mode {
        Mode::Upgrade => UPGRADE,
        Mode::Install => INSTALL,
    };
    // `run::state::check` has read it before.
    let asked = Own::read(own).ok().and_then(|own| own.asked().ok()).map(|(_, restore)| restore).unwrap_or_default();
    let (has_database, has_kafka) = (asked.mariadb.is_some(), asked.kafka.is_some());
    let goes_back = asked.kafka.as_ref().is_some_and(|kafka| kafka.mirror_back_as.is_some());
    let is_asked = |step: &&Step| match step.name {
        MARIADB => has_database,
        KAFKA => has_kafka,
        "helm" => has_database || has_kafka,
        "mirror-back" => goes_back,
        _ => true,
    };
    all.iter().filter(is_asked).copied().collect()
}

/// The fence: a backup that is made while nothing runs would bring back a release without pods.
const FENCE: Step = step("fence", "pauses backups of the namespace", |run| Box::pin(namespace::fence(run)));

/// A restore of what the release uses, while its namespace is there.
const UPGRADE: &[Step] = &[
    FENCE,
    step(MARIADB, "restores the database into a new RDS instance, while Streams still runs", |run| {
        Box::pin(database::restore(run))
    }),
    step(QUIESCE.name, "notes which pods use the old servers, and stops all", |run| {
        Box::pin(connections::note_and_stop(run))
    }),
    step(KAFKA, "mirrors Kafka to the new cluster, until nothing is missing", |run| Box::pin(mirror::mirror(run))),
    step("helm", "upgrades the release: it uses the new servers", |run| Box::pin(cutover::upgrade(run))),
    step("verify", "waits until everything is ready, and looks where each pod is connected to", |run| {
        Box::pin(connections::verify(run))
    }),
    UNFENCE,
    BACK,
];

/// A restore of the namespace, and of what the release in it uses.
const INSTALL: &[Step] = &[
    STORAGE,
    FENCE,
    step(OBJECTS, "restores the namespace; its pods wait if its servers are restored, too", |run| {
        Box::pin(namespace::restore(run))
    }),
    step(MARIADB, "restores the database into a new RDS instance", |run| Box::pin(database::restore(run))),
    step(KAFKA, "mirrors Kafka to the new cluster, until nothing is missing", |run| Box::pin(mirror::mirror(run))),
    step("helm", "upgrades the release: it uses the new servers", |run| Box::pin(cutover::upgrade_restored(run))),
    step("verify", "waits until everything is ready, and looks where each pod is connected to", |run| {
        Box::pin(connections::verify(run))
    }),
    OPEN,
    BACK,
];

/// The last: whatever holds it up, everything else is done.
const BACK: Step = step("mirror-back", "mirrors the new Kafka to the backup cluster", |run| Box::pin(back::begin(run)));

/// What the record has of Streams.
fn own(run: &Run) -> Result<Own, Halt> {
    Own::read(&run.state.own).map_err(Halt::new)
}

/// Notes how new a part is, for the report: what came later is lost.
async fn is_of(run: &mut Run, part: &str, time: Option<Timestamp>) -> Result<(), Halt> {
    let mut own = own(run)?;
    match time {
        Some(time) if own.times.get(part) != Some(&time) => {
            own.times.insert(part.to_owned(), time);
            run.state.own = own.to_json();
            run.save().await
        }
        _ => Ok(()),
    }
}
