//! Good backups are fine; each kind of damage of each file is found.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::writer::{Sample, az31, xfrm};
use super::*;
use crate::checker::{Checker, check_whole};
use crate::flaw::{Finding, Flaw, Verdict, worst};

type Files = Vec<(Name, Vec<u8>)>;

/// Reads a file, all of it.
fn whole(kind: FileKind, bytes: &[u8]) -> Result<Facts, Flaw> {
    Ok(match kind {
        FileKind::Control => Facts::Control(check_whole(Unpacked::new(Control::default()), bytes)?.0),
        FileKind::Data => Facts::Data(check_whole(Unpacked::new(Data::default()), bytes)?.0),
        FileKind::Log => Facts::Log(check_whole(Unpacked::new(Log::default()), bytes)?.0),
    })
}

/// Reads the ends of a file.
fn ends(kind: FileKind, bytes: &[u8]) -> Result<Facts, Flaw> {
    const PIECE: usize = 64 << 10;
    let tail = &bytes[bytes.len().saturating_sub(PIECE)..];
    let head = &bytes[..bytes.len().min(PIECE)];
    Ok(Facts::Ends(check_ends(kind, head, tail, bytes.len() as u64)?))
}

/// Verifies a backup; with `reads_all`, all data and logs.
fn verify(id: u32, files: &Files, reads_all: bool) -> (Vec<Finding>, Whole) {
    let listed: Vec<_> = files
        .iter()
        .map(|(name, bytes)| Listed { name: *name, path: name.path(id), size: bytes.len() as u64 })
        .collect();
    let mut findings = missing("rondb/", id, &listed);
    let mut read = Vec::new();
    for (listed, (name, bytes)) in listed.iter().zip(files).filter(|(listed, _)| listed.size > 0) {
        let facts = match reads_all || name.kind == FileKind::Control {
            true => whole(name.kind, bytes),
            false => ends(name.kind, bytes),
        };
        match facts {
            Ok(facts) => read.push((listed.clone(), facts)),
            Err(flaw) => findings.push(flaw.in_file(&listed.path)),
        }
    }
    let nodes: BTreeSet<u16> = listed.iter().map(|file| file.name.node).collect();
    let whole = judge("rondb/", id, &read, nodes, reads_all && findings.is_empty());
    findings.extend(whole.findings.clone());
    (findings, whole)
}

fn samples() -> Vec<(&'static str, Sample)> {
    let plain = Sample::default;
    vec![
        ("plain", plain()),
        ("one node", Sample { nodes: vec![2], leader: 2, ..plain() }),
        ("several threads", Sample { parts: 4, ..plain() }),
        ("two node groups", Sample { nodes: vec![1, 2, 4, 5], leader: 4, parts: 2, ..plain() }),
        ("big-endian", Sample { is_little: false, ..plain() }),
        ("back to the beginning", Sample { is_undo: true, ..plain() }),
        ("direct", Sample { is_direct: true, ..plain() }),
        ("no changes", Sample { changes: 0, ..plain() }),
        ("no rows", Sample { tables: vec![(4, "sys/def/NDB$EVENTS_0", vec![0, 0])], ..plain() }),
        // This footer looks like a page that is filled up.
        (
            "eight fragments",
            Sample { nodes: vec![1], tables: vec![(5, "a/def/b", vec![0, 0, 0, 0, 0, 0, 0, 0, 3])], ..plain() },
        ),
        ("another id", Sample { id: 1, clock: 0, ..plain() }),
        ("Hopsworks 3", Sample { id: 2_511_241_200, ..plain() }),
    ]
}

type Packing = fn(&[u8]) -> Vec<u8>;

fn packings() -> Vec<Packing> {
    vec![<[u8]>::to_vec, az31, |bytes| xfrm(bytes, 0x100)]
}

#[test]
fn good_backups_are_fine() {
    for (name, sample) in samples() {
        for pack in packings() {
            let files: Files = sample.files().into_iter().map(|(name, bytes)| (name, pack(&bytes))).collect();
            for reads_all in [false, true] {
                let (findings, whole) = verify(sample.id, &files, reads_all);
                assert_eq!(findings, [], "{name}");
                let rows = sample.tables.iter().flat_map(|(_, _, rows)| rows).map(|rows| u64::from(*rows)).sum();
                assert_eq!((whole.rows, whole.tables), (Some(rows), sample.tables.len()), "{name}");
                assert_eq!(whole.nodes, sample.nodes.iter().copied().collect(), "{name}");
                assert_eq!(whole.notes, [""; 0], "{name}");
            }
        }
    }
}

