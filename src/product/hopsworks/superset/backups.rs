//! Superset's backups, as its CronJob records them, and the fence that keeps it from making any.

use serde_json::Value as Json;

use super::id::SupersetId;
use super::{AUDIT, BACKUP, FENCE, NAME, Superset};
use crate::backups::{Fault, Join, PartState, Seen, Series, Severity};
use crate::cluster::condition::text;
use crate::product::hopsworks::catalogue::{self, Service};
use crate::product::service::Service as _;
use crate::shown::{kept, word};

/// How its backups are turned on.
pub(super) const TURN_ON: &str =
    "set global._hopsworks.backups.enabled to true in the values, leave out superset.backups.enabled, and upgrade";

/// What the cluster knows of its backups; none if it has none, nothing makes them, and no values switch it on: then Superset is not there.
pub(super) fn series(seen: &Seen) -> Option<Series> {
    let series = catalogue::series::<SupersetId>(seen, Service::Superset, NAME, Superset.title(), BACKUP);
    let is_made = series.makers.as_ref().is_ok_and(|makers| !makers.is_empty());
    let is_expected = seen.expected.contains(&NAME);
    if !is_made && !is_expected && series.parts.is_empty() && series.odd.is_none() {
        return None;
    }
    let fence = fence(seen.config_maps.as_deref().unwrap_or_default(), &seen.namespace);
    let mut series = Series { join: Join::Optional, turn_on: TURN_ON, ..series };
    let unrecorded = series.parts.iter_mut().filter(|part| part.job.is_some());
    for state in unrecorded.map(|part| &mut part.state) {
        match state {
            PartState::Unknown(_) if fence.is_some() => {
                *state = PartState::Failed(format!(
                    "it was skipped: a restore of Superset is under way, or has failed ({FENCE} in ConfigMap/{AUDIT})"
                ));
            }
            PartState::Unknown(why) => why.push_str(": a run is skipped while a restore of Superset is under way"),
            _ => {}
        }
    }
    series.faults.extend(fence);
    Some(series)
}

