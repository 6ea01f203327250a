use std::time::Duration;

use super::*;
use crate::notes::Pair;

fn positions(all: &[(&str, i32, i64, i64)]) -> Positions {
    let mut positions = Positions::new();
    for &(topic, partition, begin, end) in all {
        positions.entry(topic.to_owned()).or_default().insert(partition, Ends { begin, end });
    }
    positions
}

fn committed(all: &[(&str, &str, i32, i64)]) -> BTreeMap<String, Offsets> {
    let mut committed: BTreeMap<String, Offsets> = BTreeMap::new();
    for &(group, topic, partition, offset) in all {
        committed.entry(group.to_owned()).or_default().entry(topic.to_owned()).or_default().insert(partition, offset);
    }
    committed
}

fn notes(pairs: &[(i32, i64, i64)]) -> Notes {
    let mut notes = Notes::default();
    for &(partition, source, target) in pairs {
        notes.add("t", partition, Pair { source, target });
    }
    notes
}

fn compare(source: &Side, target: &Side, notes: &Notes, counted: &Counted) -> Comparison {
    let topics = Topics::parse("t,u").expect("topics");
    Comparison::new(source, target, notes, counted, &topics, &Groups::parse("*").expect("groups"))
}

fn records(
    source: (i64, i64),
    target: (i64, i64),
    pairs: &[(i32, i64, i64)],
    counted: Option<(u64, u64)>,
) -> (u64, u64, bool) {
    let side = |(begin, end)| Side { positions: positions(&[("t", 0, begin, end)]), ..Side::default() };
    let behind = counted.map(|counted| (("t".to_owned(), 0), counted)).into_iter().collect();
    let counted = Counted { behind, ..Counted::default() };
    let comparison = compare(&side(source), &side(target), &notes(pairs), &counted);
    (comparison.missing(), comparison.expired(), comparison.is_complete())
}

#[test]
fn records_that_are_missing() {
    for (what, source, target, pairs, counted, expected) in [
        ("nothing there", (0, 0), (0, 0), &[][..], None, (0, 0, true)),
        ("nothing copied", (0, 10), (0, 0), &[], None, (10, 0, false)),
        ("half, nothing noted: it may be somebody else's", (0, 10), (0, 5), &[], None, (10, 0, false)),
        ("as much there, nothing noted", (0, 10), (0, 10), &[], None, (10, 0, false)),
        ("markers alone", (0, 2), (0, 0), &[], Some((0, 0)), (0, 0, true)),
        ("all, noted", (0, 10), (0, 10), &[(0, 0, 0), (0, 9, 9)], None, (0, 0, true)),
        ("all, the last not yet noted", (0, 10), (0, 10), &[(0, 0, 0)], Some((9, 9)), (0, 0, true)),
        ("the same, not counted: they may be markers", (0, 10), (0, 10), &[(0, 0, 0)], None, (9, 0, false)),
        ("more than were waiting: some are another's", (0, 10), (0, 12), &[(0, 0, 0)], Some((9, 11)), (0, 0, false)),
        ("the source did not begin at 0", (100, 110), (0, 10), &[(0, 100, 0), (0, 109, 9)], None, (0, 0, true)),
        ("expired after they were copied", (8, 10), (0, 10), &[(0, 0, 0), (0, 9, 9)], None, (0, 0, true)),
        ("expired before they were copied", (8, 10), (0, 5), &[(0, 0, 0), (0, 4, 4)], None, (2, 3, false)),
        (
            "the same, and a marker of the mirror's own",
            (8, 10),
            (0, 6),
            &[(0, 0, 0), (0, 4, 4)],
            Some((2, 0)),
            (2, 3, false),
        ),
        ("expired on the way", (8, 10), (0, 7), &[(0, 0, 0), (0, 4, 4), (0, 8, 5), (0, 9, 6)], None, (0, 3, true)),
        ("behind by a marker, not counted", (0, 11), (0, 10), &[(0, 0, 0), (0, 9, 9)], None, (1, 0, false)),
        ("behind by a marker, counted", (0, 11), (0, 10), &[(0, 0, 0), (0, 9, 9)], Some((0, 0)), (0, 0, true)),
        ("a marker of the mirror's own hides nothing", (0, 11), (0, 11), &[(0, 9, 9)], Some((1, 0)), (1, 0, false)),
        (
            "copied twice after a kill",
            (0, 10),
            (0, 14),
            &[(0, 0, 0), (0, 9, 9), (0, 6, 10), (0, 9, 13)],
            None,
            (0, 0, true),
        ),
        (
            "killed, and what came twice hides nothing",
            (0, 20),
            (0, 14),
            &[(0, 9, 9), (0, 6, 10), (0, 9, 13)],
            None,
            (10, 0, false),
        ),
    ] {
        assert_eq!(records(source, target, pairs, counted), expected, "{what}");
    }
}