#[test]
fn a_cut_is_found_wherever_it_is() {
    for (name, sample) in samples() {
        let files = sample.files();
        for at in 0..files.len() {
            let bytes = &files[at].1;
            let step = if bytes.len() > 4000 { 1021 } else { 3 };
            for cut in (0..bytes.len()).rev().step_by(step) {
                let mut files = files.clone();
                files[at].1.truncate(cut);
                let (findings, _) = verify(sample.id, &files, true);
                // What fills a page up is nothing that anybody needs.
                let is_fill = sample.is_direct
                    && files[at].0.kind == FileKind::Data
                    && cut % 4 == 0
                    && cut > 48
                    && cut + 8 > bytes.len();
                assert!(is_fill || worst(&findings) >= Verdict::Missing, "{name}: {:?} cut at {cut}", files[at].0);
            }
        }
    }
}

#[test]
fn a_cut_at_the_ends_is_found_without_reading_all() {
    let sample = Sample::default();
    let files = sample.files();
    for pack in packings() {
        for (at, (name, bytes)) in files.iter().enumerate() {
            let packed = pack(bytes);
            for cut in [0, 1, 47, 48, 100, packed.len() - 13, packed.len() - 4, packed.len() - 1] {
                let mut files = files.clone();
                files[at].1 = packed[..cut.min(packed.len())].to_vec();
                let (findings, _) = verify(sample.id, &files, false);
                // A log that only begins has nothing to end with: its header ends with a version, never with 0.
                let is_found = worst(&findings) == Verdict::Damaged;
                // An empty data file, and one that fills up nothing: only the counts tell.
                let is_header = name.kind == FileKind::Data && cut == 48;
                // Zeros at the end of a compressed file are only there to fill a block.
                assert!(is_found || is_header, "{name:?} cut at {cut}: {findings:?}");
            }
        }
    }
}

#[test]
fn a_changed_byte_is_found_where_the_format_shows_it() {
    for pack in packings().into_iter().skip(1) {
        let tables = vec![(12, "a/def/b", vec![30, 1])];
        let sample = Sample { nodes: vec![1], tables, ..Sample::default() };
        let good: Files = sample.files().into_iter().map(|(name, bytes)| (name, pack(&bytes))).collect();
        for at in 0..good.len() {
            // The header of the compression is 512 bytes of which most are alike.
            let headers = (0..512).step_by(if good[at].1.len() > 2000 { 7 } else { 1 });
            for byte in headers.chain(512..good[at].1.len()) {
                let mut files = good.clone();
                files[at].1[byte] ^= 0x10;
                let (findings, _) = verify(sample.id, &files, true);
                // Some bits are read by nobody: what fills a byte up behind the compressed data, or says who wrote the file.
                if findings.is_empty() {
                    let (name, bytes) = &files[at];
                    assert_eq!(whole(name.kind, bytes), whole(name.kind, &good[at].1), "{name:?} changed at {byte}");
                }
            }
        }
    }
}

#[test]
fn a_changed_word_of_the_structure_is_found() {
    let sample = Sample { nodes: vec![1], tables: vec![(12, "a/def/b", vec![3])], ..Sample::default() };
    let files = sample.files();
    let find = |at: usize, word: usize| {
        let mut files = files.clone();
        files[at].1[word * 4 + 3] ^= 0x40;
        verify(sample.id, &files, true).0
    };
    // What nobody reads: the versions of NDB and MySQL, and of the format if it stays new.
    let free = [2, 10, 11];
    for at in 0..3 {
        for word in (0..12).filter(|word| !free.contains(word)) {
            assert!(worst(&find(at, word)) >= Verdict::Damaged, "file {at}, word {word}");
        }
    }
    // Header and rows of the fragment: its head, the lengths and heads of rows, its footer. Words of values cannot be told.
    let words = files[1].1.len() / 4;
    let lengths = [
        12,
        13,
        14,
        15,
        17,
        18,
        22,
        23,
        28,
        29,
        words - 7,
        words - 6,
        words - 5,
        words - 4,
        words - 3,
        words - 2,
        words - 1,
    ];
    for word in lengths {
        assert!(worst(&find(1, word)) >= Verdict::Damaged, "data, word {word}");
    }
    assert_eq!(find(1, 20), [], "a value: nothing in the format shows it");
    // Each word of the control file behind the descriptions, but for the places in files (always 0, never read).
    let words = files[0].1.len() / 4;
    for word in words - 12..words - 2 {
        let is_free = [words - 10, words - 9].contains(&word);
        assert!(is_free || worst(&find(0, word)) >= Verdict::Damaged, "control file, word {word} of {words}");
    }
}