/// The problem that Superset is not backed up, if its last restore has not ended well yet.
pub(super) fn fence(config_maps: &[Json], namespace: &str) -> Option<Fault> {
    let audit = config_maps.iter().find(|object| text(object, "/metadata/name") == AUDIT)?;
    let of = audit.pointer("/data")?.get(FENCE)?.as_str().unwrap_or_default();
    let namespace = word(namespace);
    let what = format!(
        "Superset's restore is under way, or has failed ({FENCE} in ConfigMap/{AUDIT}: {}): until it is gone, Superset is not backed up",
        kept(of)
    );
    Some(Fault::new(Severity::Warning, what).fix(format!(
        "restore Superset; or, if it works, let hwdr read its database and remove the key:\nhelm hwdr doctor -n {namespace} --fix"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backups::BackupPart;
    use crate::product::FIRST;
    use crate::velero::Velero;

    const ID: &str = "20260722215632-2116913658";

    fn seen() -> Seen {
        Seen {
            now: "2026-07-24T00:00:00Z".parse().unwrap(),
            namespace: "hopsworks".to_owned(),
            velero: Velero::default(),
            ttl: None,
            cron: None,
            records: FIRST.record_names(None).unwrap(),
            expected: Vec::new(),
            config_maps: Ok(Vec::new()),
            cron_jobs: Ok(Vec::new()),
            jobs: Ok(Vec::new()),
            backups: Ok(Vec::new()),
            schedules: Ok(Vec::new()),
            locations: Ok(Vec::new()),
        }
    }

    fn config_map(name: &str, data: Json) -> Json {
        json!({"metadata": {"name": name}, "data": data})
    }

    fn cron_job() -> Json {
        let container = json!({"name": "backup", "command": ["bash", "-c", "mysqldump superset"], "env": [{"name": "BACKUP_TTL", "value": "10d"}]});
        json!({"metadata": {"name": "create-superset-backup", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"schedule": "@daily",
            "jobTemplate": {"spec": {"template": {"metadata": {"labels": {}}, "spec": {"containers": [container]}}}}}})
    }

    /// A run of the CronJob that is complete.
    fn job(at: &str) -> Json {
        json!({"metadata": {"name": "create-superset-backup-1", "ownerReferences": [{"kind": "CronJob", "name": "create-superset-backup"}]},
            "status": {"startTime": at, "completionTime": at, "conditions": [{"type": "Complete", "status": "True"}]}})
    }

    fn shown(parts: &[BackupPart]) -> Vec<String> {
        let one =
            |part: &BackupPart| format!("{} {} {}", part.name, part.state.word(), part.state.why().unwrap_or_default());
        parts.iter().map(|part| one(part).trim_end().to_owned()).collect()
    }

    fn record(state: &str) -> Json {
        config_map(super::super::METADATA, json!({ID: json!({"state": state}).to_string()}))
    }

    #[test]
    fn a_cluster_without_superset_has_no_series() {
        assert!(series(&seen()).is_none());
        let fenced = Seen { config_maps: Ok(vec![config_map(AUDIT, json!({FENCE: ID}))]), ..seen() };
        assert!(series(&fenced).is_none());
        let unread = Fault::new(Severity::Unknown, "cannot be read");
        let (config_maps, cron_jobs) = (Err(unread.clone()), Err(unread));
        assert!(series(&Seen { config_maps, cron_jobs, ..seen() }).is_none());
    }

    /// It runs, and nothing has ever backed it up.
    #[test]
    fn without_a_backup_it_is_seen_if_the_values_switch_it_on() {
        for (values, is_seen) in [
            ("global: {_hopsworks: {superset: {enabled: true}}}", true),
            ("global: {_hopsworks: {full_platform: true}}", true),
            ("superset: {backups: {enabled: false}}", true),
            ("superset: {mysql: {enabled: true}}", false),
            ("global: {_hopsworks: {superset: {enabled: false}}}\nsuperset: {backups: {enabled: false}}", false),
            ("{}", false),
        ] {
            let read = crate::values::read_one(crate::source::Source::new("v.yaml", values.to_owned())).unwrap();
            let found = series(&Seen { expected: FIRST.expected(&read), ..seen() });
            assert_eq!(found.is_some(), is_seen, "{values}");
            let Some(found) = found else { continue };
            assert!(
                found.makers.unwrap().is_empty() && found.parts.is_empty() && found.join == Join::Optional,
                "{values}"
            );
            assert!(found.turn_on.contains("superset.backups.enabled"), "{values}");
        }
    }

    #[test]
    fn its_backups_are_those_that_are_recorded() {
        let seen = Seen { config_maps: Ok(vec![record("SUCCESS")]), cron_jobs: Ok(vec![cron_job()]), ..seen() };
        let found = series(&seen).unwrap();
        assert_eq!(shown(&found.parts), [format!("{ID} good")]);
        let part = &found.parts[0];
        assert_eq!((part.is_id, part.time.unwrap().to_string().as_str()), (true, "2026-07-22T21:56:32Z"));
        assert_eq!(part.expires.unwrap().to_string(), "2026-08-01T21:56:32Z");
        assert_eq!((found.join, found.makers.unwrap().len(), found.faults.len()), (Join::Optional, 1, 0));
        // No other service takes its ids for its own, nor its CronJob.
        for service in FIRST.services().iter().filter(|service| service.name() != NAME) {
            for series in service.backups(&seen).into_iter().filter(|series| series.join == Join::Own) {
                assert_eq!((series.parts.len(), series.makers.unwrap().len()), (0, 0), "{}", service.name());
            }
        }
        // An entry that is not of Superset.
        let odd = config_map(super::super::METADATA, json!({"254811200": "{}"}));
        let found = series(&Seen { config_maps: Ok(vec![odd]), ..seen.clone() }).unwrap();
        assert!(
            found
                .odd
                .unwrap()
                .what
                .contains("superset-backups-metadata/254811200: this is not an id of Superset's own")
        );
    }

    #[test]
    fn a_run_that_was_skipped_is_told_from_one_that_lost_its_record() {
        let complete = Seen { cron_jobs: Ok(vec![cron_job()]), jobs: Ok(vec![job("2026-07-23T22:00:00Z")]), ..seen() };
        let found = series(&complete).unwrap();
        assert_eq!(
            shown(&found.parts),
            [
                "create-superset-backup-1 unknown Job create-superset-backup-1 is complete, but no record names its backup: a run is skipped while a \
              restore of Superset is under way"
            ]
        );
        let fenced = Seen { config_maps: Ok(vec![config_map(AUDIT, json!({FENCE: ID, "h-1": "{}"}))]), ..complete };
        let found = series(&fenced).unwrap();
        assert_eq!(
            shown(&found.parts),
            [
                "create-superset-backup-1 failed it was skipped: a restore of Superset is under way, or has failed (inProgress in \
              ConfigMap/superset-restore-audit)"
            ]
        );
        let [fault] = found.faults.as_slice() else { panic!("{:?}", found.faults) };
        assert!(
            fault.severity == Severity::Warning && fault.what.contains("until it is gone, Superset is not backed up")
        );
        assert!(fault.fix.as_ref().unwrap().contains("doctor -n hopsworks --fix"));
    }
}
