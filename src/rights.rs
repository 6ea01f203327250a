//! What each command does in the cluster, and so what it must be allowed to do: the only list of rights. `hwdr rbac` prints it, and the
//! preflight of a restore checks it.

pub mod chart;
mod list;
pub mod print;

use Command::{
    Backups, BackupsCreate, BackupsKeep, Bsl, Doctor, Finalize, History, Install, Monitor, Objects, Rerun, Resume,
    Status, Undo, Upgrade, Verify, Watch,
};

pub use list::ALL;

/// Makes the enum of commands, each with its name on the command line.
macro_rules! commands {
    ($($command:ident $name:literal,)*) => {
        /// A command that uses the cluster.
        #[allow(missing_docs, reason = "each is the command of its name")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Command {
            $($command,)*
        }

        impl Command {
            /// All of them.
            pub const ALL: [Self; [$($name),*].len()] = [$($command),*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $($command => $name,)*
                }
            }
        }
    };
}

commands! {
    Upgrade "upgrade",
    Install "install",
    Resume "resume",
    Undo "undo",
    Finalize "finalize",
    Rerun "rerun",
    Watch "watch",
    History "history",
    Bsl "bsl",
    Objects "objects",
    Backups "backups",
    BackupsCreate "backups-create",
    BackupsKeep "backups-keep",
    Verify "verify",
    Status "status",
    Monitor "monitor",
    Doctor "doctor",
}

impl Command {
    /// Whether it makes Helm apply a chart, which needs more rights than are known here.
    pub fn runs_helm(self) -> bool {
        matches!(self, Upgrade | Install | Resume | Undo | Finalize | Rerun)
    }
}

/// Where a right applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// In the release's namespace.
    Release,
    /// In Velero's namespace.
    Velero,
    /// In the whole cluster.
    Cluster,
}

/// A rule of a Role, and the reason for it.
#[derive(Debug, Clone, Copy)]
pub struct Right {
    /// Where it applies.
    pub place: Scope,
    /// The API group; empty for Kubernetes' core.
    pub group: &'static str,
    /// The resource, or `resource/subresource`.
    pub resource: &'static str,
    /// The verbs on it.
    pub verbs: &'static [&'static str],
    /// The commands that use it.
    pub of: &'static [Command],
    /// What it is for.
    pub why: &'static str,
    /// What the commands do without it; `None` if they refuse.
    pub without: Option<&'static str>,
    /// When it is used; `None` if every run uses it.
    pub when: Option<&'static str>,
    /// The only object that it applies to; `None` for all.
    pub name: Option<&'static str>,
}

impl Right {
    /// The right to a subresource in place of the kind itself.
    const fn part(self, resource: &'static str) -> Self {
        Self { resource, ..self }
    }

    const fn without(self, what: &'static str) -> Self {
        Self { without: Some(what), ..self }
    }

    const fn when(self, what: &'static str) -> Self {
        Self { when: Some(what), ..self }
    }

    const fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }
}

/// The rights of a command, in the order of the list.
pub fn of(command: Command) -> impl Iterator<Item = &'static Right> {
    ALL.iter().filter(move |right| right.of.contains(&command))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Scope::Release;
    use super::*;
    use crate::cluster::Kind;

    /// Each right can be removed separately, so that a test can show that it is needed.
    #[test]
    fn no_verb_is_granted_twice() {
        for command in Command::ALL {
            let mut seen = BTreeSet::new();
            for right in of(command) {
                for verb in right.verbs {
                    let it = (format!("{:?}", right.place), right.group, right.resource, *verb);
                    assert!(seen.insert(it.clone()), "{}: {it:?} twice", command.name());
                }
            }
            assert!(!seen.is_empty());
        }
    }

    #[test]
    fn no_right_is_a_wildcard_or_more_than_its_reason() {
        for right in ALL {
            for word in right.verbs.iter().chain([&right.resource, &right.group]) {
                assert!(!word.contains('*'), "{right:?}");
            }
            assert!(
                !right.verbs.iter().any(|verb| ["escalate", "bind", "impersonate", "deletecollection"].contains(verb))
            );
            assert!(!right.why.is_empty() && !right.of.is_empty());
            assert!([right.when, right.without, right.name].into_iter().flatten().all(|text| !text.is_empty()));
        }
        let reads = ["get", "list", "watch"];
        for command in [Watch, History, Backups, Status, Monitor] {
            assert!(of(command).flat_map(|right| right.verbs).all(|verb| reads.contains(verb)));
        }
    }

    /// Verbs on resources, for rights without which the command refuses or stops.
    fn needs(command: Command) -> BTreeSet<(Scope, &'static str, &'static str, &'static str)> {
        let needed = of(command).filter(|right| right.without.is_none());
        needed
            .flat_map(|right| right.verbs.iter().map(|verb| (right.place, right.group, right.resource, *verb)))
            .collect()
    }

    /// `rerun` is `upgrade` after removing the markers, and `resume` continues any run, without the checks before its start.
    #[test]
    fn who_does_the_same_needs_the_same() {
        assert!(needs(Upgrade).is_subset(&needs(Rerun)));
        assert!(needs(Undo).is_subset(&needs(Resume)) && needs(Install).is_subset(&needs(Resume)));
        let only_before = (Release, Kind::AUTOSCALER.group, Kind::AUTOSCALER.plural, "list");
        assert_eq!(needs(Upgrade).difference(&needs(Resume)).collect::<Vec<_>>(), [&only_before]);
    }
}
