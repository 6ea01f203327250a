//! The Schedule of the namespace: the chart has none, so hwdr says how to make it, and compares it with the settings.

use serde_json::{Value as Json, json};

use crate::backups::Seen;
use crate::cluster::condition::text;
use crate::doctor::Facts;
use crate::lint::cron::go_seconds;
use crate::shown::{kept, patch_command, word};
use crate::velero::Velero;

/// What the settings want.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'w> {
    /// The namespace that is backed up.
    pub namespace: &'w str,
    /// What Velero's things are called.
    pub velero: &'w Velero,
    /// When it fires.
    pub cron: &'w str,
    /// How long a backup is kept, in seconds.
    pub ttl: i64,
}

/// Something that differs, and the command that changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// What is the case, and what the settings say.
    pub what: String,
    /// The command.
    pub fix: String,
}

impl<'w> Wanted<'w> {
    pub(super) fn of_seen(seen: &'w Seen) -> Option<Self> {
        let (cron, ttl) = (seen.cron.as_deref()?, seen.ttl?);
        Some(Self { namespace: &seen.namespace, velero: &seen.velero, cron, ttl })
    }

    pub(super) fn of_facts(facts: &'w Facts) -> Option<Self> {
        let (cron, ttl) = (facts.storage.cron.as_deref()?, facts.storage.ttl?);
        Some(Self { namespace: &facts.place.namespace, velero: &facts.velero, cron, ttl })
    }

    fn name(&self) -> &'w str {
        &self.velero.main_schedule
    }

    /// The object.
    pub(super) fn object(&self) -> Json {
        json!({
            "apiVersion": "velero.io/v1",
            "kind": "Schedule",
            "metadata": {"name": self.name(), "namespace": self.velero.namespace},
            "spec": {
                "schedule": self.cron,
                "template": {
                    "includedNamespaces": [self.namespace],
                    "storageLocation": self.velero.location,
                    "ttl": duration(self.ttl),
                },
            },
        })
    }

    /// The command that creates it.
    pub(super) fn command(&self) -> String {
        format!(
            "velero schedule create {} -n {} \\\n  --schedule {} --ttl {} \\\n  --storage-location {} --include-namespaces {}",
            word(self.name()),
            word(&self.velero.namespace),
            word(self.cron),
            duration(self.ttl),
            word(&self.velero.location),
            word(self.namespace)
        )
    }

    /// The command that deletes it.
    pub(super) fn deletion(&self) -> String {
        format!("kubectl -n {} delete schedules.velero.io {}", word(&self.velero.namespace), word(self.name()))
    }

    /// How an existing one differs. What it backs up is not looked at here.
    pub(super) fn differences(&self, there: &Json) -> Vec<Difference> {
        let (cron, ttl, location) = (
            text(there, "/spec/schedule"),
            text(there, "/spec/template/ttl"),
            text(there, "/spec/template/storageLocation"),
        );
        let name = self.name();
        let patch = |spec: String| patch_command(&self.velero.namespace, "schedules.velero.io", name, &spec);
        let mut found = Vec::new();
        if !cron.split_whitespace().eq(self.cron.split_whitespace()) {
            found.push(Difference {
                what: format!("Schedule/{name} fires at {:?}, and the settings say {:?}", kept(cron), self.cron),
                fix: patch(format!("\"schedule\":{}", json!(self.cron))),
            });
        }
        // Without one, Velero's server has its own.
        if !ttl.is_empty() && go_seconds(ttl) != Some(self.ttl) {
            let wanted = duration(self.ttl);
            found.push(Difference {
                what: format!("Schedule/{name} keeps backups for {}, and the settings say {wanted}", kept(ttl)),
                fix: patch(format!("\"template\":{{\"ttl\":\"{wanted}\"}}")),
            });
        }
        if location != self.velero.location {
            let is = if location.is_empty() { "Velero's default location".to_owned() } else { kept(location) };
            let wanted = &self.velero.location;
            found.push(Difference {
                what: format!("Schedule/{name} writes to {is}, and the settings say {wanted}"),
                fix: patch(format!("\"template\":{{\"storageLocation\":{}}}", json!(wanted))),
            });
        }
        found
    }
}

/// Seconds as Velero writes them: whole hours, as the settings have them.
fn duration(seconds: i64) -> String {
    if seconds % 3_600 == 0 { format!("{}h", seconds / 3_600) } else { format!("{seconds}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::velero::Scope;

    fn velero() -> Velero {
        let main_schedule = "streams".to_owned();
        Velero { namespace: "velero".to_owned(), location: "default".to_owned(), main_schedule, ..Velero::default() }
    }

    #[test]
    fn what_is_made_is_what_was_wanted() {
        let velero = velero();
        let wanted = Wanted { namespace: "prod", velero: &velero, cron: "0 3 * * *", ttl: 720 * 3_600 };
        let object = wanted.object();
        assert_eq!(wanted.differences(&object), []);
        assert_eq!(Scope::of(&object["spec"]["template"]).objection(Some("prod")), None);
        assert_eq!(
            wanted.command(),
            "velero schedule create streams -n velero \\\n  --schedule '0 3 * * *' --ttl 720h \\\n  \
             --storage-location default --include-namespaces prod"
        );
    }

    #[test]
    fn what_differs_is_said_with_the_command() {
        let velero = velero();
        let wanted = Wanted { namespace: "prod", velero: &velero, cron: "0 3 * * *", ttl: 720 * 3_600 };
        for (pointer, value, what, fix) in [
            ("/spec/schedule", "0 3  * * *", "", ""),
            ("/spec/template/ttl", "720h0m0s", "", ""),
            ("/spec/template/ttl", "", "", ""),
            (
                "/spec/schedule",
                "@daily",
                "Schedule/streams fires at \"@daily\", and the settings say \"0 3 * * *\"",
                r#"--type merge -p '{"spec":{"schedule":"0 3 * * *"}}'"#,
            ),
            (
                "/spec/template/ttl",
                "24h0m0s",
                "Schedule/streams keeps backups for 24h0m0s, and the settings say 720h",
                r#"-p '{"spec":{"template":{"ttl":"720h"}}}'"#,
            ),
            (
                "/spec/template/storageLocation",
                "other",
                "Schedule/streams writes to other, and the settings say default",
                r#"-p '{"spec":{"template":{"storageLocation":"default"}}}'"#,
            ),
            (
                "/spec/template/storageLocation",
                "",
                "Schedule/streams writes to Velero's default location, and the settings say default",
                "kubectl -n velero patch schedules.velero.io streams",
            ),
        ] {
            let mut there = wanted.object();
            *there.pointer_mut(pointer).unwrap() = value.into();
            match wanted.differences(&there).as_slice() {
                [] => assert_eq!(what, "", "{pointer} {value}"),
                [found] => {
                    assert_eq!(found.what, what);
                    assert!(found.fix.contains(fix), "{}", found.fix);
                }
                more => panic!("{more:?}"),
            }
        }
    }
}