#[test]
fn topics_that_differ() {
    let source = Side { positions: positions(&[("t", 0, 0, 0), ("t", 1, 0, 0), ("x", 0, 0, 9)]), ..Side::default() };
    let more = Side { positions: positions(&[("t", 0, 0, 0), ("t", 1, 0, 0), ("t", 2, 0, 0)]), ..Side::default() };
    let comparison = compare(&source, &more, &Notes::default(), &Counted::default());
    assert_eq!(comparison.topics["t"], TopicState::Partitions { source: 2, target: 3, missing: 0 });
    assert!(!comparison.is_complete() && !comparison.topics.contains_key("x"), "x is not meant");
    let none = compare(&source, &Side::default(), &Notes::default(), &Counted::default());
    assert_eq!(none.topics["t"], TopicState::OnlySource(0));
    assert!(!none.is_complete());
    let only = compare(&Side::default(), &more, &Notes::default(), &Counted::default());
    assert_eq!(only.topics["t"], TopicState::OnlyTarget);
    assert!(only.is_nothing() && !only.is_complete(), "the source may have been emptied");
    let beside = compare(
        &Side { positions: positions(&[("u", 0, 0, 0)]), ..Side::default() },
        &Side { positions: positions(&[("t", 0, 0, 0), ("u", 0, 0, 0)]), ..Side::default() },
        &Notes::default(),
        &Counted::default(),
    );
    assert!(!beside.is_nothing() && beside.is_complete());
    assert!(!compare(&Side::default(), &Side::default(), &Notes::default(), &Counted::default()).is_complete());
}

#[test]
fn groups() {
    use Verdict::{Ahead, Behind, Nowhere, Same, Unknown};
    let notes = notes(&[(0, 100, 0), (0, 199, 99)]);
    for (what, at_source, at_target, verdict, to_commit) in [
        ("the same", 150, Some(50), Same, None),
        ("at the end", 200, Some(100), Same, None),
        ("MirrorMaker's nearest pair", 150, Some(1), Behind(49), Some(50)),
        ("it skips", 150, Some(60), Ahead(10), None),
        ("not there", 150, None, Nowhere, Some(50)),
        ("what it stood at expired", 3, Some(0), Same, None),
    ] {
        let source =
            Side { positions: positions(&[("t", 0, 100, 200)]), committed: committed(&[("g", "t", 0, at_source)]) };
        let there = at_target.map(|at| ("g", "t", 0, at));
        let target = Side { positions: positions(&[("t", 0, 0, 100)]), committed: committed(there.as_slice()) };
        let comparison = compare(&source, &target, &notes, &Counted::default());
        assert_eq!(comparison.groups["g"]["t"][&0].verdict, verdict, "{what}");
        assert_eq!(comparison.is_complete(), verdict.is_safe(), "{what}");
        let committed = comparison.to_commit().get("g").map(|group| group["t"][&0]);
        assert_eq!(committed, to_commit, "{what}");
    }
    // Nothing was noted of the second partition.
    let source = Side { positions: positions(&[("t", 1, 0, 7)]), committed: committed(&[("g", "t", 1, 5)]) };
    let target = |at| Side { positions: positions(&[("t", 1, 0, 7)]), committed: committed(&[("g", "t", 1, at)]) };
    let verdict = |at| compare(&source, &target(at), &notes, &Counted::default()).groups["g"]["t"][&1].verdict;
    assert_eq!((verdict(5), verdict(0)), (Unknown, Behind(7)));
    let empty = Side { positions: positions(&[("t", 1, 0, 0)]), committed: committed(&[("g", "t", 1, 0)]) };
    let there = Side { positions: positions(&[("t", 1, 0, 0)]), ..Side::default() };
    assert!(
        compare(&empty, &there, &notes, &Counted::default()).is_complete(),
        "an empty partition has one place alone"
    );
    // Nor has one whose records have all expired, wherever the group was.
    let expired = |at| Side { positions: positions(&[("t", 1, 500, 500)]), committed: committed(&[("g", "t", 1, at)]) };
    assert!(compare(&expired(480), &there, &notes, &Counted::default()).is_complete());
    let left = Side { positions: positions(&[("t", 1, 499, 500)]), committed: committed(&[("g", "t", 1, 480)]) };
    assert!(!compare(&left, &there, &notes, &Counted::default()).is_complete(), "one record is left");
}

