//! What the values ask for: the restore, in types that cannot be wrong.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use thiserror::Error;

use crate::backup_id::{BackupId, BackupIdError};
use crate::lint::ttl;
use crate::lint::view::number_digits;
use crate::mode::Mode;
use crate::names::is_object;
use crate::source::Place;
use crate::values::{Data, Value};

/// How the chart names what Velero has of this cluster: settings, whose defaults are the public docs' (`hopsworks.velero`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Velero {
    /// Velero's namespace.
    pub namespace: String,
    /// The Deployment of its server.
    pub deployment: String,
    /// The schedule of the cluster's own objects.
    pub main_schedule: String,
    /// The schedule of the users' resources.
    pub users_schedule: String,
    /// The storage location of both.
    pub location: String,
    /// Its folder in the bucket.
    pub prefix: String,
    /// Whether the bucket stands in the URL's path, where the values say so.
    pub path_style: Option<bool>,
}

impl Default for Velero {
    fn default() -> Self {
        Self {
            namespace: "velero".to_owned(),
            deployment: "velero".to_owned(),
            main_schedule: "k8s-backups-main".to_owned(),
            users_schedule: "k8s-backups-users-resources".to_owned(),
            location: "hopsworks-bsl".to_owned(),
            prefix: "k8s_backup".to_owned(),
            path_style: None,
        }
    }
}

impl Velero {
    /// What `values` say.
    ///
    /// # Errors
    /// Where a value is of the wrong type, or no name.
    pub fn from_values(values: &Value) -> Result<Self, SettingsError> {
        let reader = Reader { values };
        let usual = Self::default();
        let at = |keys: &[&'static str]| [&["hopsworks", "velero"], keys].concat();
        // They become names of objects, and parts of paths.
        let object = |keys: &[&'static str], usual: String| {
            let path = at(keys);
            match reader.string(&path)?.filter(|name| !name.is_empty()) {
                None => Ok(usual),
                Some(name) if is_object(&name) => Ok(name),
                Some(_) => Err(error(
                    reader.at(&path).unwrap_or(values),
                    &path,
                    "expected the name of an object: lower-case letters, digits, dashes and dots only",
                    &format!("the chart's default is {usual}"),
                )),
            }
        };
        let style = at(&["backup", "storageLocation", "s3ForcePathStyle"]);
        Ok(Self {
            namespace: object(&["namespace"], usual.namespace)?,
            deployment: object(&["deploymentName"], usual.deployment)?,
            main_schedule: object(&["backup", "mainScheduleName"], usual.main_schedule)?,
            users_schedule: object(&["backup", "usersScheduleName"], usual.users_schedule)?,
            location: object(&["backup", "storageLocation", "name"], usual.location)?,
            prefix: reader
                .name(&at(&["backup", "storageLocation", "storagePrefix"]))?
                .map_or(usual.prefix, |prefix| prefix.trim_matches('/').to_owned()),
            path_style: match reader.at(&style) {
                None => None,
                // Velero's own settings are texts.
                Some(Value { data: Data::String(text), .. }) => Some(text == "true"),
                Some(_) => Some(reader.boolean(&style)?),
            },
        })
    }

    /// The same in another namespace.
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// How the location is given write access, which the backups of the new cluster need.
    pub fn open(&self) -> String {
        format!(
            "kubectl -n {} patch backupstoragelocation {} \\\n  --type merge -p '{{\"spec\":{{\"accessMode\":\"ReadWrite\"}}}}'",
            self.namespace, self.location
        )
    }

    /// The schedules, main first.
    pub fn schedules(&self) -> [&str; 2] {
        [&self.main_schedule, &self.users_schedule]
    }
}

/// Object storage, as far as the values name it for one of its uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3 {
    /// The region.
    pub region: Option<String>,
    /// The server's address.
    pub endpoint: Option<String>,
    /// Where the keys are.
    pub keys: Option<Keys>,
}

/// Keys of the object storage, by Secret and key in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The id of the access key.
    pub id: (String, String),
    /// The access key itself.
    pub secret: (String, String),
}

