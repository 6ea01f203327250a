//! Repositories with damage of each kind.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::lucene::tests::framed;
use super::*;
use crate::checker::Checker as _;
use crate::flaw::{Finding, Verdict, worst};
use crate::place::tests::{Memory, done};

const ID: &str = "254811200";
const OTHER: &str = "254821200";

/// Everything that can be found in a repository, with all data read.
fn all(place: &Memory, base: &str, name: &str) -> Vec<Finding> {
    let mut checked = done(check(place, base, name, 4));
    let mut found = Vec::new();
    for stored in readable(&checked) {
        found.extend(done(stored.check_end(place)).and_then(|()| done(stored.read(place))).err());
    }
    checked.findings.append(&mut found);
    checked.findings
}

/// How a repository is written.
#[derive(Debug, Clone)]
struct Form {
    base: &'static str,
    is_packed: bool,
    path_type: u64,
    part_size: Option<u64>,
}

impl Form {
    fn metadata(&self, codec: &str, value: &Json) -> Vec<u8> {
        let content = serde_smile::to_vec(value).unwrap();
        if !self.is_packed {
            return framed(codec, &content);
        }
        let mut encoder = DeflateEncoder::new(b"DFL\0".to_vec(), Compression::fast());
        encoder.write_all(&content).unwrap();
        framed(codec, &encoder.finish().unwrap())
    }

    fn path_type(&self) -> PathType {
        serde_json::from_value(json!(self.path_type)).unwrap()
    }
}

/// A repository with two snapshots of these indices (name, number of shards), the second of which has one file more in each shard.
fn repository(form: &Form, indices: &[(&str, u32)]) -> Memory {
    let mut objects = BTreeMap::new();
    let mut put = |key: String, bytes: Vec<u8>| objects.insert(format!("{}{key}", form.base), bytes);
    let snapshots = [(ID, "uuid-of-the-first-0000"), (OTHER, "uuid-of-the-second-000")];
    let total: u32 = indices.iter().map(|(_, shards)| shards).sum();
    let names: Vec<_> = indices.iter().map(|(name, _)| *name).collect();
    for (name, uuid) in snapshots {
        let info = json!({"snapshot": {
            "name": name, "uuid": uuid, "version_id": 137_297_827, "indices": names, "data_streams": [], "state": "SUCCESS",
            "include_global_state": false, "metadata": null, "start_time": 1_764_000_000_000i64, "end_time": 1_764_000_001_000i64,
            "total_shards": total, "successful_shards": total, "failures": [],
        }});
        put(format!("snap-{uuid}.dat"), form.metadata("snapshot", &info));
        put(format!("meta-{uuid}.dat"), form.metadata("metadata", &json!({"meta-data": {"version": 7}})));
    }
    let lookup: BTreeMap<_, _> = names.iter().map(|name| (id(name), format!("{name}-1-1-1"))).collect();
    let list = json!({
        "snapshots": snapshots.map(|(name, uuid)| json!({"name": name, "uuid": uuid, "state": 1,
            "index_metadata_lookup": lookup, "version": "3.8.0"})),
        "indices": indices.iter().map(|(name, shards)| (*name, json!({"id": id(name), "snapshots": snapshots.map(|(_, uuid)| uuid),
            "shard_generations": vec!["generation"; *shards as usize], "shard_path_type": form.path_type})))
            .collect::<BTreeMap<_, _>>(),
        "index_metadata_identifiers": names.iter().map(|name| (format!("{name}-1-1-1"), format!("m-{name}")))
            .collect::<BTreeMap<_, _>>(),
    });
    put("index-2".to_owned(), serde_json::to_vec(&list).unwrap());
    put("index.latest".to_owned(), 2u64.to_be_bytes().to_vec());
    let mut shards = Vec::new();
    for (name, count) in indices {
        let settings = json!({"index.number_of_shards": count.to_string(), "index.uuid": "x"});
        let metadata = json!({*name: {"version": 3, "settings": settings, "mappings": [], "aliases": {}}});
        put(format!("indices/{}/meta-m-{name}.dat", id(name)), form.metadata("index-metadata", &metadata));
        for shard in 0..*count {
            let folder = paths::shard_folder(form.base, &Id::new(&id(name)).unwrap(), form.path_type(), shard);
            shards.push(folder);
        }
    }
    for folder in shards {
        shard_files(form, &mut objects, &folder, snapshots);
    }
    Memory(objects)
}

/// The id of an index.
fn id(name: &str) -> String {
    format!("id-of-{name}")
}