#[test]
fn a_missing_file_is_named() {
    for (name, sample) in samples() {
        let files = sample.files();
        for at in 0..files.len() {
            let mut files = files.clone();
            let (gone, _) = files.remove(at);
            for reads_all in [false, true] {
                let (findings, _) = verify(sample.id, &files, reads_all);
                let path = format!("rondb/{}", gone.path(sample.id));
                let only = findings.iter().filter(|it| it.flaw.verdict == Verdict::Missing).collect::<Vec<_>>();
                assert!(only.iter().any(|it| it.file == path), "{name}: {findings:?}");
                assert_eq!(worst(&findings), Verdict::Missing, "nothing else is wrong: {name}: {findings:?}");
            }
        }
        assert_eq!(worst(&verify(sample.id, &Vec::new(), true).0), Verdict::Missing);
    }
}

#[test]
fn a_missing_node_is_found() {
    // Without its node group, its rows are nowhere; with another node of it, only reading all shows that.
    let sample = Sample { nodes: vec![1, 2, 4], ..Sample::default() };
    for node in [1, 2, 4] {
        let files: Files = sample.files().into_iter().filter(|(name, _)| name.node != node).collect();
        let (findings, _) = verify(sample.id, &files, true);
        assert_eq!(worst(&findings), Verdict::Missing, "{node}: {findings:?}");
        let (findings, whole) = verify(sample.id, &files, false);
        match node {
            1 => assert!(findings.iter().any(|it| it.file == "rondb/1/"), "the leader: {findings:?}"),
            _ => assert!(
                findings.is_empty() && whole.notes[0].contains(&format!("without a part: {node}.")),
                "{whole:?}"
            ),
        }
    }
}

#[test]
fn a_file_of_another_backup_is_found() {
    let sample = Sample::default();
    let others = [
        Sample { id: sample.id + 1, ..sample.clone() },
        Sample { clock: sample.clock + 1, ..sample.clone() },
        Sample { leader: 2, ..sample.clone() },
    ];
    for other in others {
        for at in 0..sample.files().len() {
            let mut files = sample.files();
            files[at].1 = other.files()[at].1.clone();
            for reads_all in [false, true] {
                let (findings, _) = verify(sample.id, &files, reads_all);
                let path = files[at].0.path(sample.id);
                assert!(
                    findings.iter().any(|it| it.file == path && it.flaw.verdict == Verdict::Damaged),
                    "{findings:?}"
                );
            }
        }
    }
}

#[test]
fn files_that_were_mixed_up_are_found() {
    let sample = Sample { parts: 2, ..Sample::default() };
    let good = sample.files();
    for (from, to) in (0..good.len()).flat_map(|from| (0..good.len()).map(move |to| (from, to))) {
        let mut files = good.clone();
        files[to].1 = good[from].1.clone();
        // A control file that counts nothing may be any: it has the same tables. Logs of other threads cannot be told apart.
        let is_control = good[from].0.kind == FileKind::Control && good[to].0.kind == FileKind::Control;
        if files == good || is_control && (good[to].0.node, good[to].0.part.number) != (1, 1) {
            continue;
        }
        let (findings, _) = verify(sample.id, &files, true);
        assert!(worst(&findings) >= Verdict::Missing, "{:?} in place of {:?}", good[from].0, good[to].0);
    }
}

#[test]
fn what_is_encrypted_is_unknown() {
    let sample = Sample::default();
    let files: Files = sample.files().into_iter().map(|(name, bytes)| (name, xfrm(&bytes, 0x1000))).collect();
    for reads_all in [false, true] {
        let (findings, _) = verify(sample.id, &files, reads_all);
        assert_eq!(worst(&findings), Verdict::Unknown);
        assert!(findings[0].flaw.what.contains("password"), "{findings:?}");
    }
}

/// With `UPDATE_GOLDEN=1`, they are written anew.
#[test]
fn the_seeds_of_the_fuzz_target_are_good_files() {
    let sample = Sample { nodes: vec![1], tables: vec![(12, "a/def/b", vec![3, 0])], ..Sample::default() };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let undo = Sample { is_undo: true, ..sample.clone() };
    let packed = sample.files().remove(1).1;
    let others = [
        ("undo", undo.files().remove(2)),
        ("az31", (sample.files()[1].0, az31(&packed))),
        ("xfrm", (sample.files()[1].0, xfrm(&packed, 0x100))),
    ];
    let plain = sample.files().into_iter().map(|(name, bytes)| (name.kind.suffix(), (name, bytes)));
    for (ending, (name, bytes)) in plain.chain(others) {
        let path = folder.join(format!("ndb-{}", ending.to_lowercase()));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{}: run it with UPDATE_GOLDEN=1", path.display());
        whole(name.kind, &bytes).unwrap();
    }
}