/// A restore, as the values ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// Whether it goes onto the running cluster or into a new one.
    pub mode: Mode,
    /// `global._hopsworks.restoreFromBackup.backupId`: also what HopsFS is restored by.
    pub backup_id: BackupId,
    /// RonDB's: its own (`rondb.rondb.restoreFromBackup.backupId`), or the global one.
    pub rondb: BackupId,
    /// OpenSearch's snapshots, by repository: never empty.
    pub opensearch: Vec<Snapshot>,
    /// What Velero's things are called.
    pub velero: Velero,
    /// The Velero backup of the cluster's objects, where the values name one.
    pub velero_main: Option<String>,
    /// The Velero backup of the users' resources, where the values name one.
    pub velero_users: Option<String>,
    /// The bucket that backups are read from, where the values name one.
    pub bucket: Option<String>,
    /// The bucket of HopsFS's blocks: another one, where backups are read from elsewhere.
    pub hopsfs_bucket: Option<String>,
    /// Where RonDB's backup is read from (`rondb.rondb.restoreFromBackup.s3`).
    pub restore_s3: S3,
    /// Where RonDB's backups are written (`rondb.rondb.backups.s3`).
    pub backups_s3: S3,
    /// The cluster's own storage (`global._hopsworks.managedObjectStorage.s3`).
    pub cluster_s3: S3,
    /// The folder of RonDB's backups in the bucket.
    pub backup_prefix: String,
    /// The first ConfigMap of RonDB's backup metadata: later ones add `-1`, `-2`, … to its name.
    pub rondb_metadata: String,
    /// The first ConfigMap of OpenSearch's.
    pub opensearch_metadata: String,
    /// The image with bash, kubectl, rclone and jq, where the values name one.
    pub toolbox: Option<String>,
    /// Who brings HopsFS's bucket back, where the chart does not (`hwdr.hopsfs`).
    pub hopsfs: HopsFs,
    /// Whether OpenSearch's certificate is not checked, though the chart has a CA for it (`hwdr.opensearch.insecureSkipTLSVerify`).
    pub skips_tls_verify: bool,
    /// How long restoring RonDB may take, where the values say it.
    pub rondb_seconds: Option<u64>,
    /// Databases of RonDB's backup that the values leave out.
    pub excluded_databases: Vec<String>,
    /// Tables of it that they leave out: `database.table`.
    pub excluded_tables: Vec<String>,
    /// Whether the chart is told to let the number of node groups change (`rondb.rondb.forceNodeGroupChange`).
    pub node_groups_may_change: bool,
    /// Whether the chart starts data nodes anew one group after the other (`rondb.rondb.ndbmtdSequencedRollout.enabled`).
    pub rolls_in_sequence: bool,
    /// Whether the chart deletes data claims that are left when the release is uninstalled (`global._hopsworks.wipeDataOnUninstall`).
    pub wipes_on_uninstall: bool,
    /// A setting of RonDB's restore that hwdr's own Jobs do not honour, with dots; none where nothing of the kind is set.
    pub not_honoured: Option<String>,
}

/// Where backups and HopsFS's blocks are, and for how long backups are kept, as far as the values say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// The bucket.
    pub bucket: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The server's address, where it is not AWS.
    pub endpoint: Option<String>,
    /// `global._hopsworks.backups.ttl`, in seconds.
    pub ttl: Option<i64>,
}

impl Storage {
    /// What `values` say.
    ///
    /// # Errors
    /// Where a value is of the wrong type.
    pub fn from_values(values: &Value) -> Result<Self, SettingsError> {
        let reader = Reader { values };
        let managed = |key: &'static str| {
            let path = ["global", "_hopsworks", "managedObjectStorage", "s3", key];
            // Inside the cluster, MinIO has a name of its own, which is no setting.
            let minio = !reader.boolean(&["global", "_hopsworks", "managedObjectStorage", "enabled"])?
                && reader.boolean(&["global", "_hopsworks", "minio", "enabled"])?;
            if minio { Ok(None) } else { reader.string(&path).map(|text| text.filter(|text| !text.is_empty())) }
        };
        let path = ["global", "_hopsworks", "backups", "ttl"];
        let ttl = match reader.string(&path)?.filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(ttl::parse(&text).map_err(|wrong| {
                let value = reader.at_or_whole(&path);
                let meant = wrong.meant.unwrap_or_else(|| "60d".to_owned());
                error(value, &path, "expected a number of days or hours, like 60d or 36h", &format!("write {meant}"))
            })?),
        };
        Ok(Self { bucket: reader.bucket()?, region: managed("region")?, endpoint: managed("endpoint")?, ttl })
    }
}