fn shard_files(form: &Form, objects: &mut BTreeMap<String, Vec<u8>>, folder: &str, snapshots: [(&str, &str); 2]) {
    let segments = framed("segments", b"of the commit");
    let (first, second) = (framed("cfs", &[1; 300]), framed("cfs", &[2; 100]));
    let file = |name: &str, physical: &str, bytes: &[u8], hash: bool| {
        let checksum = u32::from_be_bytes(*bytes.last_chunk::<4>().unwrap());
        let mut info = json!({"name": name, "physical_name": physical, "length": bytes.len(), "checksum": base36(checksum),
            "written_by": "10.3.1"});
        if hash {
            info["meta_hash"] = json!(bytes);
        }
        if let Some(size) = form.part_size {
            info["part_size"] = json!(size);
        }
        info
    };
    let both = [file("v__s", "segments_3", &segments, true), file("__a", "_0.cfs", &first, false)];
    let more = file("__b", "_1.cfs", &second, false);
    let lists = [both.to_vec(), [both.as_slice(), &[more]].concat()];
    for ((name, uuid), files) in snapshots.iter().zip(&lists) {
        let list = json!({"name": name, "index_version": 3, "start_time": 1, "time": 2, "number_of_files": 1, "total_size": 300,
            "files": files});
        objects.insert(format!("{folder}snap-{uuid}.dat"), form.metadata("snapshot", &list));
    }
    let names = |files: &[Json]| json!({"files": files.iter().map(|file| &file["name"]).collect::<Vec<_>>(), "shard_state_id": "s"});
    let generation = json!({"files": lists[1], "snapshots": {ID: names(&lists[0]), OTHER: names(&lists[1])}});
    objects.insert(format!("{folder}index-generation"), form.metadata("snapshots", &generation));
    for (name, bytes) in [("__a", first), ("__b", second)] {
        match form.part_size.filter(|size| *size < bytes.len() as u64) {
            Some(size) => objects.extend(
                bytes
                    .chunks(size as usize)
                    .enumerate()
                    .map(|(at, part)| (format!("{folder}{name}.part{at}"), part.to_vec())),
            ),
            None => drop(objects.insert(format!("{folder}{name}"), bytes)),
        }
    }
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(number % 36, 36).unwrap());
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// What the repository's list says of a snapshot.
fn listed(place: &Memory, list: &str, name: &str) -> Option<String> {
    let repository = Repository::read(&place.0[list]).ok()?;
    let entry = repository.snapshot(name).ok()?;
    Some(format!("{:?} {:?}", entry.uuid, repository.indices(entry).collect::<Vec<_>>()))
}

