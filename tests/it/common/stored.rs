//! Files of backups in a bucket: a snapshot repository that OpenSearch has written, and Velero's, by its format.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tar::{Archive, Builder, Header};

use super::ROOT;

/// By key.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A repository with the snapshots 254811200 and 254821200.
pub(crate) fn opensearch() -> Files {
    let packed = format!("{ROOT}/crates/hwdr-backup/testdata/opensearch-3.8.tar.gz");
    let packed = std::fs::read(packed).expect("the repositories");
    let mut archive = Archive::new(GzDecoder::new(packed.as_slice()));
    let mut files = Files::new();
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        let Some(name) = path.strip_prefix("fixed/").filter(|_| entry.header().entry_type().is_file()) else {
            continue;
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its content");
        files.insert(format!("opensearch_backup/{name}"), bytes);
    }
    files
}

/// A Velero backup of these objects (resource, object), made on 2025-11-24 at 12:00:53.
pub(crate) fn velero(name: &str, schedule: &str, objects: &[(&str, Json)]) -> Files {
    let text =
        |object: &Json, pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let mut archive = Builder::new(Vec::new());
    let mut add = |path: &str, content: &[u8]| {
        let mut header = Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mtime(1_763_985_654);
        archive.append_data(&mut header, path, content).expect("an entry");
    };
    add("metadata/version", b"1.1.0\n");
    let mut list: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (resource, object) in objects {
        let (own, namespace) = (text(object, "/metadata/name"), text(object, "/metadata/namespace"));
        let (scope, entry) = match namespace.as_str() {
            "" => ("cluster".to_owned(), own.clone()),
            namespace => (format!("namespaces/{namespace}"), format!("{namespace}/{own}")),
        };
        for version in ["", "v1-preferredversion/"] {
            add(&format!("resources/{resource}/{version}{scope}/{own}.json"), object.to_string().as_bytes());
        }
        list.entry(format!("{}/{}", text(object, "/apiVersion"), text(object, "/kind"))).or_default().push(entry);
    }
    let own = json!({"apiVersion": "velero.io/v1", "kind": "Backup",
        "metadata": {"name": name, "namespace": "velero", "labels": {"velero.io/schedule-name": schedule}},
        "spec": {"storageLocation": "hopsworks-bsl"}, "status": status(objects.len())});
    let json = |value: Json| gz(value.to_string().as_bytes());
    let files = [
        ("velero-backup.json".to_owned(), own.to_string().into_bytes()),
        (format!("{name}.tar.gz"), gz(&archive.into_inner().expect("an archive"))),
        (format!("{name}-resource-list.json.gz"), json(json!(list))),
        (format!("{name}-volumesnapshots.json.gz"), json(json!([]))),
        (format!("{name}-podvolumebackups.json.gz"), json(json!([]))),
        (format!("{name}-itemoperations.json.gz"), json(json!([]))),
        (format!("{name}-volumeinfo.json.gz"), json(json!([]))),
        (format!("{name}-results.gz"), json(json!({"errors": {}, "warnings": {}}))),
        (format!("{name}-logs.gz"), gz(b"level=info\n")),
    ];
    files.into_iter().map(|(file, bytes)| (format!("k8s_backup/backups/{name}/{file}"), bytes)).collect()
}

/// A backup of Superset's database: its dump, and the manifest, as its CronJob may call what is in it.
pub(crate) fn superset(id: &str) -> Files {
    let folder = format!("superset_backup/{id}");
    let table = |name: &str, row: &str| {
        format!(
            "DROP TABLE IF EXISTS `{name}`;\nCREATE TABLE `{name}` (\n  `a` text\n) ENGINE=InnoDB;\nINSERT INTO `{name}` VALUES ('{row}');\n"
        )
    };
    let tables = [("alembic_version", "a1b2c3d4e5f6"), ("dashboards", id), ("dbs", "Trino; it\\'s")];
    let tables: String = tables.iter().map(|(name, row)| table(name, row)).collect();
    let dump =
        gz(format!("-- MySQL dump 10.13\nUSE `superset`;\n{tables}-- Dump completed on 2025-11-24 12:00:03\n")
            .as_bytes());
    let digest: String = Sha256::digest(&dump).iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = json!({"backupId": id, "objectPath": format!("{folder}/superset.sql.gz"),
        "dump": {"size": dump.len(), "sha256": digest}, "supersetImage": "hopsworks/superset:5.2.0", "schemaVersion": "a1b2c3d4e5f6",
        "secretKeyFingerprint": "ab".repeat(32)});
    [("superset.sql.gz", dump), ("manifest.json", manifest.to_string().into_bytes())]
        .map(|(name, bytes)| (format!("{folder}/{name}"), bytes))
        .into()
}

/// The status of such a backup.
pub(crate) fn status(objects: usize) -> Json {
    json!({"phase": "Completed", "startTimestamp": "2025-11-24T12:00:53Z", "completionTimestamp": "2025-11-24T12:00:58Z",
        "expiration": "2099-01-01T00:00:00Z", "progress": {"totalItems": objects, "itemsBackedUp": objects}})
}

fn gz(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}