/// Who brings HopsFS's bucket back: a key at the top of the values, which charts do not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HopsFs {
    /// The toolbox, with rclone: there wherever the chart is.
    Toolbox,
    /// hwdr's own image, in so many pods.
    Worker {
        /// The image (`hwdr.hopsfs.image`).
        image: String,
        /// How many pods (`hwdr.hopsfs.pods`).
        pods: usize,
    },
    /// The operator's machine (`hwdr.hopsfs.from: here`): the run itself does it.
    Here,
}

/// What restores although OpenSearch's certificate cannot be checked, as messages name it.
pub const SKIP_TLS_VERIFY: &str = "hwdr.opensearch.insecureSkipTLSVerify";

/// Pods of the worker where the values do not say it: more are of use for more than 10⁸ objects alone (docs/s3.md).
const WORKERS: usize = 4;

/// One OpenSearch snapshot to restore: `olk.opensearch.restore.repositories.<repository>.snapshots.<key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The repository's name in OpenSearch; `default` is the usual one.
    pub repository: String,
    /// The snapshot's key in the values; `default` is the usual one. Part of the marker's name.
    pub key: String,
    /// The snapshot's name: a backup id.
    pub id: BackupId,
    /// Which indices, in OpenSearch's own syntax (`"-myindex"` skips one); none means all.
    pub indices: Option<String>,
    /// The whole `payload`, a map: what `_restore` is given.
    pub payload: Json,
}

/// Why the values do not say what to restore.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {problem}")]
pub struct SettingsError {
    /// Where it was written.
    pub place: Place,
    /// The path in the values, with dots.
    pub path: String,
    /// What is wrong, and what was expected.
    pub problem: String,
    /// What to do about it.
    pub help: String,
}

/// On by default (the chart's).
const WIPES: [&str; 3] = ["global", "_hopsworks", "wipeDataOnUninstall"];

impl Snapshot {
    /// Where its id stands in the values.
    fn path(&self) -> [&str; 8] {
        ["olk", "opensearch", "restore", "repositories", &self.repository, "snapshots", &self.key, "snapshot_name"]
    }
}

impl Restore {
    /// The bucket of HopsFS's blocks.
    pub fn blocks(&self) -> Option<&str> {
        self.hopsfs_bucket.as_deref().or(self.bucket.as_deref())
    }

    /// The folder of RonDB's backups in that bucket, where they lie in it.
    pub fn beside_blocks(&self) -> Option<&str> {
        (self.hopsfs_bucket == self.bucket).then_some(self.backup_prefix.as_str())
    }