/// Damages each object in each way, and checks that it is found, but where the snapshot does not need the object.
fn damage(place: &Memory, base: &str, name: &str, is_needed: impl Fn(&str) -> bool, step: usize) {
    assert_eq!(all(place, base, name), []);
    for (key, bytes) in &place.0 {
        let with = |bytes: Option<Vec<u8>>| {
            let mut changed = place.clone();
            match bytes {
                Some(bytes) => drop(changed.0.insert(key.clone(), bytes)),
                None => drop(changed.0.remove(key)),
            }
            changed
        };
        let found = |changed: &Memory| !all(changed, base, name).is_empty();
        if !is_needed(key) {
            assert!(!found(&with(None)), "{key} is gone");
            continue;
        }
        // OpenSearch finds the newest generation without it.
        assert!(key.ends_with("index.latest") || found(&with(None)), "{key} is gone");
        for cut in (0..bytes.len()).step_by(step) {
            assert!(found(&with(Some(bytes[..cut].to_vec()))), "{key} is cut at {cut}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert!(found(&with(Some(longer))), "{key} is longer");
        for at in (0..bytes.len()).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let flipped = with(Some(flipped));
            // It has no checksum, and says other things, too.
            let is_same =
                key.starts_with(&format!("{base}index-")) && listed(&flipped, key, name) == listed(place, key, name);
            let around = String::from_utf8_lossy(&flipped.0[key][at.saturating_sub(20)..(at + 20).min(bytes.len())])
                .into_owned();
            assert!(is_same || found(&flipped), "{key} is damaged at {at}: {around}");
        }
    }
}

#[test]
fn no_damage_is_missed() {
    for form in [
        Form { base: "", is_packed: false, path_type: 0, part_size: None },
        Form { base: "o/", is_packed: true, path_type: 1, part_size: Some(120) },
        Form { base: "o/", is_packed: true, path_type: 2, part_size: Some(1000) },
    ] {
        let place = repository(&form, &[("projects", 2), ("featurestore", 1)]);
        let of_the_other = |key: &str| key.contains("uuid-of-the-second") || key.contains("/__b");
        damage(&place, form.base, ID, |key| !of_the_other(key), 41);
        damage(&place, form.base, OTHER, |key| !key.contains("uuid-of-the-first"), 97);
    }
}

#[test]
fn objects_of_others_are_found() {
    let form = Form { base: "o/", is_packed: false, path_type: 0, part_size: None };
    let place = repository(&form, &[("projects", 2), ("featurestore", 1)]);
    // Of the same length, which a list does not show.
    let another = framed("cfs", &[3; 300]);
    let good: Vec<_> = place.0.keys().cloned().collect();
    for (key, bytes) in good
        .iter()
        .flat_map(|key| place.0.values().map(move |bytes| (key, bytes)))
        .chain(good.iter().filter(|key| key.ends_with("__a")).map(|key| (key, &another)))
    {
        let mut changed = place.clone();
        changed.0.insert(key.clone(), bytes.clone());
        let needed = !key.contains("uuid-of-the-second") && !key.ends_with("__b");
        let is_found = !all(&changed, "o/", ID).is_empty();
        assert_eq!(is_found, needed && changed != place, "{key}: {} bytes of another", bytes.len());
        if changed.0[key] == another {
            let found = done(check(&changed, "o/", ID, 4));
            assert_eq!(found.findings, []);
            let mut ends = found.stored.iter().filter_map(|stored| done(stored.check_end(&changed)).err());
            assert_eq!(ends.next().map(|finding| finding.file), Some(key.clone()));
        }
    }
}

#[test]
fn it_says_what_is_wrong_and_how_bad_it_is() {
    let form = Form { base: "o/", is_packed: false, path_type: 0, part_size: None };
    let good = repository(&form, &[("projects", 2), ("featurestore", 1)]);
    let shard = "o/indices/id-of-projects/1/";
    type Change<'c> = Box<dyn Fn(&mut BTreeMap<String, Vec<u8>>) + 'c>;
    let gone = |key: String| Box::new(move |objects: &mut BTreeMap<_, _>| drop(objects.remove(&key)));
    let cases: [(Change, Verdict, &str); 6] = [
        (Box::new(BTreeMap::clear), Verdict::Missing, "o/: there is no repository of OpenSearch's in this folder"),
        (gone("o/index-2".to_owned()), Verdict::Missing, "o/index-N: is not there"),
        (
            gone(format!("{shard}__a")),
            Verdict::Missing,
            "o/indices/id-of-projects/1/__a: is not there: it holds _0.cfs",
        ),
        (
            gone(format!("{shard}index-generation")),
            Verdict::Missing,
            "o/indices/id-of-projects/1/index-generation: is not there (a restore does not need this file, but the next snapshot does)",
        ),
        (
            Box::new(|objects| objects.retain(|key, _| !key.starts_with(shard))),
            Verdict::Missing,
            "o/indices/id-of-projects/1/: there is nothing in this folder of a shard",
        ),
        (
            Box::new(|objects| drop(objects.insert(format!("{shard}__a"), Vec::new()))),
            Verdict::Damaged,
            "o/indices/id-of-projects/1/__a: has 0 bytes",
        ),
    ];
    for (change, verdict, expected) in cases {
        let mut changed = good.clone();
        change(&mut changed.0);
        let found = all(&changed, "o/", ID);
        assert_eq!(worst(&found), verdict);
        let said: Vec<_> = found.iter().map(|finding| format!("{}: {}", finding.file, finding.flaw.what)).collect();
        assert_eq!(said, [expected]);
    }
    let none = all(&good, "o/", "254831200");
    assert_eq!(worst(&none), Verdict::Missing);
    assert_eq!(
        none[0].flaw.what,
        "the repository has no snapshot 254831200, but 2 others, such as 254821200, 254811200"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn nothing_is_found_in_good_ones(
        is_packed: bool, path_type in 0u64..3, part_size in prop::option::of(1u64..400),
        shards in prop::collection::vec(1u32..5, 1..5),
    ) {
        let form = Form { base: "some/folder/", is_packed, path_type, part_size };
        let names = ["projects", "featurestore", "Größe", "a"];
        let indices: Vec<_> = names.into_iter().filter(|name| name.is_ascii()).zip(shards).collect();
        let place = repository(&form, &indices);
        for name in [ID, OTHER] {
            prop_assert_eq!(all(&place, form.base, name), []);
            let checked = done(check(&place, form.base, name, 1));
            let shards: u32 = indices.iter().map(|(_, shards)| shards).sum();
            prop_assert_eq!((checked.indices.len(), checked.shards), (indices.len(), shards as usize));
        }
    }
}

/// Repositories that OpenSearch 3.8 has written, of two indices with three shards; both snapshots are in each.
fn real() -> Memory {
    let packed = include_bytes!("../../testdata/opensearch-3.8.tar.gz");
    let mut archive = ::tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let mut objects = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            objects.insert(entry.path().unwrap().to_str().unwrap().to_owned(), bytes);
        }
    }
    Memory(objects)
}