#[test]
fn paths() {
    let name = |node, number, of, kind| Some(Name { node, part: Part { number, of }, kind });
    for (path, expected) in [
        ("1/BACKUP-7.1.ctl", name(1, 1, 1, FileKind::Control)),
        ("12/BACKUP-7-0.12.Data", name(12, 1, 1, FileKind::Data)),
        ("1/BACKUP-7-PART-2-OF-4/BACKUP-7.1.log", name(1, 2, 4, FileKind::Log)),
        ("1/BACKUP-8.1.ctl", None),
        ("1/BACKUP-7.2.ctl", None),
        ("01/BACKUP-7.1.ctl", None),
        ("+1/BACKUP-7.1.ctl", None),
        ("1/BACKUP-7-PART-5-OF-4/BACKUP-7.1.log", None),
        ("1/BACKUP-7-PART-0-OF-4/BACKUP-7.1.log", None),
        ("1/BACKUP-7-1.1.Data", None),
        ("BACKUP-7.1.ctl", None),
        ("", None),
    ] {
        assert_eq!(Name::parse(path, 7), expected, "{path}");
        assert!(expected.is_none_or(|name| name.path(7) == path));
    }
}

proptest! {
    /// Whatever is fed, and however it is cut: the result is the same, and nothing panics.
    #[test]
    fn pieces_do_not_matter(
        which in 0..6_usize, packing in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        pieces in prop::collection::vec(1..300_usize, 1..40),
    ) {
        let sample = Sample { is_undo: which % 2 == 1, ..Sample::default() };
        let (name, bytes) = sample.files().swap_remove(which);
        let mut bytes = packings()[packing](&bytes);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = ends(name.kind, &bytes);
        let at_once = whole(name.kind, &bytes);
        fn by_pieces<C: Checker>(mut checker: C, mut bytes: &[u8], pieces: &[usize]) -> Result<C::Facts, Flaw> {
            for piece in pieces.iter().cycle() {
                if bytes.is_empty() {
                    break;
                }
                let (first, rest) = bytes.split_at((*piece).min(bytes.len()));
                checker.feed(first)?;
                bytes = rest;
            }
            checker.finish()
        }
        let in_pieces = match name.kind {
            FileKind::Control => by_pieces(Unpacked::new(Control::default()), &bytes, &pieces).map(|(facts, _)| Facts::Control(facts)),
            FileKind::Data => by_pieces(Unpacked::new(Data::default()), &bytes, &pieces).map(|(facts, _)| Facts::Data(facts)),
            FileKind::Log => by_pieces(Unpacked::new(Log::default()), &bytes, &pieces).map(|(facts, _)| Facts::Log(facts)),
        };
        // What is decompressed before an error may differ.
        prop_assert_eq!(at_once.is_ok(), in_pieces.is_ok(), "{:?} {:?}", at_once, in_pieces);
        if packing == 0 {
            prop_assert_eq!(at_once, in_pieces);
        }
    }
}

/// Backups that NDB 9.7.2 wrote, of two data nodes and no tables but its own (`testdata/ndb`).
#[test]
fn backups_that_ndb_itself_wrote_are_fine() {
    const ID: u32 = 254_811_200;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ndb");
    for (variant, parts, verdict) in [
        ("plain", 1, Verdict::Fine),
        ("compressed", 1, Verdict::Fine),
        ("undo", 1, Verdict::Fine),
        ("direct", 1, Verdict::Fine),
        ("threads", 4, Verdict::Fine),
        ("encrypted", 1, Verdict::Unknown),
    ] {
        let names = [1, 2].into_iter().flat_map(|node| {
            (1..=parts)
                .flat_map(move |number| FileKind::ALL.map(|kind| Name { node, part: Part { number, of: parts }, kind }))
        });
        let files: Files = names
            .map(|name| {
                let path = folder.join(variant).join(name.path(ID));
                (name, std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
            })
            .collect();
        for reads_all in [false, true] {
            let (findings, whole) = verify(ID, &files, reads_all);
            assert_eq!(worst(&findings), verdict, "{variant}: {findings:?}");
            if verdict == Verdict::Fine {
                assert_eq!((whole.rows, whole.notes.len()), (Some(2), 0), "{variant}: {whole:?}");
            }
        }
    }
}