    /// The restore that `values` ask for, or none.
    ///
    /// # Errors
    /// Where a value is of the wrong type, or the mode and the values contradict each other: then the intention is unclear.
    pub fn from_values(values: &Value, mode: Mode) -> Result<Option<Self>, SettingsError> {
        let reader = Reader { values };
        let block = |key: &'static str| ["global", "_hopsworks", "restoreFromBackup", key];
        let global = reader.backup_id(&block("backupId"))?;
        let rondb = reader.backup_id(&["rondb", "rondb", "restoreFromBackup", "backupId"])?;
        let snapshots = reader.snapshots(global.as_ref())?;
        let in_place = reader.boolean(&block("inPlace"))?;
        let clear = reader.boolean(&block("forceDataClear"))?;

        let Some(backup_id) = global else {
            let path = ["rondb", "rondb", "restoreFromBackup", "backupId"];
            let first = snapshots.first().map(Snapshot::path);
            for path in
                [rondb.is_some().then_some(&path[..]), first.as_ref().map(|path| &path[..])].into_iter().flatten()
            {
                if let Some(value) = reader.at(path) {
                    return Err(error(
                        value,
                        path,
                        "restores one service alone: without the global id no HopsFS data comes back, and nothing says so",
                        "set global._hopsworks.restoreFromBackup.backupId too",
                    ));
                }
            }
            if in_place {
                let value = reader.at_or_whole(&block("inPlace"));
                return Err(error(
                    value,
                    &block("inPlace"),
                    "asks for a restore, but there is no backupId",
                    "set global._hopsworks.restoreFromBackup.backupId, or take inPlace out",
                ));
            }
            return Ok(None);
        };
        let id = reader.at_or_whole(&block("backupId"));
        let velero = Velero::from_values(values)?;
        reader.chart_mode(mode)?;
        match mode {
            Mode::Install if in_place => {
                let value = reader.at_or_whole(&block("inPlace"));
                return Err(error(
                    value,
                    &block("inPlace"),
                    "restores onto a running cluster, and this is helm install",
                    "take inPlace and forceDataClear out to restore into a new cluster, or use helm upgrade",
                ));
            }
            Mode::Upgrade if !in_place => {
                return Err(error(
                    id,
                    &block("backupId"),
                    "names a backup to restore, but an upgrade restores only with inPlace: true",
                    "take the restoreFromBackup block out if the restore is done, or set inPlace and forceDataClear to true",
                ));
            }
            Mode::Upgrade if !clear => {
                let value = reader.at_or_whole(&block("inPlace"));
                return Err(error(
                    value,
                    &block("inPlace"),
                    "replaces the cluster's data, which forceDataClear: true has to confirm",
                    "set global._hopsworks.restoreFromBackup.forceDataClear: true (without quotes)",
                ));
            }
            Mode::Install | Mode::Upgrade => {}
        }
        Ok(Some(Self {
            mode,
            rondb: rondb.unwrap_or_else(|| backup_id.clone()),
            backup_id,
            opensearch: snapshots,
            velero_main: reader.velero_backup("mainScheduleBackupId", &velero, &velero.main_schedule)?,
            velero_users: reader.velero_backup("usersScheduleBackupId", &velero, &velero.users_schedule)?,
            velero,
            restore_s3: reader.s3_of_rondb("restoreFromBackup")?,
            backups_s3: reader.s3_of_rondb("backups")?,
            cluster_s3: reader.s3_of_cluster()?,
            bucket: match reader.name(&["rondb", "rondb", "restoreFromBackup", "s3", "bucketName"])? {
                None => reader.bucket()?,
                bucket => bucket,
            },
            hopsfs_bucket: reader.bucket()?,
            backup_prefix: reader
                .name(&["rondb", "rondb", "restoreFromBackup", "pathPrefix"])?
                .map_or_else(|| "rondb_backup".to_owned(), |prefix| prefix.trim_matches('/').to_owned()),
            rondb_metadata: reader
                .name(&["global", "_hopsworks", "backups", "metadataStore", "configMap", "ronDB"])?
                .unwrap_or_else(|| "rondb-backups-metadata".to_owned()),
            opensearch_metadata: reader
                .name(&["global", "_hopsworks", "backups", "metadataStore", "configMap", "opensearch"])?
                .unwrap_or_else(|| "opensearch-backups-metadata".to_owned()),
            toolbox: reader.toolbox_image()?,
            hopsfs: reader.hopsfs()?,
            skips_tls_verify: reader.boolean(&["hwdr", "opensearch", "insecureSkipTLSVerify"])?,
            excluded_databases: reader.names(&["rondb", "rondb", "restoreFromBackup", "excludeDatabases"])?,
            excluded_tables: reader.names(&["rondb", "rondb", "restoreFromBackup", "excludeTables"])?,
            node_groups_may_change: reader.boolean(&["rondb", "rondb", "forceNodeGroupChange"])?,
            rolls_in_sequence: reader.boolean(&["rondb", "rondb", "ndbmtdSequencedRollout", "enabled"])?,
            wipes_on_uninstall: reader.at(&WIPES).is_none() || reader.boolean(&WIPES)?,
            not_honoured: reader.not_honoured(),
            rondb_seconds: reader.minutes(&["rondb", "rondb", "timeoutsMinutes", "restoreNativeBackup"])?,
        }))
    }
}

struct Reader<'v> {
    values: &'v Value,
}