/// The repository in this folder.
fn only(place: &Memory, folder: &str) -> Memory {
    let own = place.0.iter().filter(|(key, _)| key.starts_with(folder));
    Memory(own.map(|(key, bytes)| (key.strip_prefix(folder).unwrap().to_owned(), bytes.clone())).collect())
}

#[test]
fn what_opensearch_has_written_is_read_whole() {
    let real = real();
    for (folder, base) in [("fixed/", ""), ("packed/", ""), ("hashed/", "b/"), ("infix/", "")] {
        let place = only(&real, folder);
        for name in [ID, OTHER] {
            assert_eq!(all(&place, base, name), [], "{folder} {name}");
            let checked = done(check(&place, base, name, 2));
            assert_eq!(checked.shards, 3);
            assert_eq!(checked.indices, ["featurestore", "projects"]);
            assert!(checked.stored.len() >= 6, "{}", checked.stored.len());
        }
    }
    let found = all(&only(&real, "zstd/"), "", ID);
    assert_eq!(worst(&found), Verdict::Unknown);
    assert!(found.iter().all(|finding| finding.flaw.what.contains("Zstandard")), "{found:?}");
}

#[test]
fn no_damage_of_what_opensearch_has_written_is_missed() {
    let real = real();
    for (folder, base) in [("fixed/", ""), ("packed/", ""), ("hashed/", "b/")] {
        let place = only(&real, folder);
        // What it needs is what it cannot be checked without.
        let mut needed = BTreeSet::new();
        let checked = done(check(&place, base, ID, 1));
        needed.extend(checked.stored.iter().flat_map(|stored| stored.parts().into_iter().map(|(key, _)| key)));
        let uuid = Repository::read(&place.0[&format!("{base}index-1")]).unwrap().snapshot(ID).unwrap().uuid.clone();
        let is_metadata = |key: &str| {
            let name = key.rsplit('/').next().unwrap();
            name.contains(uuid.as_str()) || key.contains("/meta-") && key.contains("/indices/")
        };
        let newest: BTreeSet<_> = place.0.keys().filter(|key| is_generation(&place, base, key)).cloned().collect();
        let is_needed = |key: &str| {
            needed.contains(key)
                || is_metadata(&format!("/{key}"))
                || newest.contains(key)
                || key == format!("{base}index-1")
                || key.ends_with("index.latest")
        };
        damage(&place, base, ID, is_needed, 307);
    }
}

/// Whether it is the newest list of a shard's files.
fn is_generation(place: &Memory, base: &str, key: &str) -> bool {
    let list = String::from_utf8(place.0[&format!("{base}index-1")].clone()).unwrap();
    key.contains("indices/") && key.rsplit_once("/index-").is_some_and(|(_, id)| list.contains(&format!("\"{id}\"")))
}

/// No reader panics, whatever it is given.
#[test]
fn readers_stand_anything() {
    let form = Form { base: "", is_packed: true, path_type: 0, part_size: None };
    let place = repository(&form, &[("a", 1)]);
    let keys: BTreeSet<_> = place.0.keys().cloned().collect();
    for bytes in place.0.values() {
        for cut in 0..bytes.len() {
            let bytes = &bytes[..cut];
            let _ =
                (Repository::read(bytes), Snapshot::read(bytes), ShardSnapshot::read(bytes), Generation::read(bytes));
            let _ = (IndexMetadata::read(bytes), paths::latest(bytes), lucene::footer(bytes));
        }
    }
    assert!(keys.len() > 5);
    let mut none = LuceneFile::new(0, Checksum(0));
    assert!(none.feed(b"").is_ok());
    assert!(none.finish().is_err());
}