#[test]
fn groups_without_a_place() {
    let all = positions(&[("t", 0, 0, 9), ("t", 1, 0, 9), ("t", 2, 0, 0), ("u", 0, 5, 9), ("x", 0, 0, 9)]);
    let unplaced = |here: &[_], there: &[_]| {
        let side = |places: &[_]| Side { positions: all.clone(), committed: committed(places) };
        let seen = compare(&side(here), &side(there), &Notes::default(), &Counted::default());
        let of = |(group, topics): (&Option<String>, &BTreeMap<String, Vec<i32>>)| {
            topics.iter().map(|(topic, at)| format!("{}:{topic}{at:?}", group.as_deref().unwrap_or("-"))).collect()
        };
        seen.unplaced().iter().map(of).map(|topics: Vec<_>| topics.join(" ")).collect::<Vec<_>>()
    };
    let (first, second) = (("g", "t", 0, 3), ("g", "t", 1, 3));
    assert_eq!(unplaced(&[], &[]), ["-:t[0, 1] -:u[0]"], "with no group, all that has records");
    assert_eq!(unplaced(&[("g", "x", 0, 3)], &[]), ["-:t[0, 1] -:u[0]"], "its topic is not meant");
    assert_eq!(unplaced(&[first], &[]), ["g:t[1]"], "it reads t, and nobody knows whether it reads u");
    assert_eq!(unplaced(&[first, second], &[]), [""; 0], "without records, every place is the same");
    assert_eq!(unplaced(&[first], &[second]), [""; 0], "somebody has set it at the target");
    assert_eq!(unplaced(&[first, ("h", "u", 0, 9)], &[]), ["g:t[1]"]);
}

#[test]
fn a_place_that_was_counted() {
    // Ten of the twenty offsets between the notes hold no record.
    let notes = notes(&[(0, 0, 0), (0, 20, 10)]);
    let source = Side { positions: positions(&[("t", 0, 0, 21)]), committed: committed(&[("g", "t", 0, 12)]) };
    let target = Side { positions: positions(&[("t", 0, 0, 11)]), committed: committed(&[("g", "t", 0, 1)]) };
    let near = compare(&source, &target, &notes, &Counted::default());
    assert_eq!(near.groups["g"]["t"][&0].verdict, Verdict::Behind(10), "at most all that follow");
    assert!(near.to_commit().is_empty());
    let counted = Counted { places: [(("t".to_owned(), 0, 12), 6)].into(), ..Counted::default() };
    let known = compare(&source, &target, &notes, &counted);
    assert_eq!(known.groups["g"]["t"][&0].verdict, Verdict::Behind(5));
    assert_eq!(known.to_commit()["g"]["t"][&0], 6);
}