impl Reader<'_> {
    /// The value at `path`; null counts as absent, as it does in Helm.
    fn at(&self, path: &[&str]) -> Option<&Value> {
        self.values.get(path).filter(|value| value.data != Data::Null)
    }

    /// The same for what was just read: to point at it.
    fn at_or_whole(&self, path: &[&str]) -> &Value {
        self.at(path).unwrap_or(self.values)
    }

    fn string(&self, path: &[&str]) -> Result<Option<String>, SettingsError> {
        match self.at(path) {
            None => Ok(None),
            Some(Value { data: Data::String(text), .. }) => Ok(Some(text.clone())),
            Some(value) => Err(error(value, path, "expected a string", "put it in quotes")),
        }
    }

    /// A name that goes into paths and commands: no characters that those would act on.
    fn name(&self, path: &[&str]) -> Result<Option<String>, SettingsError> {
        let Some(name) = self.string(path)?.filter(|name| !name.is_empty()) else { return Ok(None) };
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) && !name.contains("..") {
            return Ok(Some(name));
        }
        let value = self.at_or_whole(path);
        Err(error(value, path, "expected letters, digits, dashes, dots and slashes only", "give it another name"))
    }

    /// A list of databases or tables, which `ndb_restore` takes with commas between them.
    fn names(&self, path: &[&str]) -> Result<Vec<String>, SettingsError> {
        let Some(value) = self.at(path) else { return Ok(Vec::new()) };
        let wrong = |value: &Value| {
            error(
                value,
                path,
                "expected a list of names without commas and blanks",
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

    /// The chart's own `mode` overrules Helm: told the wrong one, it renders no Job that makes MySQL's users, or makes them anew.
    fn chart_mode(&self, mode: Mode) -> Result<(), SettingsError> {
        for path in [&["rondb", "rondb", "mode"][..], &["global", "_hopsworks", "mode"]] {
            let Some(said) = self.string(path)?.filter(|said| !said.is_empty() && said != "auto") else { continue };
            if said != mode.word() {
                let value = self.at(path).unwrap_or(self.values);
                let problem = format!(
                    "is {said}, and this restore is a helm {}: the chart renders for the one what the other lacks",
                    mode.word()
                );
                let help = format!("write auto, or {} where nothing but helm template renders", mode.word());
                return Err(error(value, path, &problem, &help));
            }
        }
        Ok(())
    }

    /// What says that only some tables are restored.
    fn not_honoured(&self) -> Option<String> {
        ["includeTables", "includeDatabases"].into_iter().find_map(|key| {
            let path = ["rondb", "rondb", "restoreFromBackup", key];
            let value = self.at(&path)?;
            let empty = matches!(&value.data, Data::List(items) if items.is_empty());
            (!empty).then(|| path.join("."))
        })
    }

    /// The bucket that the chart keeps backups in: of the object storage that is switched on.
    fn bucket(&self) -> Result<Option<String>, SettingsError> {
        let storage = |keys: &[&'static str]| [&["global", "_hopsworks"], keys].concat();
        let managed = self.boolean(&storage(&["managedObjectStorage", "enabled"]))?;
        if !managed && self.boolean(&storage(&["minio", "enabled"]))? {
            return self.name(&storage(&["minio", "hopsfs", "bucket"]));
        }
        self.name(&storage(&["managedObjectStorage", "s3", "bucket", "name"]))
    }

    /// A time limit, in seconds.
    fn minutes(&self, path: &[&str]) -> Result<Option<u64>, SettingsError> {
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

    fn boolean(&self, path: &[&str]) -> Result<bool, SettingsError> {
        match self.at(path) {
            None => Ok(false),
            Some(Value { data: Data::Bool(value), .. }) => Ok(*value),
            Some(value) => Err(error(
                value,
                path,
                "expected true or false: in a template any other text counts as true, \"false\" too",
                "write true or false, without quotes",
            )),
        }
    }

    fn backup_id(&self, path: &[&str]) -> Result<Option<BackupId>, SettingsError> {
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
            // Below a million a template prints the digits; RonDB's charts before 0.8 make an integer of any number.
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
                "expected a string of digits: Helm makes a number a float, and 254811200 arrives as 2.548112e+08",
                "put the id in quotes, or give it with --set-string",
            )),
        }
    }

    fn snapshots(&self, global: Option<&BackupId>) -> Result<Vec<Snapshot>, SettingsError> {
        let base = ["olk", "opensearch", "restore", "repositories"];
        let mut snapshots = Vec::new();
        if let Some(Value { data: Data::Map(repositories), .. }) = self.at(&base) {
            for repository in repositories.keys() {
                let of_repository = [&base[..], &[repository.as_str(), "snapshots"]].concat();
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

    /// `rondb.rondb.<of>.s3`.
    fn s3_of_rondb(&self, of: &'static str) -> Result<S3, SettingsError> {
        let at = |keys: &[&'static str]| [&["rondb", "rondb", of, "s3"], keys].concat();
        let secret = |of: &'static str| -> Result<Option<(String, String)>, SettingsError> {
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

    /// `global._hopsworks.managedObjectStorage.s3`, where that is on.
    fn s3_of_cluster(&self) -> Result<S3, SettingsError> {
        let at = |keys: &[&'static str]| [&["global", "_hopsworks", "managedObjectStorage"], keys].concat();
        if !self.boolean(&at(&["enabled"]))? {
            return Ok(S3::default());
        }
        let secret = |key: &'static str| self.filled(&at(&["s3", "secret", key]));
        let keys = match (secret("name")?, secret("access_key_id")?, secret("secret_key_id")?) {
            (Some(name), Some(id), Some(key)) => Some(Keys { id: (name.clone(), id), secret: (name, key) }),
            _ => None,
        };
        Ok(S3 { region: self.filled(&at(&["s3", "region"]))?, endpoint: self.filled(&at(&["s3", "endpoint"]))?, keys })
    }

    /// A text that is not empty.
    fn filled(&self, path: &[&str]) -> Result<Option<String>, SettingsError> {
        Ok(self.string(path)?.filter(|text| !text.is_empty()))
    }

    fn velero_backup(
        &self,
        key: &'static str,
        velero: &Velero,
        schedule: &str,
    ) -> Result<Option<String>, SettingsError> {
        let path = ["hopsworks", "velero", "restore", key];
        let Some(name) = self.string(&path)?.filter(|name| !name.is_empty()) else { return Ok(None) };
        let value = self.at_or_whole(&path);
        // The docs write …-20260213T153627Z; the API server refuses capitals in names, and Velero's own end in -20260213153627.
        let well_formed = name.len() <= 253
            && name.strip_prefix(schedule).is_some_and(|rest| rest.starts_with('-'))
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.');
        if !well_formed {
            return Err(error(
                value,
                &path,
                &format!(
                    "expected the name of a Velero backup of the schedule {schedule}, like {schedule}-20260213153627"
                ),
                &format!("list them with: kubectl get backups -n {}", velero.namespace),
            ));
        }
        Ok(Some(name))
    }

    fn toolbox_image(&self) -> Result<Option<String>, SettingsError> {
        self.image(&["global", "_hopsworks", "toolbox", "image"])
    }

    /// An image, with the chart's registry where it names none.
    fn image(&self, path: &[&str]) -> Result<Option<String>, SettingsError> {
        let image = self.string(path)?;
        let registry = self.string(&["global", "_hopsworks", "imageRegistry"])?.filter(|name| !name.is_empty());
        Ok(image.filter(|image| !image.is_empty()).map(|image| from_registry(&image, registry.as_deref())))
    }

    fn hopsfs(&self) -> Result<HopsFs, SettingsError> {
        let at = |key: &'static str| ["hwdr", "hopsfs", key];
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

/// The registry that an image's name begins with, if it names one.
pub fn registry_of(image: &str) -> Option<&str> {
    image.split_once('/').map(|(host, _)| host).filter(|host| host.contains(['.', ':']))
}

/// An image, from `registry` where its name does not begin with one.
pub fn from_registry(image: &str, registry: Option<&str>) -> String {
    match (registry_of(image), registry) {
        (None, Some(registry)) => format!("{registry}/{image}"),
        _ => image.to_owned(),
    }
}

/// Whether `name` can be part of a Kubernetes name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn error(value: &Value, path: &[&str], problem: &str, help: &str) -> SettingsError {
    SettingsError {
        place: value.place.clone(),
        path: path.join("."),
        problem: problem.to_owned(),
        help: help.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    /// Nothing but a plain `true` gives up the check.
    #[test]
    fn the_check_of_opensearchs_certificate_is_skipped_on_demand_alone() {
        for (ours, expected) in [
            ("", Some(false)),
            ("hwdr: {opensearch: null}", Some(false)),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: null}}", Some(false)),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: false}}", Some(false)),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: true}}", Some(true)),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: 'false'}}", None),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: 1}}", None),
        ] {
            let text = format!("global: {{_hopsworks: {{restoreFromBackup: {{backupId: '254811200'}}}}}}\n{ours}\n");
            let values = read_one(Source::new("values.yaml", text)).unwrap();
            match (Restore::from_values(&values, Mode::Install), expected) {
                (Ok(restore), Some(expected)) => assert_eq!(restore.unwrap().skips_tls_verify, expected, "{ours}"),
                (Err(error), None) => assert_eq!(error.path, SKIP_TLS_VERIFY, "{ours}"),
                (found, _) => panic!("{ours}: {found:?}"),
            }
        }
    }
}
