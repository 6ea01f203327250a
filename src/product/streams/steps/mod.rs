//! What a run does for Streams beside what every run does: a new database, a mirror of Kafka, and the way over to both.

mod back;
mod connections;
mod cutover;
mod database;
mod left_behind;
mod maker;
pub mod mirror;
mod namespace;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::commands::Commands;
use crate::mode::Mode;
use crate::run::steps::{OPEN, QUIESCE, STORAGE, UNFENCE, step};
use crate::run::{Context as _, Halt, Run, Step};
use crate::shown::word;

use super::own::Own;
use super::{OBJECTS, keys};
pub use maker::{start_every_day, undo as undo_mirror};

/// The names of the steps that restore: those of the services, too.
pub const MARIADB: &str = "mariadb";
/// The name of the step that restores Kafka.
pub const KAFKA: &str = "kafka";
/// What the report calls the restore of the namespace.
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

/// What to do where a run cannot go on, as words for [`again`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Other {
    /// Another new cluster of Kafka is needed.
    Kafka,
    /// Another class of the new instance.
    Class,
    /// Another name of the cluster that is mirrored back.
    Name,
    /// Other groups.
    Groups,
}

/// How to begin again, otherwise than this run: an undo of it, or where the namespace came with it, without it. A run cannot be given other settings.
fn begin_again(run: &Run, other: Other) -> String {
    let mode = run.state.mode;
    let instance = own(run).ok().and_then(|own| own.plan.map(|plan| plan.target.to_string()));
    let run = (&run.cluster.commands(), run.state.release.as_str(), run.cluster.namespace.as_str());
    again(mode, run, instance.as_deref(), other)
}

fn again(
    mode: Mode,
    (commands, release, namespace): (&Commands, &str, &str),
    instance: Option<&str>,
    other: Other,
) -> String {
    let what = match other {
        Other::Kafka => "restore into a new cluster of Kafka".to_owned(),
        Other::Class => format!("restore with another class ({}.class)", keys::RESTORE_MARIADB.join(".")),
        Other::Name => format!(
            "give the new cluster another name ({})",
            [keys::RESTORE_KAFKA, &["mirrorBackAs"]].concat().join(".")
        ),
        Other::Groups => format!("name the groups ({}.groups)", keys::MIRROR.join(".")),
    };
    match (mode, instance) {
        (Mode::Upgrade, _) => format!("undo, and {what}:\n{}", commands.undo(release)),
        (Mode::Install, instance) => {
            let begins = format!(
                "or begin again, and {what}; nothing of the namespace was there before this run:\nkubectl delete namespace {}\n{}",
                word(namespace),
                commands.with_values("install", release)
            );
            match instance {
                Some(instance) => {
                    format!("{begins}\nInstance {instance} stays: name another one, and delete it if nobody needs it")
                }
                None => begins,
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_begun_again_as_it_was_begun() {
        let commands = Commands::of("prod", None);
        let of = |mode, instance| again(mode, (&commands, "streams", "prod"), instance, Other::Kafka);
        assert_eq!(
            of(Mode::Upgrade, Some("prod-2")),
            "undo, and restore into a new cluster of Kafka:\nhelm hwdr undo streams -n prod"
        );
        // An undo of an install would refuse.
        let install = of(Mode::Install, Some("prod-2"));
        assert!(!install.contains("undo") && install.contains("\nkubectl delete namespace prod\n"), "{install}");
        assert!(install.ends_with("Instance prod-2 stays: name another one, and delete it if nobody needs it"));
        assert!(of(Mode::Install, None).ends_with("helm hwdr install streams CHART -n prod -f values.yaml"));
    }
}
