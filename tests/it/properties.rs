//! Properties of any text that others can write (`fuzz/properties.rs`), tested on the seeds of the fuzz targets, cut, changed and mixed.
//! Fuzzing goes further (`make fuzz`), and needs a nightly toolchain.

#[path = "../../fuzz/properties.rs"]
mod asked;

use hwdr::product::hopsworks::hopsfs::bucket::FOLDERS;
use hwdr::run::state::State;
use hwdr::s3::journal::{Record, Rewind};
use hwdr::s3::{checked, lifecycle::element, listing, objects};
use proptest::prelude::*;

macro_rules! seed {
    ($name:literal) => {
        include_str!(concat!("../../fuzz/seeds/", $name))
    };
}

const STATE: &str = seed!("state.json");
const JOURNAL: &str = seed!("journal.jsonl");
const RECORDS: &str = seed!("records.json");
const VERSIONS: &str = seed!("xml-versions.xml");
const LIFECYCLE: &str = seed!("xml-lifecycle.xml");
const OBJECTS: &str = seed!("xml-objects.xml");
const SNAPSHOTS: &str = seed!("snapshot-list.json");
const ARCHIVE: &str = seed!("archive.tar");
const MANIFEST: &str = seed!("superset-manifest.json");
const DUMP: &str = seed!("superset-dump.sql");
/// Files of a backup of NDB, as the tests of their readers write them, and a dump.
const FILES: &[&[u8]] = &[
    include_bytes!("../../fuzz/seeds/ndb-ctl"),
    include_bytes!("../../fuzz/seeds/ndb-data"),
    include_bytes!("../../fuzz/seeds/ndb-log"),
    include_bytes!("../../fuzz/seeds/ndb-undo"),
    include_bytes!("../../fuzz/seeds/ndb-az31"),
    include_bytes!("../../fuzz/seeds/ndb-xfrm"),
    b"-- MySQL dump 10\nUSE `a`; -- it's\nDELIMITER ;;\nCREATE PROCEDURE p() SELECT 'x' ;;\nDELIMITER ;\n-- Dump completed\n",
];
/// What readers act on.
const WORDS: &[&str] = &[
    "",
    "\0",
    "\"",
    "\\",
    "\\u0000",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{1f600}",
    "9999-12-31T23:59:59Z",
    "-1",
    "1e999",
    "18446744073709551616",
    "null",
    "{}",
    "[]",
    "<",
    "</",
    "&amp;",
    "&#x0;",
    "]]>",
    "<![CDATA[",
    "<Version>",
    "</ListVersionsResult>",
    ".hwdr/",
    "\n",
    "---\n",
    "hwdr: ",
    "\u{1f}",
];

/// A seed of which parts are taken out, repeated, or are something else.
fn changed(seeds: &'static [&'static str]) -> impl Strategy<Value = String> {
    let change =
        (any::<prop::sample::Index>(), 0..12_usize, prop::sample::select(WORDS), any::<String>(), any::<bool>());
    (prop::sample::select(seeds), prop::collection::vec(change, 0..6)).prop_map(|(seed, changes)| {
        let mut text = seed.to_owned();
        for (at, length, word, other, is_word) in changes {
            let places: Vec<_> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
            let from = at.index(places.len());
            let to = places[(from + length).min(places.len() - 1)];
            text.replace_range(places[from]..to, if is_word { word } else { &other });
        }
        text
    })
}

/// Otherwise the properties would be asked of nothing.
#[test]
fn the_seeds_are_what_is_read() {
    serde_json::from_str::<State>(STATE).expect("a state");
    let mut lines = JOURNAL.lines();
    let run: Rewind = serde_json::from_str(lines.next().expect("a run")).expect("a run");
    checked::cover(&run.shares).expect("shares without a gap");
    let records: Vec<Record> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    let believed =
        |record: &&Record| run.shares.iter().any(|share| checked::record(&run.aim, FOLDERS, share, record).is_ok());
    assert_eq!((records.len(), records.iter().filter(believed).count()), (4, 3));
    assert_eq!(asked::records(RECORDS), (5, 1));
    assert_eq!(listing::parse(VERSIONS).expect("a page").keys.len(), 2);
    assert_eq!(objects::parse(OBJECTS).expect("a page").found.objects.len(), 2);
    element::parse(LIFECYCLE).expect("a configuration");
    assert_eq!(asked::snapshot(SNAPSHOTS.as_bytes()), 1);
    assert_eq!(asked::archive(ARCHIVE.as_bytes()), 4);
    assert_eq!([MANIFEST, DUMP].map(|seed| asked::superset(seed.as_bytes())), [1, 1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_goes_into_any_object_as_it_is(value in any::<String>(), text in changed(&["apiVersion: v1\nkind: A\nmetadata: {name: a}\n", "kind: A\nmetadata:\n  name: a\n# end"])) {
        asked::edit(&value);
        asked::edit(&format!("{value}{}{text}", asked::AND));
    }

    #[test]
    fn any_state_can_be_read_or_is_refused(text in changed(&[STATE])) {
        asked::state(&text);
    }

    #[test]
    fn a_journal_is_believed_within_its_bounds(text in changed(&[JOURNAL])) {
        asked::journal(&text);
    }

    #[test]
    fn every_backup_that_is_read_is_in_a_set(text in changed(&[RECORDS])) {
        asked::records(&text);
    }

    #[test]
    fn a_file_of_a_backup_is_read_alike_in_any_pieces(
        seed in prop::sample::select(FILES), changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 0..5), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = seed.to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        asked::backup_file(&bytes);
        asked::backup_file(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn no_answer_that_is_cut_off_is_taken_for_whole(text in changed(&[VERSIONS, LIFECYCLE, OBJECTS])) {
        asked::xml(&text);
    }

    #[test]
    fn any_snapshot_can_be_judged_or_is_refused(text in changed(&[SNAPSHOTS]), bytes: Vec<u8>) {
        asked::snapshot(text.as_bytes());
        asked::snapshot(&[b":)\n\x01\xfa".as_slice(), &bytes].concat());
    }

    #[test]
    fn any_backup_of_superset_can_be_judged(text in changed(&[MANIFEST, DUMP]), bytes: Vec<u8>) {
        asked::superset(text.as_bytes());
        asked::superset(&bytes);
    }

    #[test]
    fn an_archive_is_the_same_however_it_is_cut(text in changed(&[ARCHIVE]), bytes: Vec<u8>) {
        asked::archive(text.as_bytes());
        asked::archive(&bytes);
    }
}
