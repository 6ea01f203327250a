//! What the values say about the bucket and how long backups are kept, for the commands that work on a bucket.

use super::super::keys::{self, below};
use super::super::superset;
use super::METADATA;
use super::read::{Reader, error};
use crate::lint::ttl;
use crate::product::Storage;
use crate::refusal::Refusal;
use crate::values::Value;

/// What `values` say.
///
/// # Errors
/// If a value has the wrong type.
pub fn storage(values: &Value) -> Result<Storage, Refusal> {
    let reader = Reader { values };
    let managed = |key: &'static str| {
        // MinIO in the cluster has an address of its own, which is no setting.
        if reader.is_in_minio()? { Ok(None) } else { reader.filled(&below(keys::S3, &[key])) }
    };
    let ttl = match reader.string(keys::TTL)?.filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(ttl::parse(&text).map_err(|wrong| {
            let value = reader.at_or_whole(keys::TTL);
            let meant = wrong.meant.unwrap_or_else(|| "60d".to_owned());
            error(value, keys::TTL, "expected a number of days or hours, like 60d or 36h", &format!("write {meant}"))
        })?),
    };
    Ok(Storage {
        bucket: reader.bucket()?,
        region: managed("region")?,
        endpoint: managed("endpoint")?,
        ttl,
        cron: None,
    })
}

/// The first ConfigMaps of the backups' metadata: RonDB's, OpenSearch's, Superset's.
///
/// # Errors
/// Where a value is of the wrong type, or no name.
pub fn metadata(values: &Value) -> Result<[String; 3], Refusal> {
    let reader = Reader { values };
    let [rondb, opensearch] = METADATA;
    let name = |key: &'static str, usual: &str| {
        Ok::<_, Refusal>(reader.name(&below(keys::METADATA, &[key]))?.unwrap_or_else(|| usual.to_owned()))
    };
    let own = reader.name(keys::RONDB_METADATA)?;
    let rondb = own.map_or_else(|| name("ronDB", rondb), Ok)?;
    Ok([rondb, name("opensearch", opensearch)?, name("superset", superset::METADATA)?])
}
