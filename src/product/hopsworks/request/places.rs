//! Where backups are in object storage, as the values say.

use jiff::SignedDuration;

use super::super::keys::{self, below};
use super::super::superset;
use super::RONDB_FOLDER;
use super::read::Reader;
use crate::lint::ttl;
use crate::lint::view::is_map;
use crate::product::shelf::Place;
use crate::refusal::Refusal;
use crate::values::{Data, Value};

/// RonDB's backups: where a restore reads them, else where they are written, else the chart's default.
///
/// # Errors
/// If a value has the wrong type, or is not a name.
pub fn rondb_place(values: &Value) -> Result<Place, Refusal> {
    let reader = Reader { values };
    let blocks = [keys::RONDB_RESTORE, keys::RONDB_BACKUPS];
    let mut place = Place::default();
    for block in blocks {
        let s3 = reader.s3_of_rondb(block)?;
        let bucket = reader.name(&below(block, &["s3", "bucketName"]))?;
        if (&place.bucket, &place.endpoint) == (&None, &None) {
            place = Place { bucket, endpoint: s3.endpoint, region: s3.region, ..place };
        }
        if place.folder.is_empty() {
            place.folder =
                reader.name(&below(block, &["pathPrefix"]))?.unwrap_or_default().trim_matches('/').to_owned();
        }
    }
    if place.folder.is_empty() {
        place.folder = RONDB_FOLDER.to_owned();
    }
    Ok(place)
}

/// OpenSearch's repositories in S3; none if the values name none.
///
/// # Errors
/// If a value has the wrong type, or is not a name.
pub fn repositories(values: &Value) -> Result<Vec<Place>, Refusal> {
    let reader = Reader { values };
    let Some(Value { data: Data::Map(repositories), .. }) = reader.at(keys::OPENSEARCH_BACKUPS) else {
        return Ok(Vec::new());
    };
    let mut places = Vec::new();
    for repository in repositories.keys() {
        let at = |key: &'static str| below(keys::OPENSEARCH_BACKUPS, &[repository.as_str(), "settings", key]);
        if !is_map(values, &below(keys::OPENSEARCH_BACKUPS, &[repository.as_str(), "settings"])) {
            continue;
        }
        let folder = reader.name(&at("base_path"))?.unwrap_or_default();
        places.push(Place {
            bucket: reader.name(&at("bucket"))?,
            folder: folder.trim_matches('/').to_owned(),
            ..Place::default()
        });
    }
    places.retain(|place| !place.folder.is_empty() || place.bucket.is_some());
    Ok(places)
}

/// Superset's backups: they are in the bucket of the others.
///
/// # Errors
/// If a value has the wrong type, or is not a name.
pub fn superset_place(values: &Value) -> Result<Place, Refusal> {
    let folder = Reader { values }.name(&below(keys::SUPERSET_BACKUPS, &["pathPrefix"]))?.unwrap_or_default();
    let folder = match folder.trim_matches('/') {
        "" => superset::FOLDER,
        folder => folder,
    };
    Ok(Place { folder: folder.to_owned(), ..Place::default() })
}

/// How long Superset's backups are kept, if that is another time than for all.
pub fn superset_ttl(values: &Value) -> Option<SignedDuration> {
    let text = Reader { values }.string(&below(keys::SUPERSET_BACKUPS, &["ttl"])).ok().flatten()?;
    ttl::parse(&text).ok().map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    fn values(text: &str) -> Value {
        read_one(Source::new("values.yaml", text)).unwrap()
    }

    #[test]
    fn rondbs_place_is_where_a_restore_reads() {
        let place = |bucket: Option<&str>, endpoint: Option<&str>, folder: &str| Place {
            bucket: bucket.map(str::to_owned),
            endpoint: endpoint.map(str::to_owned),
            region: None,
            folder: folder.to_owned(),
        };
        let restore = "restoreFromBackup: {pathPrefix: /old/, s3: {bucketName: b}}";
        let backups = "backups: {pathPrefix: new, s3: {bucketName: c, endpoint: https://c}}";
        for (blocks, expected) in [
            (String::new(), place(None, None, RONDB_FOLDER)),
            (backups.to_owned(), place(Some("c"), Some("https://c"), "new")),
            (format!("{restore}, {backups}"), place(Some("b"), None, "old")),
            (
                "backups: {pathPrefix: null, s3: {endpoint: https://c}}".to_owned(),
                place(None, Some("https://c"), RONDB_FOLDER),
            ),
        ] {
            assert_eq!(rondb_place(&values(&format!("rondb: {{rondb: {{{blocks}}}}}"))).unwrap(), expected, "{blocks}");
        }
        assert!(rondb_place(&values("rondb: {rondb: {backups: {pathPrefix: ../x}}}")).is_err());
        assert!(rondb_place(&values("rondb: {rondb: {backups: {pathPrefix: 1}}}")).is_err());
    }

    #[test]
    fn supersets_place_is_where_its_cron_job_writes() {
        for (blocks, folder, hours) in [
            ("{}", superset::FOLDER, None),
            ("{superset: {backups: {pathPrefix: '', ttl: ''}}}", superset::FOLDER, None),
            ("{superset: {backups: {pathPrefix: /dumps/superset/, ttl: 2d}}}", "dumps/superset", Some(48)),
            ("{superset: {backups: {ttl: 2w}}}", superset::FOLDER, None),
        ] {
            let values = values(blocks);
            assert_eq!(superset_place(&values).unwrap().folder, folder, "{blocks}");
            assert_eq!(superset_ttl(&values).map(|ttl| ttl.as_hours()), hours, "{blocks}");
        }
        assert!(superset_place(&values("{superset: {backups: {pathPrefix: ../x}}}")).is_err());
    }

    #[test]
    fn repositories_are_those_of_the_values() {
        let of = |text: &str| {
            let found = repositories(&values(&format!("olk: {{opensearch: {{backup: {{repositories: {text}}}}}}}")));
            found.map(|found| found.into_iter().map(|place| (place.bucket, place.folder)).collect::<Vec<_>>())
        };
        let one = |bucket: Option<&str>, folder: &str| Ok(vec![(bucket.map(str::to_owned), folder.to_owned())]);
        assert_eq!(of("{default: {settings: {base_path: opensearch_backup/}}}"), one(None, "opensearch_backup"));
        assert_eq!(of("{a: {settings: {bucket: b}}, c: {snapshots: {}}, d: null}"), one(Some("b"), ""));
        assert_eq!(of("null"), Ok(vec![]));
        assert!(of("{default: {settings: {base_path: [x]}}}").is_err());
    }
}
