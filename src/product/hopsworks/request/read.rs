//! Reads the request from the values: each setting by its type, with an error for a wrong one.

use serde_json::json;

use super::super::keys::{self, Path, below};
use super::{HopsFs, Keys, RONDB_FOLDER, Restore, S3, Snapshot, from_registry, metadata};
use crate::lint::view::number_digits;
use crate::mode::Mode;
use crate::product::hopsworks::backup_id::{BackupId, BackupIdError};
use crate::product::hopsworks::superset::asked::Asked;
use crate::refusal::Refusal;
use crate::values::{Data, Value};
use crate::velero::Velero;

/// The default number of worker pods: more help only with more than 10⁸ objects (docs/s3.md).
const WORKERS: usize = 4;

impl Restore {
    /// The restore that `values` ask for, or none.
    ///
    /// # Errors
    /// If a value has the wrong type, or the mode and the values contradict each other: then the intention is unclear.
    pub fn from_values(values: &Value, mode: Mode) -> Result<Option<Self>, Refusal> {
        let reader = Reader { values };
        let global = reader.backup_id(keys::BACKUP_ID)?;
        let rondb = reader.backup_id(keys::RONDB_BACKUP_ID)?;
        let snapshots = reader.snapshots(global.as_ref())?;
        let in_place = reader.boolean(keys::IN_PLACE)?;
        let clear = reader.boolean(keys::FORCE_DATA_CLEAR)?;

        let Some(backup_id) = global else {
            let first = snapshots.first().map(path_of);
            let alone = [rondb.is_some().then_some(keys::RONDB_BACKUP_ID), first.as_ref().map(|path| &path[..])];
            for path in alone.into_iter().flatten() {
                if let Some(value) = reader.at(path) {
                    return Err(error(
                        value,
                        path,
                        "restores one service alone: without the global id, HopsFS's data are silently not restored",
                        "set global._hopsworks.restoreFromBackup.backupId too",
                    ));
                }
            }
            if in_place {
                let value = reader.at_or_whole(keys::IN_PLACE);
                return Err(error(
                    value,
                    keys::IN_PLACE,
                    "asks for a restore, but there is no backupId",
                    "set global._hopsworks.restoreFromBackup.backupId, or remove inPlace",
                ));
            }
            return Ok(None);
        };
        let id = reader.at_or_whole(keys::BACKUP_ID);
        let velero = Velero::from_values(values)?;
        reader.chart_mode(mode)?;
        match mode {
            Mode::Install if in_place => {
                let value = reader.at_or_whole(keys::IN_PLACE);
                return Err(error(
                    value,
                    keys::IN_PLACE,
                    "restores onto a running cluster, but this is helm install",
                    "remove inPlace and forceDataClear to restore into a new cluster, or use helm upgrade",
                ));
            }
            Mode::Upgrade if !in_place => {
                return Err(error(
                    id,
                    keys::BACKUP_ID,
                    "names a backup to restore, but an upgrade restores only with inPlace: true",
                    "remove the restoreFromBackup block if the restore is done, or set inPlace and forceDataClear to true",
                ));
            }
            Mode::Upgrade if !clear => {
                let value = reader.at_or_whole(keys::IN_PLACE);
                return Err(error(
                    value,
                    keys::IN_PLACE,
                    "replaces the cluster's data, which forceDataClear: true must confirm",
                    "set global._hopsworks.restoreFromBackup.forceDataClear to true (without quotes)",
                ));
            }
            Mode::Install | Mode::Upgrade => {}
        }
        let [rondb_metadata, opensearch_metadata, _] = metadata(values)?;
        Ok(Some(Self {
            mode,
            rondb: rondb.unwrap_or_else(|| backup_id.clone()),
            backup_id,
            opensearch: snapshots,
            velero_main: reader.velero_backup(keys::VELERO_MAIN, &velero, &velero.main_schedule)?,
            velero_users: reader.velero_backup(keys::VELERO_USERS, &velero, &velero.users_schedule)?,
            velero,
            restore_s3: reader.s3_of_rondb(keys::RONDB_RESTORE)?,
            backups_s3: reader.s3_of_rondb(keys::RONDB_BACKUPS)?,
            cluster_s3: reader.s3_of_cluster()?,
            bucket: match reader.name(&below(keys::RONDB_RESTORE, &["s3", "bucketName"]))? {
                None => reader.bucket()?,
                bucket => bucket,
            },
            hopsfs_bucket: reader.bucket()?,
            backup_prefix: reader
                .name(&below(keys::RONDB_RESTORE, &["pathPrefix"]))?
                .map_or_else(|| RONDB_FOLDER.to_owned(), |prefix| prefix.trim_matches('/').to_owned()),
            rondb_metadata,
            opensearch_metadata,
            toolbox: reader.toolbox_image()?,
            hopsfs: reader.hopsfs()?,
            skips_tls_verify: reader.boolean(keys::SKIP_TLS_VERIFY)?,
            excluded_databases: reader.names(&below(keys::RONDB_RESTORE, &["excludeDatabases"]))?,
            excluded_tables: reader.names(&below(keys::RONDB_RESTORE, &["excludeTables"]))?,
            node_groups_may_change: reader.boolean(keys::FORCE_NODE_GROUP_CHANGE)?,
            rolls_in_sequence: reader.boolean(keys::SEQUENCED_ROLLOUT)?,
            wipes_on_uninstall: reader.at(keys::WIPES).is_none() || reader.boolean(keys::WIPES)?,
            not_honoured: reader.not_honoured(),
            rondb_seconds: reader.minutes(keys::RONDB_MINUTES)?,
            superset: Asked::from_values(values)?,
        }))
    }
}