#[test]
fn no_group_is_set_before_the_beginning() {
    let notes = notes(&[(0, 0, 0), (0, 99, 99)]);
    let source = Side { positions: positions(&[("t", 0, 0, 100)]), committed: committed(&[("g", "t", 0, 30)]) };
    // Retention has taken the first 40 at the target.
    let target = |at: &[_]| Side { positions: positions(&[("t", 0, 40, 100)]), committed: committed(at) };
    let seen = compare(&source, &target(&[]), &notes, &Counted::default());
    assert_eq!(seen.to_commit()["g"]["t"][&0], 40);
    assert!(compare(&source, &target(&[("g", "t", 0, 40)]), &notes, &Counted::default()).is_complete());
}

#[test]
fn a_target_that_is_not_new() {
    let topics = Topics::parse("t").expect("a topic");
    let target = positions(&[("t", 0, 5, 5), ("t", 1, 0, 0), ("t", 2, 0, 9), ("x", 0, 0, 9)]);
    let found = occupied(&target, &notes(&[(2, 0, 0)]), &topics);
    assert_eq!(
        found.iter().map(|one| one.partition).collect::<Vec<_>>(),
        [0],
        "that of the mirror itself, and others, do not count"
    );
    assert_eq!(
        found[0].to_string(),
        "topic \"t\", partition 0 has offsets 5 to 5 at the target already: a mirror would put its records behind them. \
         Mirror to a new cluster, or delete the topic there"
    );
}

#[test]
fn paces() {
    let look = |source, target: i64| {
        let side = |end| Side { positions: positions(&[("t", 0, 0, end)]), ..Side::default() };
        let last = (target - 1).max(0);
        compare(&side(source), &side(target), &notes(&[(0, 0, 0), (0, last, last)]), &Counted::default())
    };
    let pace = Pace::between(&look(1000, 100), &look(1100, 600), Duration::from_secs(2)).expect("time passed");
    assert_eq!(pace, Pace { copied: 250.0, produced: 50.0, missing: 500 });
    assert_eq!(pace.left(), Some(Duration::from_millis(2500)));
    let slow = Pace::between(&look(1000, 100), &look(1200, 200), Duration::from_secs(2)).expect("time passed");
    assert_eq!(slow.left(), None, "it falls behind");
    assert_eq!(Pace::between(&look(0, 0), &look(0, 0), Duration::ZERO), None);
    let still = Pace::between(&look(9, 9), &look(9, 9), Duration::from_secs(1)).expect("time passed");
    assert_eq!(still.left(), Some(Duration::ZERO));
}

#[test]
fn records_of_what_is_not_there_yet_are_missing() {
    let side = |all: &[_]| Side { positions: positions(all), ..Side::default() };
    let source = side(&[("t", 0, 0, 10), ("t", 1, 5, 12), ("u", 0, 0, 100)]);
    let seen = |target: &[_]| compare(&source, &side(target), &notes(&[(0, 0, 0), (0, 9, 9)]), &Counted::default());
    let some = seen(&[("t", 0, 0, 10)]);
    assert_eq!(some.topics["t"], TopicState::Partitions { source: 2, target: 1, missing: 7 });
    assert_eq!((&some.topics["u"], some.missing()), (&TopicState::OnlySource(100), 107));
    let all = seen(&[("t", 0, 0, 10), ("t", 1, 0, 3), ("u", 0, 0, 60)]);
    assert_eq!(all.missing(), 107, "nothing was noted of it");
    // A topic that has come in between tells nothing of the pace: when its first record came is not known.
    let pace = Pace::between(&some, &all, Duration::from_secs(1)).expect("time passed");
    assert_eq!((pace.copied, pace.missing, pace.left()), (0.0, 107, None));
    let more = seen(&[("t", 0, 0, 10), ("t", 1, 0, 7), ("u", 0, 0, 100)]);
    assert_eq!(Pace::between(&all, &more, Duration::from_secs(1)).expect("time passed").copied, 44.0);
}

