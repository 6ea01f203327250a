//! Properties that must hold for any text, of readers whose input others can write. Fuzz targets and `tests/it/properties.rs` use them.

use hwdr::backup_files::checker::check_whole;
use hwdr::backup_files::ndb::{self, Control, Data, FileKind, Log, Unpacked};
use hwdr::backup_files::opensearch::shard::FileInfo;
use hwdr::backup_files::opensearch::snapshot::{Snapshot, global_metadata};
use hwdr::backup_files::opensearch::{Generation, IndexMetadata, Repository, ShardSnapshot, paths};
use hwdr::backup_files::sql::Dump;
use hwdr::backup_files::superset::{Dumped, Manifest, SupersetDump};
use hwdr::backup_files::velero::archive::{Archive, Facts};
use hwdr::backup_files::velero::{Backup, ResourceList, agree, lists};
use hwdr::backup_files::{Checker, Flaw};
use hwdr::backups::{Inventory, Join, Seen, SetView, Usable, status};
use hwdr::product::FIRST;
use hwdr::product::hopsworks::hopsfs::bucket::FOLDERS;
use hwdr::product::hopsworks::superset::id::SupersetId;
use hwdr::run::Record as _;
use hwdr::run::state::State;
use hwdr::s3::checked;
use hwdr::s3::journal::{RESERVED, Record, Rewind};
use hwdr::s3::lifecycle::element;
use hwdr::s3::listing;
use hwdr::s3::objects;
use hwdr::stream::edit::Edits;
use hwdr::stream::{self, Stream, json_of};
use hwdr::velero::{ObjectBackup, Velero};
use hwdr::yaml::quote;
use serde_json::json;

/// Separates a text from the object that it is put into.
pub(super) const AND: char = '\u{1f}';
/// An object to edit, if the text has none of its own.
const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a # b\ndata: {a: b}\n";

/// Puts a text into an object, both of any characters: the result is the old object with that text, or a refusal.
pub(super) fn edit(text: &str) {
    let (value, document) = text.split_once(AND).unwrap_or((text, OBJECT));
    let Ok(stream) = Stream::parse(document.as_bytes().to_vec()) else { return };
    for (index, object) in stream.objects().iter().enumerate() {
        let look = stream.look(object);
        let mut expected = json_of(&look.tree, look.root);
        let mut edits = Edits::new();
        if edits.add_to_map(&look, look.root, "hwdr", "value", &quote(value)).is_err() {
            continue;
        }
        let mut out = Vec::new();
        if stream::write(&stream, &edits, &[], &mut out).is_err() {
            continue;
        }
        let after = Stream::parse(out).expect("what is written is read back first");
        assert_eq!(after.objects().len(), stream.objects().len());
        let look = after.look(&after.objects()[index]);
        expected["hwdr"]["value"] = json!(value);
        assert_eq!(json_of(&look.tree, look.root), expected);
    }
}

/// The state of a run, which anybody may have written: whatever is read as one can be used, and written again as it is.
pub(super) fn state(text: &str) {
    let Ok(state) = serde_json::from_str::<State>(text) else { return };
    let _ = (state.name(), state.description(), state.velero(), state.current_velero());
    for kind in ["Job", "Restore", ""] {
        state.names(kind);
    }
    let _ = (state.is_done(""), state.is_begun("helm"));
    let written = serde_json::to_string(&state).expect("a state is plain data");
    serde_json::from_str::<State>(&written).expect("what is written can be read");
}

/// The journal of a rewind: a run on the first line, and acts on the others. Accepted acts touch only what a rewind may touch.
pub(super) fn journal(text: &str) {
    let mut lines = text.lines();
    let Some(Ok(run)) = lines.next().map(serde_json::from_str::<Rewind>) else { return };
    let covers = checked::cover(&run.shares).is_ok();
    for record in lines.filter_map(|line| serde_json::from_str::<Record>(line).ok()) {
        // S3 knows no key without a name.
        if record.key.is_empty() {
            continue;
        }
        let holders: Vec<_> = run.shares.iter().filter(|share| share.holds(&record.key)).collect();
        assert!(!covers || holders.len() == 1, "{:?} is in {} shares", record.key, holders.len());
        for share in holders {
            if checked::record(&run.aim, FOLDERS, share, &record).is_ok() {
                assert!(run.aim.touches(&record.key, FOLDERS) && !record.key.starts_with(RESERVED));
            }
        }
    }
    for name in text.split_whitespace() {
        checked::share_of(name);
        checked::is_run_id(name);
    }
}

