//! The places in Streams' values that matter. Those of the chart are from Axway's public reference ("Helm parameters reference").

use crate::product::Keys;
pub use crate::product::Path;

/// hwdr's own settings for Streams, which the chart does not know.
pub const SETTINGS: Path = &["hwdr", "streams"];
/// The restore that is asked for.
pub const RESTORE: Path = &["hwdr", "streams", "restore"];
/// The Velero backup of the namespace to restore.
pub const RESTORE_BACKUP: Path = &["hwdr", "streams", "restore", "namespace", "backup"];
/// The restore of the database.
pub const RESTORE_MARIADB: Path = &["hwdr", "streams", "restore", "mariadb"];
/// The new cluster of Kafka.
pub const RESTORE_KAFKA: Path = &["hwdr", "streams", "restore", "kafka"];
/// The RDS instance that Streams uses today.
pub const SETTINGS_MARIADB: Path = &["hwdr", "streams", "mariadb"];
/// The mirror of Kafka.
pub const MIRROR: Path = &["hwdr", "streams", "kafka"];
/// The cluster that Kafka is mirrored to.
pub const BACKUP_KAFKA: Path = &["hwdr", "streams", "kafka", "backup"];
/// How long Velero keeps backups of the namespace.
pub const VELERO_TTL: Path = &["hwdr", "streams", "velero", "ttl"];

/// Whether the chart installs MariaDB: on by default.
pub const EMBEDDED_MARIADB: Path = &["embeddedMariadb", "enabled"];
/// The MariaDB that Streams uses without the embedded one.
pub const MARIADB: Path = &["externalizedMariadb"];
/// Whether the chart installs Kafka: on by default.
pub const EMBEDDED_KAFKA: Path = &["embeddedKafka", "enabled"];
/// The Kafka that Streams uses without the embedded one.
pub const KAFKA: Path = &["externalizedKafka"];
/// How Streams connects to it.
pub const KAFKA_AUTH: Path = &["externalizedKafka", "auth"];
/// Whether Streams connects to its MariaDB with TLS, and how.
pub const MARIADB_TLS: Path = &["externalizedMariadb", "tls"];

/// The places in the values that generic code uses.
pub static KEYS: Keys = Keys {
    shared: SETTINGS,
    marks: &["embeddedMariadb", "externalizedMariadb", "embeddedKafka", "externalizedKafka", "acceptGeneralConditions"],
    sections: &[],
    parts: &[],
    ours: &[SETTINGS, &["embeddedMariadb"], MARIADB, &["embeddedKafka"], KAFKA, &["acceptGeneralConditions"]],
    asks: &[RESTORE],
    goes: &[RESTORE],
    backup_id: RESTORE_BACKUP,
    // Velero keeps the whole namespace in one backup.
    objects: [RESTORE_BACKUP, RESTORE_BACKUP],
    bucket: None,
    ttl: VELERO_TTL,
};