#[test]
fn what_an_open_transaction_hides_is_not_there() {
    let side = Side { positions: positions(&[("t", 0, 0, 10)]), ..Side::default() };
    let hidden = vec![Hidden { topic: "t".to_owned(), partition: 0, since: 10, records: 5 }];
    let seen = |counted: &Counted| compare(&side, &side, &notes(&[(0, 0, 0), (0, 9, 9)]), counted);
    assert!(seen(&Counted::default()).is_complete());
    let counted = Counted { hidden: hidden.clone(), ..Counted::default() };
    assert_eq!((seen(&counted).is_complete(), seen(&counted).hidden()), (false, &hidden[..]));
}

#[test]
fn topics_that_are_written_to() {
    let look = |t, u| {
        let source = Side { positions: positions(&[("t", 0, 0, t), ("u", 0, 0, u)]), ..Side::default() };
        let target = Side { positions: positions(&[("t", 0, 0, 1), ("u", 0, 0, 1)]), ..Side::default() };
        compare(&source, &target, &Notes::default(), &Counted::default())
    };
    assert_eq!(look(5, 7).written_since(&look(5, 6)), ["u"]);
    assert!(look(5, 7).written_since(&look(5, 7)).is_empty());
    let nothing = compare(&Side::default(), &Side::default(), &Notes::default(), &Counted::default());
    assert!(look(5, 7).written_since(&nothing).is_empty(), "a topic that is new was not seen to grow");
}

#[test]
fn a_topic_that_was_deleted_at_the_target_is_never_complete() {
    let side = |end| Side { positions: positions(&[("t", 0, 0, end)]), ..Side::default() };
    let comparison = compare(&side(10), &side(0), &notes(&[(0, 0, 0), (0, 9, 9)]), &Counted::default());
    assert_eq!(comparison.topics["t"], TopicState::Recreated);
    assert!(!comparison.is_complete());
    let comparison = compare(&side(10), &side(10), &notes(&[(0, 0, 0), (0, 9, 9)]), &Counted::default());
    assert!(comparison.is_complete());
}

#[test]
fn a_partition_where_nothing_came_since_the_mirror_was_told_to_begin() {
    // A cluster that was restored from the target ends at 12, with a marker, and is mirrored back from there on.
    let begun = |at| {
        let mut notes = Notes::default();
        notes.begins_at([("t".to_owned(), [(0, at)].into())].into());
        notes
    };
    let side = |end, at| Side { positions: positions(&[("t", 0, 0, end)]), committed: committed(&[("g", "t", 0, at)]) };
    let target = side(10, 10);
    assert!(compare(&side(12, 12), &target, &begun(12), &Counted::default()).is_complete());
    let seen = compare(&side(15, 12), &target, &begun(12), &Counted::default());
    assert_eq!((seen.missing(), seen.is_complete()), (3, false), "three came since");
    assert!(!compare(&side(12, 7), &target, &begun(12), &Counted::default()).is_complete(), "a group that lags");
    assert_eq!(compare(&side(12, 12), &target, &Notes::default(), &Counted::default()).missing(), 12);
    assert_eq!(compare(&side(12, 12), &target, &begun(13), &Counted::default()).missing(), 12, "another cluster's");
    // Once a record has come, what was noted counts.
    let mut noted = begun(12);
    noted.add("t", 0, Pair { source: 12, target: 10 });
    assert_eq!(compare(&side(15, 12), &side(11, 10), &noted, &Counted::default()).missing(), 2);
}

#[test]
fn notes_of_another_source_prove_nothing() {
    let side = |end| Side { positions: positions(&[("t", 0, 0, end)]), ..Side::default() };
    // A new cluster under the name of the one that was lost: its records are others.
    let (old, new, target) = (side(10), side(5), side(10));
    let notes = notes(&[(0, 0, 0), (0, 9, 9)]);
    let comparison = compare(&new, &target, &notes, &Counted::default());
    assert_eq!(comparison.topics["t"], TopicState::OtherSource);
    assert!(!comparison.is_complete());
    assert!(any_ends_before(&new.positions, &target.positions, &notes));
    assert!(any_ends_before(&old.positions, &new.positions, &notes), "at the target");
    assert!(!any_ends_before(&old.positions, &target.positions, &notes));
}
