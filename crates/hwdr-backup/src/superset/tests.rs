//! Dumps as mysqldump writes them, and what is wrong with them.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::checker::{Checker as _, check_whole};
use crate::flaw::{Flaw, Verdict};
use crate::gunzip::tests::packed;

const ID: &str = "20260722215632-2116913658";
const OTHER: &str = "20260723215632-1";
const REVISION: &str = "a1b2c3d4e5f6";

fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(time, number)| {
        time.len() == 14 && [time, number].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// A dump with these tables.
fn sql(tables: &[&str], revisions: &[&str]) -> String {
    let mut out = "-- MySQL dump 10.13  Distrib 8.0.34, for Linux (x86_64)\n--\n-- Host: superset-mysql    Database: superset\n\
        /*!40101 SET NAMES utf8mb4 */;\n\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `superset` /*!40100 */;\n\nUSE `superset`;\n"
        .to_owned();
    for table in tables {
        out += &format!(
            "\n--\n-- Table structure for table `{table}`\n--\n\nDROP TABLE IF EXISTS `{table}`;\n/*!50503 SET character_set_client = utf8mb4 */;\n\
             CREATE TABLE `{table}` (\n  `id` int NOT NULL,\n  `slice` text\n) ENGINE=InnoDB;\n\nLOCK TABLES `{table}` WRITE;\n"
        );
        if *table == "alembic_version" {
            for revision in revisions {
                out += &format!("INSERT INTO `alembic_version` VALUES ('{revision}');\n");
            }
        } else {
            out += &format!(
                "INSERT INTO `{table}` VALUES (1,'it\\'s\\nCREATE TABLE `x` (\nCREATE TABLE `y` (;'),(2,_binary '\\0\\Z');\n"
            );
        }
        out += "UNLOCK TABLES;\n";
    }
    out + "/*!40101 SET SQL_NOTES=@OLD_SQL_NOTES */;\n\n-- Dump completed on 2026-07-22 21:56:33\n"
}

fn whole() -> String {
    sql(&["ab_user", "alembic_version", "dashboards", "dbs", "slices"], &[REVISION])
}

fn check(file: &[u8]) -> Result<Dumped, Flaw> {
    check_whole(SupersetDump::default(), file)
}

#[test]
fn a_whole_dump_is_fine() {
    let (text, file) = (whole(), packed(whole().as_bytes()));
    let dumped = check(&file).unwrap();
    assert_eq!((dumped.tables, dumped.revision.as_str(), dumped.says_that_it_is_whole), (5, REVISION, true));
    assert_eq!((dumped.size, dumped.unpacked), (file.len() as u64, text.len() as u64));
    assert_eq!(dumped.digest.len(), 64);
    // Written by another tool, or with other options.
    for (text, is_said) in [
        (text.replace("INSERT INTO", "INSERT  IGNORE INTO"), true),
        (text.replace("VALUES", "(`version_num`) VALUES"), true),
        (text.replace("CREATE TABLE `", "CREATE TABLE IF NOT EXISTS `superset`.`"), true),
        (text.replace('`', ""), true),
        (text.replace("-- MySQL dump", "-- MariaDB dump"), true),
        (text.lines().filter(|line| !line.starts_with("--")).map(|line| format!("{line}\n")).collect(), false),
    ] {
        let dumped = check(&packed(text.as_bytes())).unwrap();
        assert_eq!((dumped.revision.as_str(), dumped.says_that_it_is_whole), (REVISION, is_said), "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_dump() {
    let tables = ["alembic_version", "dashboards", "dbs"];
    for (content, expected) in [
        (sql(&tables[..2], &[REVISION]), "does not create the table dbs"),
        (sql(&["dbs"], &[]), "does not create the table alembic_version"),
        (sql(&tables, &[]), "has no revision of its schema in the table alembic_version"),
        (sql(&tables, &[REVISION, "b1b2c3d4e5f6"]), "has 2 revisions of its schema in the table alembic_version"),
        (whole().replace("-- Dump completed", "-- Dump"), "ends with \"-- Dump on 2026-07-22 21:56:33\": it is cut"),
        (String::new(), "is empty"),
        ("-- MySQL dump\n\0".to_owned(), "has a zero byte: it is no text"),
    ] {
        let flaw = check(&packed(content.as_bytes())).unwrap_err();
        assert_eq!((flaw.verdict, flaw.what.as_str()), (Verdict::Damaged, expected));
    }
    let file = packed(whole().as_bytes());
    for cut in 0..file.len() {
        assert_eq!(check(&file[..cut]).unwrap_err().verdict, Verdict::Damaged, "cut at {cut}");
    }
    // The file as it is, not packed, and one that is something else.
    assert!(check(whole().as_bytes()).is_err() && check(b"PK\x03\x04").is_err());
}

/// A manifest for `file`, in one of the forms that it could have.
fn manifests(dumped: &Dumped) -> Vec<Json> {
    let (size, digest) = (dumped.size, &dumped.digest);
    let key = "f".repeat(64);
    vec![
        json!({"backup_id": ID, "object_path": format!("superset_backup/{ID}/superset.sql.gz"), "dump_size": size, "dump_sha256": digest,
            "image": "superset:5.2", "schema_version": REVISION, "secret_key_fingerprint": key, "secret_key_sha256": key}),
        json!({"version": 1, "backup": {"id": ID, "previous": OTHER}, "dump": {"path": format!("s3://b/x/{ID}/superset.sql.gz"), "bytes": size,
            "rawBytes": dumped.unpacked, "checksum": format!("sha256:{}", digest.to_uppercase())}, "bufferSize": 1,
            "superset": {"image": {"name": "superset:5.2", "digest": format!("sha256:{key}")}, "schema": {"version": REVISION}},
            "secretKey": {"fingerprint": {"sha256": key}}}),
        json!({"objects": [{"name": "superset.sql.gz", "sizeBytes": size.to_string(), "sha256": digest}], "alembicRevision": REVISION,
            "backupId": ID, "supersetImage": "superset:5.2", "fingerprint": "abc"}),
    ]
}

fn read(manifest: &Json) -> Manifest {
    Manifest::read(manifest.to_string().as_bytes(), is_id).unwrap()
}

#[test]
fn a_manifest_is_read_whatever_its_fields_are_called() {
    let dumped = check(&packed(whole().as_bytes())).unwrap();
    for manifest in manifests(&dumped) {
        let read = read(&manifest);
        assert_eq!(read.is_of(ID, is_id), Ok(()), "{manifest}");
        assert_eq!(read.describes(&dumped), Ok(()), "{manifest}");
        assert_eq!((read.lacks(), read.fingerprints.is_empty()), (vec![], false), "{manifest}");
        assert_eq!((read.images[0].as_str(), read.revisions.as_slice()), ("superset:5.2", &[REVISION.to_owned()][..]));
        assert_eq!(read.digests, std::slice::from_ref(&dumped.digest), "{manifest}");
    }
    let nothing = read(&json!({"a": [1, null, true, {"b": "c"}]}));
    assert_eq!((nothing.is_of(ID, is_id), nothing.describes(&dumped), nothing.lacks().len()), (Ok(()), Ok(()), 4));
    assert!(nothing.fingerprints.is_empty());
}

#[test]
fn what_a_manifest_says_otherwise_is_damage() {
    let dumped = check(&packed(whole().as_bytes())).unwrap();
    let later = Dumped { size: dumped.size + 1, ..dumped.clone() };
    let other = Dumped { digest: "0".repeat(64), ..dumped.clone() };
    let newer = Dumped { revision: "ffffffffffff".to_owned(), ..dumped.clone() };
    for manifest in manifests(&dumped) {
        let read = read(&manifest);
        // The second form also says what the dump unpacks to.
        let says_two = read.sizes.len() > 1;
        for (dump, expected) in
            [(&later, "has "), (&other, "has the SHA-256 000"), (&newer, "has the schema of revision fff")]
        {
            match read.describes(dump) {
                Ok(()) => assert!(says_two && expected == "has "),
                Err(flaw) => assert!(flaw.verdict == Verdict::Damaged && flaw.what.starts_with(expected), "{flaw:?}"),
            }
        }
        if !says_two {
            assert_eq!(read.is_of(OTHER, is_id).unwrap_err().what, format!("names backup {ID}"));
        }
    }
    let moved = read(&json!({"path": format!("superset_backup/{OTHER}/superset.sql.gz")}));
    assert!(moved.is_of(ID, is_id).unwrap_err().what.starts_with("names the dump superset_backup/"));
    assert_eq!(moved.is_of(OTHER, is_id), Ok(()));
}

#[test]
fn what_is_no_manifest() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    let nested = format!("{{\"a\":{}{{\"id\":\"{ID}\"}}{}}}", "[".repeat(40), "]".repeat(40));
    assert_eq!(Manifest::read(nested.as_bytes(), is_id), Ok(Manifest::default()));
    for (bytes, verdict) in [
        (b"".to_vec(), Verdict::Damaged),
        (b"{".to_vec(), Verdict::Damaged),
        (b"[]".to_vec(), Verdict::Damaged),
        (b"\xff\xfe".to_vec(), Verdict::Damaged),
        (deep.into_bytes(), Verdict::Unknown),
        (vec![b' '; LONGEST_MANIFEST + 1], Verdict::Unknown),
    ] {
        assert_eq!(Manifest::read(&bytes, is_id).unwrap_err().verdict, verdict);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_flipped_bit_is_missed_however_the_file_is_cut(at: prop::sample::Index, bit in 0u8..8, piece in 1usize..600) {
        let file = packed(whole().as_bytes());
        let good = check(&file).unwrap();
        let mut damaged = file.clone();
        damaged[at.index(file.len())] ^= 1 << bit;
        let mut checker = SupersetDump::default();
        let fed = damaged.chunks(piece).try_for_each(|piece| checker.feed(piece));
        let read = fed.and_then(|()| checker.finish());
        prop_assert_eq!(read.is_ok(), check(&damaged).is_ok());
        // Bits that say nothing of the content are found by the digest.
        prop_assert!(read.map_or(true, |read| read.digest != good.digest));
    }

    #[test]
    fn any_bytes_are_judged(bytes: Vec<u8>, text in "\\PC*") {
        let dumped = check(&packed(whole().as_bytes())).unwrap();
        for bytes in [bytes, text.into_bytes()] {
            let _ = (check(&bytes), check(&packed(&bytes)));
            if let Ok(manifest) = Manifest::read(&bytes, is_id) {
                let _ = (manifest.is_of(ID, is_id), manifest.describes(&dumped), manifest.lacks());
            }
        }
    }
}