/// What a cluster says of backups: each of them is in a set, and of each set can be said what it is good for. Gives how many there are, and how many
/// can be restored.
pub(super) fn records(text: &str) -> (usize, usize) {
    let Ok(cluster) = serde_json::from_str::<serde_json::Value>(text) else { return (0, 0) };
    let all = |key: &str| cluster[key].as_array().cloned().unwrap_or_default();
    let seen = Seen {
        now: "2025-12-01T00:00:00Z".parse().expect("a time"),
        namespace: "hopsworks".to_owned(),
        velero: Velero::default(),
        ttl: None,
        cron: None,
        records: FIRST.record_names(None).expect("the usual names"),
        expected: Vec::new(),
        config_maps: Ok(all("configMaps")),
        cron_jobs: Ok(all("cronJobs")),
        jobs: Ok(all("jobs")),
        backups: Ok(all("backups").iter().map(ObjectBackup::read).collect()),
        schedules: Ok(all("schedules")),
        locations: Ok(all("locations")),
    };
    let series: Vec<_> = FIRST.services().iter().flat_map(|service| service.backups(&seen)).collect();
    let inventory = Inventory::new(seen.now, Ok(seen.now), series);
    let mut usable = 0;
    for set in &inventory.sets {
        usable += usize::from(inventory.fitness(set).new_cluster == Usable::Yes);
        serde_json::to_string(&SetView::new(&inventory, set)).expect("a set is plain data");
        assert!(inventory.find(inventory.name(set)).is_ok());
    }
    // Each is in a set, or was passed over for another one.
    for (at, series) in inventory.series.iter().enumerate() {
        let shown = |part: usize| {
            inventory.sets.iter().any(|set| {
                set.parts[at].is_some_and(|joined| joined.part == part) || set.passed_over.contains(&(at, part))
            })
        };
        let is_near = |part: usize| series.join != Join::Own && series.parts[part].is_good();
        assert!((0..series.parts.len()).all(|part| shown(part) || is_near(part)), "{}", series.name());
    }
    serde_json::to_string(&status(&inventory, None)).expect("a status is plain data");
    (inventory.sets.len(), usable)
}

/// A bucket's answers. A truncated one is never accepted as a shorter one.
pub(super) fn xml(text: &str) {
    let cut = text.rfind("</").and_then(|end| text.get(..end));
    if listing::parse(text).is_ok() {
        assert!(cut.is_none_or(|cut| listing::parse(cut).is_err()), "half of it is read, too");
    }
    if objects::parse(text).is_ok() {
        assert!(cut.is_none_or(|cut| objects::parse(cut).is_err()), "half of it is read, too");
    }
    if let Ok(read) = element::parse(text) {
        assert!(cut.is_none_or(|cut| element::parse(cut).is_err()), "half of it is read, too");
        assert!(read.same(&read));
        let _ = read.pretty();
    }
}

/// A file of a backup: whatever it is, and however it is cut into pieces, each reader says the same of it.
pub(super) fn backup_file(bytes: &[u8]) {
    in_pieces(bytes, || Unpacked::new(Control::default()));
    in_pieces(bytes, || Unpacked::new(Data::default()));
    in_pieces(bytes, || Unpacked::new(Log::default()));
    in_pieces(bytes, Dump::default);
    for kind in FileKind::ALL {
        let _ = ndb::check_ends(kind, bytes, bytes, bytes.len() as u64);
    }
}

fn in_pieces<C: Checker>(bytes: &[u8], new: impl Fn() -> C) {
    let read = |size: usize| -> Result<(), Flaw> {
        let mut checker = new();
        bytes.chunks(size.max(1)).try_for_each(|piece| checker.feed(piece))?;
        checker.finish().map(drop)
    };
    let at_once = read(bytes.len()).is_ok();
    assert!([1, 7, 512].into_iter().all(|size| read(size).is_ok() == at_once));
}

/// The files of a snapshot repository, as the content of each kind. Their names stay in the repository, and their sizes add up. Gives how many kinds it is.
pub(super) fn snapshot(content: &[u8]) -> usize {
    let mut kinds = 0;
    if let Ok(repository) = Repository::read(content) {
        kinds += 1;
        for index in repository.snapshots().iter().flat_map(|entry| repository.indices(entry)) {
            let folder = paths::shard_folder("base/", index.id, index.path_type, 7);
            assert_eq!(folder.matches("base/indices/").count() + folder.matches("base/").count(), 2, "{folder}");
            assert!(!folder.contains("/../") && folder.split('/').count() <= 6, "{folder}");
            Repository::judge_generations(&index, 7);
        }
    }
    let own = Snapshot::read(&framed("snapshot", content));
    kinds += usize::from(own.is_ok());
    if let Ok(own) = own {
        own.judge();
        own.version();
    }
    kinds += usize::from(IndexMetadata::read(&framed("index-metadata", content)).is_ok());
    kinds += usize::from(global_metadata(&framed("metadata", content)).is_ok());
    let shard = ShardSnapshot::read(&framed("snapshot", content));
    kinds += usize::from(shard.is_ok());
    if let Ok(shard) = shard {
        shard.judge("254811200");
        shard.compare("folder/", &std::collections::BTreeMap::new());
        shard.files.iter().for_each(parts);
        if let Ok(generation) = Generation::read(&framed("snapshots", content)) {
            let _ = generation.agrees("254811200", &shard);
        }
    }
    kinds += usize::from(Generation::read(&framed("snapshots", content)).is_ok());
    kinds
}

