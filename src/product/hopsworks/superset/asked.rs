//! What the values ask of Superset.

use super::METADATA;
use super::id::SupersetId;
use crate::product::hopsworks::keys::{self, below};
use crate::product::hopsworks::request::read::{Reader, error};
use crate::product::hopsworks::request::superset_place;
use crate::refusal::Refusal;
use crate::values::{Data, Value};

/// How long the chart gives its Job, in seconds.
const SECONDS: u64 = 14_400;

/// The restore of Superset that the values ask for (`global._hopsworks.restoreFromBackup.superset`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The backup.
    pub id: SupersetId,
    /// Who restores, for the audit trail; the chart has a default.
    pub initiated_by: Option<String>,
    /// How long the Job may take, in seconds.
    pub seconds: u64,
    /// The folder of Superset's backups in the bucket.
    pub folder: String,
    /// The Secret with the key that encrypts the passwords of connections.
    pub key: String,
    /// The first ConfigMap of the records of its backups.
    pub metadata: String,
}

impl Asked {
    /// What `values` ask for, or none.
    ///
    /// # Errors
    /// If a value has the wrong type, there is no id, or nothing that could be restored.
    pub fn from_values(values: &Value) -> Result<Option<Self>, Refusal> {
        let reader = Reader { values };
        let at = |key: &'static str| below(keys::SUPERSET_RESTORE, &[key]);
        if !reader.boolean(&at("enabled"))? {
            return Ok(None);
        }
        let path = at("backupId");
        let id = match reader.at(&path) {
            Some(Value { data: Data::String(text), .. }) => {
                SupersetId::parse(text).map_err(|problem| problem.to_string())
            }
            Some(_) => Err("expected a string: put the id in quotes".to_owned()),
            None => Err("superset.enabled asks for a restore, but there is no backupId".to_owned()),
        };
        let id = id.map_err(|problem| {
            error(reader.at_or_whole(&path), &path, &problem, "list the ids: helm hwdr backups list")
        })?;
        // "Deployed according to the first of these values that is set" (docs.hopsworks.ai, "Superset values").
        let on = [keys::SUPERSET_ENABLED, keys::FULL_PLATFORM].into_iter().find(|path| reader.at(path).is_some());
        if let Some(path) = on
            && !reader.boolean(path)?
        {
            let help = "set global._hopsworks.superset.enabled to true, or remove restoreFromBackup.superset";
            return Err(error(reader.at_or_whole(path), path, "Superset is off, and cannot be restored", help));
        }
        let path = keys::SUPERSET_MYSQL_ENABLED;
        if reader.at(path).is_some() && !reader.boolean(path)? {
            let help = "restore that database with its own tools, and remove restoreFromBackup.superset";
            let problem = "Superset's own MySQL is off: no other database is backed up or restored";
            return Err(error(reader.at_or_whole(path), path, problem, help));
        }
        let path = at("activeDeadlineSeconds");
        let seconds = match reader.at(&path) {
            None => SECONDS,
            Some(value) => match value.to_json().as_f64() {
                Some(seconds) if (60.0..=31_536_000.0).contains(&seconds) => seconds as u64,
                _ => return Err(error(value, &path, "expected seconds, from 60 to a year", "write 14400")),
            },
        };
        let [(key, usual), ..] = keys::SUPERSET_SECRETS;
        Ok(Some(Self {
            id,
            initiated_by: reader.filled(&at("initiatedBy"))?,
            seconds,
            folder: superset_place(values)?.folder,
            key: reader.name(&below(keys::SUPERSET_AUTH, &[key]))?.unwrap_or_else(|| usual.to_owned()),
            metadata: reader.name(&below(keys::METADATA, &["superset"]))?.unwrap_or_else(|| METADATA.to_owned()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    fn asked(restore: &str, more: &str) -> Result<Option<Asked>, Refusal> {
        let text = format!("global: {{_hopsworks: {{restoreFromBackup: {{superset: {restore}}}{more}}}}}\n");
        Asked::from_values(&read_one(Source::new("values.yaml", text)).unwrap())
    }

    #[test]
    fn a_restore_is_asked_for_by_enabled_alone() {
        const ID: &str = "20260722215632-2116913658";
        for restore in
            ["null", "{}", "{enabled: false}", &format!("{{backupId: '{ID}'}}"), "{enabled: false, backupId: x}"]
        {
            assert_eq!(asked(restore, ""), Ok(None), "{restore}");
        }
        let whole =
            asked(&format!("{{enabled: true, backupId: '{ID}', initiatedBy: ops, activeDeadlineSeconds: 600}}"), "");
        let whole = whole.unwrap().unwrap();
        assert_eq!((whole.id.as_str(), whole.seconds, whole.initiated_by.as_deref()), (ID, 600, Some("ops")));
        assert_eq!((whole.folder.as_str(), whole.key.as_str()), ("superset_backup", "superset-secret-key"));
    }

    #[test]
    fn what_cannot_be_restored_is_refused() {
        const GOOD: &str = "{enabled: true, backupId: '20260722215632-2116913658'}";
        for (restore, more, said) in [
            ("{enabled: true}", "", "there is no backupId"),
            ("{enabled: 'true'}", "", "expected true or false"),
            ("{enabled: true, backupId: '254811200'}", "", "not an id of Superset's own"),
            ("{enabled: true, backupId: 20260722215632}", "", "put the id in quotes"),
            ("{enabled: true, backupId: '20260722215632-1', activeDeadlineSeconds: 1}", "", "from 60 to a year"),
            (GOOD, ", superset: {enabled: false}", "Superset is off"),
            (GOOD, ", full_platform: false", "Superset is off"),
        ] {
            let refusal = asked(restore, more).unwrap_err();
            assert!(refusal.problem.contains(said), "{restore}{more}: {}", refusal.problem);
        }
        assert!(asked(GOOD, ", superset: {enabled: true}, full_platform: false").unwrap().is_some());
        let text = format!(
            "global: {{_hopsworks: {{restoreFromBackup: {{superset: {GOOD}}}}}}}\nsuperset: {{mysql: {{enabled: false}}}}\n"
        );
        let refusal = Asked::from_values(&read_one(Source::new("values.yaml", text)).unwrap()).unwrap_err();
        assert!(refusal.problem.contains("own MySQL is off"));
    }
}
