//! The values that ask for a restore of given backups.

use serde_json::{Value as Json, json};

use super::super::keys::{self, below};
use super::super::opensearch::OpenSearch;
use super::super::superset::Superset;
use crate::mode::Mode;
use crate::product::service::Service as _;

/// The values that restore the backup `id`, whose parts have these names, each behind that of its series.
pub fn values_of(id: &str, parts: &[(String, &str)], mode: Mode) -> Json {
    let part = |series: &str| parts.iter().find(|(name, _)| name == series).map(|(_, part)| *part);
    let mut values = json!({});
    set(&mut values, keys::BACKUP_ID, id.into());
    if mode == Mode::Upgrade {
        set(&mut values, keys::IN_PLACE, true.into());
        set(&mut values, keys::FORCE_DATA_CLEAR, true.into());
    }
    if let Some(own) = part(OpenSearch.name()).filter(|own| *own != id) {
        let usual: Vec<_> = keys::SNAPSHOT_NAMES.iter().map(|key| if *key == "*" { "default" } else { key }).collect();
        set(&mut values, &usual, own.into());
    }
    if let Some(own) = part(Superset.name()) {
        set(&mut values, &below(keys::SUPERSET_RESTORE, &["enabled"]), true.into());
        set(&mut values, &below(keys::SUPERSET_RESTORE, &["backupId"]), own.into());
    }
    for (path, series) in [(keys::VELERO_MAIN, "objects/main"), (keys::VELERO_USERS, "objects/users")] {
        if let Some(name) = part(series) {
            set(&mut values, path, name.into());
        }
    }
    values
}

fn set(values: &mut Json, path: &[&str], value: Json) {
    let mut at = values;
    for key in path {
        at = &mut at[*key];
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_named_where_it_is_another_one() {
        let parts =
            [("rondb", "254811200"), ("opensearch", "254811140"), ("objects/main", "m-1"), ("objects/users", "u-1")];
        let parts = parts.map(|(series, name)| (series.to_owned(), name));
        assert_eq!(
            values_of("254811200", &parts, Mode::Upgrade),
            json!({
                "global": {"_hopsworks": {"restoreFromBackup": {"backupId": "254811200", "inPlace": true, "forceDataClear": true}}},
                "olk": {"opensearch": {"restore": {"repositories": {"default": {"snapshots": {"default": {"snapshot_name": "254811140"}}}}}}},
                "hopsworks": {"velero": {"restore": {"mainScheduleBackupId": "m-1", "usersScheduleBackupId": "u-1"}}},
            })
        );
        let with_superset = [("superset".to_owned(), "20260722215632-2116913658")];
        assert_eq!(
            values_of("254811200", &with_superset, Mode::Install),
            json!({"global": {"_hopsworks": {"restoreFromBackup": {"backupId": "254811200",
                "superset": {"enabled": true, "backupId": "20260722215632-2116913658"}}}}})
        );
        assert_eq!(
            values_of("254811200", &[("opensearch".to_owned(), "254811200")], Mode::Install),
            json!({"global": {"_hopsworks": {"restoreFromBackup": {"backupId": "254811200"}}}})
        );
    }
}