fn parts(file: &FileInfo) {
    let Ok(parts) = file.parts() else { return };
    let sum = parts.iter().fold(0u64, |sum, (_, length)| sum.saturating_add(*length));
    assert!(file.is_virtual() || sum == file.length, "{} bytes in {} parts", file.length, parts.len());
    assert!(parts.iter().all(|(name, _)| !name.contains('/')));
}

/// The files of a backup of Superset: a dump, packed or not, is read alike in any pieces; and of whatever is read as a manifest, it can be said whether it
/// is that of this backup. Gives how many kinds it is.
pub(super) fn superset(bytes: &[u8]) -> usize {
    let is_id = |text: &str| SupersetId::parse(text).is_ok();
    in_pieces(bytes, SupersetDump::default);
    let file = packed(bytes);
    in_pieces(&file, SupersetDump::default);
    let dump = check_whole(SupersetDump::default(), &file);
    let manifest = Manifest::read(bytes, is_id);
    if let Ok(manifest) = &manifest {
        let own = "20260722215632-2116913658";
        let is_own = manifest.is_of(own, is_id).is_ok();
        assert!(
            is_own
                || manifest.is_of("20260723215632-1", is_id).is_ok()
                || !manifest.lacks().contains(&"the id of its backup")
        );
        let other = Dumped {
            size: 1,
            unpacked: 2,
            digest: String::new(),
            tables: 3,
            revision: String::new(),
            says_that_it_is_whole: true,
        };
        // Without anything that could differ, nothing does.
        assert!(manifest.describes(&other).is_err() || manifest.digests.is_empty() && manifest.revisions.is_empty());
    }
    usize::from(dump.is_ok()) + usize::from(manifest.is_ok())
}

/// The files of a Velero backup: an archive that is read in pieces says the same as one that is read at once. Gives how many objects it has.
pub(super) fn archive(content: &[u8]) -> usize {
    let read = |bytes: &[u8], piece: usize| -> Result<Facts, Flaw> {
        let mut archive = Archive::new(|item| item.kind == "ConfigMap");
        bytes.chunks(piece).try_for_each(|piece| archive.feed(piece))?;
        archive.finish()
    };
    for file in [content, &packed(content)] {
        assert_eq!(read(file, 13), check_whole(Archive::new(|item| item.kind == "ConfigMap"), file));
        let _ = (lists::entries(file, "backup"), lists::json(file), lists::text(file));
    }
    let facts = read(&packed(content), 512);
    if let (Ok(list), Ok(facts)) = (ResourceList::read(&packed(content)), &facts) {
        agree::with_list(facts, &list, false);
    }
    if let Ok(backup) = Backup::read(content) {
        backup.judge("backup");
        agree::with_count(&ResourceList::default(), &backup);
    }
    facts.map_or(0, |facts| facts.items.len())
}

/// A file of OpenSearch's, whose checksum is right.
fn framed(codec: &str, content: &[u8]) -> Vec<u8> {
    let magic = 0x3fd7_6c17_u32;
    let mut file = magic.to_be_bytes().to_vec();
    file.extend([codec.len() as u8].iter().chain(codec.as_bytes()).chain(&[0, 0, 0, 1]).chain(content));
    file.extend((!magic).to_be_bytes().iter().chain(&[0; 4]));
    let sum = crc32(&file);
    file.extend(u64::from(sum).to_be_bytes());
    file
}

/// A file as gzip has it, not compressed.
fn packed(content: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for block in content.chunks(0xffff) {
        let length = block.len() as u16;
        file.push(0);
        file.extend(length.to_le_bytes().iter().chain(&(!length).to_le_bytes()).chain(block));
    }
    file.extend([1, 0, 0, 0xff, 0xff]);
    file.extend(crc32(content).to_le_bytes().iter().chain(&(content.len() as u32).to_le_bytes()));
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