/// The path of a snapshot's id in the values.
fn path_of(snapshot: &Snapshot) -> Vec<&str> {
    below(keys::OPENSEARCH_REPOSITORIES, &[&snapshot.repository, "snapshots", &snapshot.key, "snapshot_name"])
}

/// Reads single settings, and says which one is wrong.
pub(in crate::product::hopsworks) struct Reader<'v> {
    pub(in crate::product::hopsworks) values: &'v Value,
}

impl Reader<'_> {
    /// The value at `path`; null counts as absent, as it does in Helm.
    pub(in crate::product::hopsworks) fn at(&self, path: &[&str]) -> Option<&Value> {
        self.values.get(path).filter(|value| value.data != Data::Null)
    }

    /// The value at `path`, to point at it: all values if it is absent.
    pub(in crate::product::hopsworks) fn at_or_whole(&self, path: &[&str]) -> &Value {
        self.at(path).unwrap_or(self.values)
    }

    pub(in crate::product::hopsworks) fn string(&self, path: &[&str]) -> Result<Option<String>, Refusal> {
        match self.at(path) {
            None => Ok(None),
            Some(Value { data: Data::String(text), .. }) => Ok(Some(text.clone())),
            Some(value) => Err(error(value, path, "expected a string", "put it in quotes")),
        }
    }

    /// A name for paths and commands: no characters with a meaning there.
    pub(in crate::product::hopsworks) fn name(&self, path: &[&str]) -> Result<Option<String>, Refusal> {
        let Some(name) = self.string(path)?.filter(|name| !name.is_empty()) else { return Ok(None) };
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) && !name.contains("..") {
            return Ok(Some(name));
        }
        let value = self.at_or_whole(path);
        Err(error(value, path, "expected letters, digits, dashes, dots and slashes only", "give it another name"))
    }

    /// A list of databases or tables, which `ndb_restore` takes comma-separated.
    pub(super) fn names(&self, path: &[&str]) -> Result<Vec<String>, Refusal> {
        let Some(value) = self.at(path) else { return Ok(Vec::new()) };
        let wrong = |value: &Value| {
            error(
                value,
                path,
                "expected a list of names without commas or spaces",
                "write it as a list: [first, second]",
            )
        };
        let Data::List(items) = &value.data else { return Err(wrong(value)) };
        let name = |item: &Value| match &item.data {
            Data::String(name) if !name.is_empty() && !name.contains([',', ' ', '\n']) => Ok(name.clone()),
            _ => Err(wrong(item)),
        };
        items.iter().map(name).collect()
    }

    /// The chart's own `mode` overrides Helm's: with a wrong one, it renders no Job that creates MySQL's users, or recreates them.
    pub(in crate::product::hopsworks) fn chart_mode(&self, mode: Mode) -> Result<(), Refusal> {
        for path in [keys::RONDB_MODE, keys::MODE] {
            let Some(said) = self.string(path)?.filter(|said| !said.is_empty() && said != "auto") else { continue };
            if said != mode.word() {
                let value = self.at(path).unwrap_or(self.values);
                let problem = format!(
                    "is {said}, but this restore is a helm {}: the chart renders different objects for each",
                    mode.word()
                );
                let help = format!("write auto, or {} if only helm template renders", mode.word());
                return Err(error(value, path, &problem, &help));
            }
        }
        Ok(())
    }

    /// A setting that restores only some tables.
    pub(super) fn not_honoured(&self) -> Option<String> {
        ["includeTables", "includeDatabases"].into_iter().find_map(|key| {
            let path = below(keys::RONDB_RESTORE, &[key]);
            let value = self.at(&path)?;
            let empty = matches!(&value.data, Data::List(items) if items.is_empty());
            (!empty).then(|| path.join("."))
        })
    }

    /// Whether the object storage is inside the cluster.
    pub(super) fn is_in_minio(&self) -> Result<bool, Refusal> {
        Ok(!self.boolean(keys::OBJECT_STORAGE_ENABLED)? && self.boolean(keys::MINIO_ENABLED)?)
    }

    /// The bucket of the chart's backups: in the object storage that is on.
    pub(in crate::product::hopsworks) fn bucket(&self) -> Result<Option<String>, Refusal> {
        self.name(if self.is_in_minio()? { keys::MINIO_BUCKET } else { keys::BUCKET })
    }

    /// A time limit, in seconds.
    pub(super) fn minutes(&self, path: &[&str]) -> Result<Option<u64>, Refusal> {
        match self.at(path) {
            None => Ok(None),
            Some(value) => match value.to_json().as_f64() {
                Some(minutes) if (1.0..=525_600.0).contains(&minutes) => Ok(Some((minutes * 60.0) as u64)),
                _ => {
                    Err(error(value, path, "expected a number of minutes, from 1 to 525600", "write it without quotes"))
                }
            },
        }
    }

    pub(in crate::product::hopsworks) fn boolean(&self, path: &[&str]) -> Result<bool, Refusal> {
        match self.at(path) {
            None => Ok(false),
            Some(Value { data: Data::Bool(value), .. }) => Ok(*value),
            Some(value) => Err(error(
                value,
                path,
                "expected true or false: in a template any other text counts as true, even \"false\"",
                "write true or false, without quotes",
            )),
        }
    }

    pub(super) fn backup_id(&self, path: &[&str]) -> Result<Option<BackupId>, Refusal> {
        match self.at(path) {
            None => Ok(None),
            Some(Value { data: Data::String(text), .. }) if text.is_empty() => Ok(None),
            Some(value @ Value { data: Data::String(text), .. }) => {
                BackupId::parse(text).map(Some).map_err(|problem| {
                    let help = match problem {
                        BackupIdError::TooLarge => "take the id from the catalogue: RonDB's ids have nine digits",
                        _ => "take the id from the Backup tab of the cluster settings, like \"254811200\"",
                    };
                    error(value, path, &problem.to_string(), help)
                })
            }
            // Below a million a template prints the digits; RonDB's charts before 0.8 turn any number into an integer.
            Some(value @ Value { data: Data::Number(number), .. })
                if number.as_f64().fract() == 0.0
                    && (path.first() == Some(&"rondb") || value.rendered() == number_digits(number)) =>
            {
                let help = "take the id from the Backup tab of the cluster settings, like \"254811200\"";
                BackupId::parse(&number_digits(number))
                    .map(Some)
                    .map_err(|problem| error(value, path, &problem.to_string(), help))
            }
            Some(value) => Err(error(
                value,
                path,
                "expected a string of digits: Helm reads a number as a float, and 254811200 arrives as 2.548112e+08",
                "put the id in quotes, or give it with --set-string",
            )),
        }
    }

    pub(super) fn snapshots(&self, global: Option<&BackupId>) -> Result<Vec<Snapshot>, Refusal> {
        let mut snapshots = Vec::new();
        if let Some(Value { data: Data::Map(repositories), .. }) = self.at(keys::OPENSEARCH_REPOSITORIES) {
            for repository in repositories.keys() {
                let of_repository = below(keys::OPENSEARCH_REPOSITORIES, &[repository.as_str(), "snapshots"]);
                let Some(Value { data: Data::Map(keys), .. }) = self.at(&of_repository) else { continue };
                for key in keys.keys() {
                    let at = |last: &[&'static str]| [&of_repository[..], &[key.as_str()], last].concat();
                    let id = self.backup_id(&at(&["snapshot_name"]))?.or_else(|| global.cloned());
                    let indices = self.string(&at(&["payload", "indices"]))?;
                    let payload = match self.at(&at(&["payload"])) {
                        None => json!({}),
                        Some(value @ Value { data: Data::Map(_), .. }) => value.to_json(),
                        Some(value) => {
                            return Err(error(value, &at(&["payload"]), "expected a map", "see OpenSearch's _restore"));
                        }
                    };
                    for name in [repository, key] {
                        if !is_name(name) {
                            let value = self.at(&at(&[])).unwrap_or(self.values);
                            return Err(error(
                                value,
                                &at(&[]),
                                &format!(
                                    "`{name}` becomes part of a Job's name: lower-case letters, digits and dashes only"
                                ),
                                "give the repository or snapshot a simpler key",
                            ));
                        }
                    }
                    if repository.len() + key.len() > 32 {
                        let value = self.at(&at(&[])).unwrap_or(self.values);
                        return Err(error(
                            value,
                            &at(&[]),
                            "the Job opensearch-restore-<repository>-<snapshot>-<id> would have more than 63 characters",
                            "give the repository or snapshot a shorter key",
                        ));
                    }
                    if let Some(id) = id {
                        snapshots.push(Snapshot {
                            repository: repository.clone(),
                            key: key.clone(),
                            id,
                            indices,
                            payload,
                        });
                    }
                }
            }
        }
        if let (true, Some(id)) = (snapshots.is_empty(), global) {
            snapshots.push(Snapshot {
                repository: "default".to_owned(),
                key: "default".to_owned(),
                id: id.clone(),
                indices: None,
                payload: json!({}),
            });
        }
        Ok(snapshots)
    }

    /// The `s3` of one of RonDB's blocks.
    pub(super) fn s3_of_rondb(&self, block: Path) -> Result<S3, Refusal> {
        let at = |keys: &[&'static str]| [block, &["s3"], keys].concat();
        let secret = |of: &'static str| -> Result<Option<(String, String)>, Refusal> {
            let name = self.filled(&at(&[of, "name"]))?;
            Ok(name.zip(self.filled(&at(&[of, "key"]))?))
        };
        let keys = secret("keyCredentialsSecret")?.zip(secret("secretCredentialsSecret")?);
        Ok(S3 {
            region: self.filled(&at(&["region"]))?,
            endpoint: self.filled(&at(&["endpoint"]))?,
            keys: keys.map(|(id, secret)| Keys { id, secret }),
        })
    }

    /// The cluster's own object storage, if that is on.
    pub(in crate::product::hopsworks) fn s3_of_cluster(&self) -> Result<S3, Refusal> {
        let at = |keys: &[&'static str]| below(keys::S3, keys);
        if !self.boolean(keys::OBJECT_STORAGE_ENABLED)? {
            return Ok(S3::default());
        }
        let secret = |key: &'static str| self.filled(&at(&["secret", key]));
        let keys = match (secret("name")?, secret("access_key_id")?, secret("secret_key_id")?) {
            (Some(name), Some(id), Some(key)) => Some(Keys { id: (name.clone(), id), secret: (name, key) }),
            _ => None,
        };
        Ok(S3 { region: self.filled(&at(&["region"]))?, endpoint: self.filled(&at(&["endpoint"]))?, keys })
    }

    /// A text that is not empty.
    pub(in crate::product::hopsworks) fn filled(&self, path: &[&str]) -> Result<Option<String>, Refusal> {
        Ok(self.string(path)?.filter(|text| !text.is_empty()))
    }

    pub(super) fn velero_backup(&self, path: Path, velero: &Velero, schedule: &str) -> Result<Option<String>, Refusal> {
        let Some(name) = self.string(path)?.filter(|name| !name.is_empty()) else { return Ok(None) };
        let value = self.at_or_whole(path);
        // The docs write …-20260213T153627Z; the API server refuses capitals in names, and Velero's own end in -20260213153627.
        let well_formed = name.len() <= 253
            && name.strip_prefix(schedule).is_some_and(|rest| rest.starts_with('-'))
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.');
        if !well_formed {
            return Err(error(
                value,
                path,
                &format!(
                    "expected the name of a Velero backup of the schedule {schedule}, like {schedule}-20260213153627"
                ),
                &format!("list them with: kubectl get backups -n {}", velero.namespace),
            ));
        }
        Ok(Some(name))
    }

    pub(in crate::product::hopsworks) fn toolbox_image(&self) -> Result<Option<String>, Refusal> {
        self.image(&below(keys::TOOLBOX, &["image"]))
    }

    /// An image, with the chart's registry if it names none.
    pub(super) fn image(&self, path: &[&str]) -> Result<Option<String>, Refusal> {
        let image = self.string(path)?;
        let registry = self.string(keys::REGISTRY)?.filter(|name| !name.is_empty());
        Ok(image.filter(|image| !image.is_empty()).map(|image| from_registry(&image, registry.as_deref())))
    }

    pub(super) fn hopsfs(&self) -> Result<HopsFs, Refusal> {
        let at = |key: &'static str| below(keys::HOPSFS, &[key]);
        let image = self.image(&at("image"))?;
        let pods = match self.at(&at("pods")) {
            None => WORKERS,
            Some(value) => match value.to_json().as_f64() {
                Some(pods) if (1.0..=64.0).contains(&pods) && pods.fract() == 0.0 => pods as usize,
                _ => return Err(error(value, &at("pods"), "expected a number of pods, from 1 to 64", "write pods: 8")),
            },
        };
        match (self.string(&at("from"))?.as_deref(), image) {
            (Some("here"), _) => Ok(HopsFs::Here),
            (None | Some("" | "cluster"), Some(image)) => Ok(HopsFs::Worker { image, pods }),
            (None | Some("" | "cluster"), None) => Ok(HopsFs::Toolbox),
            (Some(_), _) => {
                let value = self.at_or_whole(&at("from"));
                Err(error(value, &at("from"), "expected cluster (the default) or here", "write from: here"))
            }
        }
    }
}

/// Whether `name` can be part of a Kubernetes name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(in crate::product::hopsworks) fn error(value: &Value, path: &[&str], problem: &str, help: &str) -> Refusal {
    Refusal::new(format!("{}: {problem}", path.join("."))).at(Some(value.place.clone())).help(help)
}
