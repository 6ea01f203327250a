//! What `--fix` changes: fields that can be set without losing anything, and set back; and objects that are missing.

use serde_json::{Value as Json, json};

use super::Facts;
use crate::cluster::Kind;

/// A field to be set, or an object to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct Mend {
    /// The object's kind.
    pub kind: Kind,
    /// Its namespace, if it has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The field: a JSON pointer; empty for the object itself.
    pub field: &'static str,
    /// What it is; null if it is not there.
    pub from: Json,
    /// What it should be.
    pub to: Json,
    /// Why.
    pub why: String,
}

impl Mend {
    /// The patch that sets it (RFC 7386).
    pub fn patch(&self) -> Json {
        let keys = self.field.trim_start_matches('/').rsplit('/');
        keys.fold(self.to.clone(), |value, key| json!({key: value}))
    }

    /// Whether the object still is as it was.
    pub fn applies_to(&self, object: &Json) -> bool {
        object.pointer(self.field) == Some(&self.from)
    }
}

/// What is safe to change: volumes outlive their claims; what makes backups works again, if no restore has paused it.
pub fn mends(facts: &Facts) -> Vec<Mend> {
    let mut mends = facts.product.mends(facts);
    for volume in facts.volumes.iter().flatten().filter(|volume| volume.policy == "Delete") {
        mends.push(Mend {
            kind: Kind::VOLUME,
            namespace: None,
            name: volume.volume.clone(),
            field: "/spec/persistentVolumeReclaimPolicy",
            from: json!("Delete"),
            to: json!("Retain"),
            why: format!("it outlives its claim {}", volume.name()),
        });
    }
    // Only if it is known that no restore has paused them.
    let is_at_rest = |run: &Result<crate::run::state::State, _>| run.as_ref().is_ok_and(|state| !state.phase.is_open());
    if facts.runs.as_ref().is_ok_and(|runs| runs.iter().all(is_at_rest)) {
        for maker in facts.makers.iter().flatten().filter(|maker| maker.was) {
            let (kind, field) = match maker.kind.as_str() {
                "Schedule" => (Kind::SCHEDULE, "/spec/paused"),
                _ => (Kind::CRON_JOB, "/spec/suspend"),
            };
            mends.push(Mend {
                kind,
                namespace: Some(maker.namespace.clone()),
                name: maker.name.clone(),
                field,
                from: json!(true),
                to: json!(false),
                why: "it makes backups again".to_owned(),
            });
        }
    }
    mends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_sets_one_field_of_what_is_still_as_it_was() {
        let mend = Mend {
            kind: Kind::CRON_JOB,
            namespace: Some("ns".to_owned()),
            name: "x".to_owned(),
            field: "/spec/suspend",
            from: json!(true),
            to: json!(false),
            why: "so".to_owned(),
        };
        assert_eq!(mend.patch(), json!({"spec": {"suspend": false}}));
        assert!(mend.applies_to(&json!({"spec": {"suspend": true}})));
        for other in [json!({"spec": {"suspend": false}}), json!({"spec": {}}), json!(null)] {
            assert!(!mend.applies_to(&other), "{other}");
        }
        assert_eq!(mend.text(), "CronJob/x in namespace ns: spec.suspend: true -> false (so)");
    }

    #[test]
    fn an_object_is_created_where_there_is_none() {
        let mend = Mend {
            kind: Kind::SCHEDULE,
            namespace: Some("ns".to_owned()),
            name: "x".to_owned(),
            field: "",
            from: Json::Null,
            to: json!({"spec": {}}),
            why: "so".to_owned(),
        };
        assert!(mend.applies_to(&Json::Null) && !mend.applies_to(&json!({"spec": {}})));
        assert_eq!(mend.text(), "Schedule/x in namespace ns: missing -> created (so)");
    }
}
