//! Edits documents in place: what goes where, by examples.

use hwdr::stream::Stream;
use hwdr::stream::edit::{At, EditError, Edits};
use hwdr::yaml::NodeId;

/// What one edit does to the collection at a path, where a number is an item of a list.
enum Edit {
    Entry(&'static str, &'static str),
    First(&'static str),
    Last(&'static str),
    Remove(&'static str),
}
use Edit::{Entry, First, Last, Remove};

fn edit(text: &str, edits: &[(&str, Edit)]) -> Result<String, EditError> {
    let stream = Stream::parse(text.into()).unwrap();
    let mut all = Edits::new();
    let look = stream.look(&stream.objects()[0]);
    for (path, edit) in edits {
        let node = path.split('.').filter(|key| !key.is_empty()).fold(look.root, |node: NodeId, key| {
            match key.parse::<usize>() {
                Ok(index) => look.tree.items(node)[index],
                Err(_) => look.tree.get(node, key).unwrap(),
            }
        });
        match edit {
            Entry(key, value) => all.add_entry(&look, node, key, value)?,
            First(item) => all.add_item(&look, node, item, At::Front)?,
            Last(item) => all.add_item(&look, node, item, At::End)?,
            Remove(key) => all.remove_entry(&look, node, key)?,
        }
    }
    let mut out = Vec::new();
    hwdr::stream::write(&stream, &all, &[], &mut out).unwrap();
    Ok(String::from_utf8(out).unwrap())
}

#[track_caller]
fn check(text: &str, edits: &[(&str, Edit)], expected: &str) {
    assert_eq!(edit(text, edits).unwrap(), expected, "from:\n{text}");
}

#[test]
fn entries_go_behind_the_last_one() {
    check("m:\n  a: 1\nz: 2\n", &[("m", Entry("b", "x"))], "m:\n  a: 1\n  b: x\nz: 2\n");
    check("m:\n  a: 1 # one\n\n# two\nz: 2\n", &[("m", Entry("b", "x"))], "m:\n  a: 1 # one\n  b: x\n\n# two\nz: 2\n");
    check("m: 1", &[("", Entry("b", "x"))], "m: 1\nb: x\n");
    check("m:\r\n  a: 1\r\n", &[("m", Entry("b", "x:\n- y"))], "m:\r\n  a: 1\r\n  b:\r\n    x:\r\n    - y\r\n");
    check("m:\n  a:\nz: 2\n", &[("m", Entry("b", "x"))], "m:\n  a:\n  b: x\nz: 2\n");
    check("m:\n  a: \"x\n    y\"\nz: 2\n", &[("m", Entry("b", "x"))], "m:\n  a: \"x\n    y\"\n  b: x\nz: 2\n");
    check("l:\n- a: 1\n- b: 2\n", &[("l.0", Entry("c", "3"))], "l:\n- a: 1\n  c: 3\n- b: 2\n");
}

#[test]
fn values_are_indented_below_their_key() {
    let text = "m:\n  a: 1\n";
    check(text, &[("m", Entry("b", "c: 1\nd:\n  e: 2\n"))], "m:\n  a: 1\n  b:\n    c: 1\n    d:\n      e: 2\n");
    check(text, &[("m", Entry("b", "- c: 1\n  d: 2\n"))], "m:\n  a: 1\n  b:\n    - c: 1\n      d: 2\n");
    check(text, &[("m", Entry("b", "|\n  c\n\n  d\n"))], "m:\n  a: 1\n  b: |\n    c\n\n    d\n");
    check(text, &[("m", Entry("b", "|2\n  c\n"))], "m:\n  a: 1\n  b: |2\n    c\n");
    check(text, &[("m", Entry("no", ""))], "m:\n  a: 1\n  \"no\":\n");
    check(text, &[("m", Entry("a/b", "\"x\n  y\"\n"))], "m:\n  a: 1\n  a/b: \"x\n      y\"\n");
}

#[test]
fn a_block_scalar_may_be_the_last_child() {
    check("m:\n  a: |\n    x\n\nz: 1\n", &[("m", Entry("b", "1"))], "m:\n  a: |\n    x\n  b: 1\n\nz: 1\n");
    check("m:\n  a: |+\n    x\n\nz: 1\n", &[("m", Entry("b", "1"))], "m:\n  a: |+\n    x\n\n  b: 1\nz: 1\n");
    check("m:\n  a: >-\n    x\n  # c\nz: 1\n", &[("m", Entry("b", "1"))], "m:\n  a: >-\n    x\n  b: 1\n  # c\nz: 1\n");
    check("m:\n  a: |\n    x", &[("m", Entry("b", "1"))], "m:\n  a: |\n    x\n  b: 1\n");
    check("m:\n  a: |\r\n    x\r\n\r\n", &[("m", Entry("b", "1"))], "m:\n  a: |\r\n    x\r\n  b: 1\n\r\n");
}

#[test]
fn comments_stay_with_what_they_are_about() {
    let text = "m:\n  a: 1\n    # more of a\n  # about m\n# about z\nz: 1\n";
    check(text, &[("m", Entry("b", "|\n x"))], &text.replace("  # about m", "  b: |\n   x\n  # about m"));
    check(text, &[("m", Remove("a"))], "m:\n  {}\n  # about m\n# about z\nz: 1\n");
    check("m:\n  # none yet\nz: 1\n", &[("m", Entry("b", "1"))], "m:\n  b: 1\n  # none yet\nz: 1\n");
}

#[test]
fn what_is_empty_is_filled() {
    check("m:\nz: 1\n", &[("m", Entry("b", "1"))], "m:\n  b: 1\nz: 1\n");
    check("m: {}\nz: 1\n", &[("m", Entry("b", "1")), ("m", Entry("c", "2"))], "m:\n  b: 1\n  c: 2\nz: 1\n");
    check("m: null # none\n", &[("m", Entry("b", "1"))], "m: # none\n  b: 1\n");
    check("m: []\n", &[("m", Last("1"))], "m:\n  - 1\n");
    check("m: ~\n", &[("m", First("a: 1\nb: 2"))], "m:\n  - a: 1\n    b: 2\n");
    check("m: [ # c\n ]\n", &[("m", Last("1"))], "m: [1 # c\n ]\n");
    check("m: {a: , b: {}}\n", &[("m.a", Entry("x", "1"))], "m: {a: {\"x\": 1} , b: {}}\n");
    check("l:\n-\n- x: 1\n", &[("l.0", Entry("x", "1"))], "l:\n-\n  x: 1\n- x: 1\n");
}

#[test]
fn a_list_that_is_missing_is_made() {
    let lists = |text: &str| {
        let stream = Stream::parse(text.into()).unwrap();
        let look = stream.look(&stream.objects()[0]);
        let map = look.tree.get(look.root, "m").unwrap();
        let mut edits = Edits::new();
        for item in ["a: 1\nb: |\n  x\n", "c"] {
            edits.add_to_list(&look, map, "l", item, At::End).unwrap();
        }
        assert!(edits.add_entry(&look, map, "l", "1").is_err());
        edits.apply_to(&stream, 0)
    };
    assert_eq!(lists("m:\n  k: 1\n"), "m:\n  k: 1\n  l:\n    - a: 1\n      b: |\n        x\n    - c\n");
    assert_eq!(lists("m:\n  l: []\n"), "m:\n  l:\n    - a: 1\n      b: |\n        x\n    - c\n");
    assert_eq!(lists("m: {}\n"), "m:\n  l:\n    - a: 1\n      b: |\n        x\n    - c\n");
    assert_eq!(lists("m: {k: 1}\n"), "m: {k: 1, \"l\": [{\"a\": 1, \"b\": \"x\\n\"}, \"c\"]}\n");
}

#[test]
fn lists_keep_their_indentation() {
    check("l:\n- a: 1\nz: 1\n", &[("l", Last("b: 2\nc: 3"))], "l:\n- a: 1\n- b: 2\n  c: 3\nz: 1\n");
    check("l:\n    - a: 1\nz: 1\n", &[("l", Last("b"))], "l:\n    - a: 1\n    - b\nz: 1\n");
    check("l:\n- a\n", &[("l", First("x")), ("l", First("y")), ("l", Last("z"))], "l:\n- x\n- y\n- a\n- z\n");
    check("l:\n  # about a\n  - a\n", &[("l", First("x"))], "l:\n  - x\n  # about a\n  - a\n");
    check("l:\n- - a\n  - b\n", &[("l.0", First("x"))], "l:\n- - x\n  - a\n  - b\n");
    check("l:\n- |\n  x\n", &[("l", Last("|\n y"))], "l:\n- |\n  x\n- |\n y\n");
}

#[test]
fn flow_collections_get_flow_text() {
    check(
        "{\"a\": {\"b\": 1}}\n",
        &[("a", Entry("c", "d: [x, 1]"))],
        "{\"a\": {\"b\": 1, \"c\": {\"d\": [\"x\", 1]}}}\n",
    );
    check("{\n  \"a\": 1\n}\n", &[("", Entry("c", "yes"))], "{\n  \"a\": 1,\n  \"c\": yes\n}\n");
    check("l: [a, b]\n", &[("l", First("x")), ("l", Last("|\n  y\n"))], "l: [\"x\", a, b, \"y\\n\"]\n");
    check("l: [\n  a,\n]\n", &[("l", First("x")), ("l", Last("z"))], "l: [\n  \"x\",\n  a,\n  \"z\",\n]\n");
    check("m: {a: }\n", &[("m", Entry("b", "1"))], "m: {a: , \"b\": 1 }\n");
}

#[test]
fn entries_are_taken_out() {
    check("m:\n  a: 1\n  b:\n    c: 2 # x\n  # y\n  d: 3\n", &[("m", Remove("b"))], "m:\n  a: 1\n  # y\n  d: 3\n");
    check("m:\n  a: 1\nz: 1\n", &[("m", Remove("a"))], "m:\n  {}\nz: 1\n");
    check("m:\n  a: 1\nz: 1\n", &[("m", Remove("a")), ("m", Entry("a", "2"))], "m:\n  a: 2\nz: 1\n");
    check("l:\n- a: 1\n  b: 2\n", &[("l.0", Remove("a"))], "l:\n- b: 2\n");
    check("l:\n- a: 1\n  # b\n  b: 2\n", &[("l.0", Remove("a"))], "l:\n- \n  # b\n  b: 2\n");
    check("{a: 1, b: 2, c: 3}\n", &[("", Remove("a")), ("", Remove("c"))], "{b: 2}\n");
    check("{a: 1, b: 2}\n", &[("", Remove("b")), ("", Entry("c", "3"))], "{a: 1, \"c\": 3}\n");
    check("a: 1\nb: 2\na: 3\n", &[("", Remove("a"))], "b: 2\n");
}

#[test]
fn edits_at_one_point_nest() {
    check(
        "a:\n  b:\n    c:\n    - 1\n",
        &[("", Entry("x", "1")), ("a", Entry("x", "1")), ("a.b", Entry("x", "1")), ("a.b.c", Last("2"))],
        "a:\n  b:\n    c:\n    - 1\n    - 2\n    x: 1\n  x: 1\nx: 1\n",
    );
    check("a:\n  b: {}", &[("a.b", Entry("x", "1")), ("", Entry("x", "1"))], "a:\n  b:\n    x: 1\nx: 1\n");
}

#[test]
fn what_would_change_more_is_refused() {
    let text = "a: &x\n  b: {}\nc: *x\nd: &y\n  e: 1\nf: text\nl: [1]\n";
    assert_eq!(edit(text, &[("a", Entry("x", "1"))]), Err(EditError::Aliased));
    assert_eq!(edit(text, &[("a.b", Entry("x", "1"))]), Err(EditError::Aliased));
    assert_eq!(edit(text, &[("c", Entry("x", "1"))]), Err(EditError::Aliased));
    assert!(edit(text, &[("d", Entry("x", "1"))]).is_ok());
    assert_eq!(edit(text, &[("d", Entry("e", "1"))]), Err(EditError::Exists("e".to_owned())));
    assert_eq!(edit(text, &[("f", Entry("e", "1"))]), Err(EditError::NotAMapping));
    assert_eq!(edit(text, &[("d", Last("e"))]), Err(EditError::NotAList));
    assert_eq!(edit(text, &[("d", Remove("x"))]), Err(EditError::Missing("x".to_owned())));
    // YAML sees another line before the key, whose column is not what it seems.
    for text in ["\u{85}d: 1\n", "\u{2028}d: 1\n"] {
        assert!(matches!(edit(text, &[("", Entry("x", "1"))]), Err(EditError::Unusual(_))), "{text:?}");
    }
    for value in ["a: b: c", "&a x", "|+\n x\n", "---\na: 1", "[", "  a: 1", "a\n---\nb"] {
        assert!(matches!(edit(text, &[("d", Entry("x", value))]), Err(EditError::Value(_))), "{value:?}");
    }
}

/// The list at `l` and the mapping at `a` of `m`, with something added to both.
fn extend(text: &str) -> Result<String, EditError> {
    let stream = Stream::parse(text.into()).unwrap();
    let look = stream.look(&stream.objects()[0]);
    let map = look.tree.get(look.root, "m").unwrap();
    let mut all = Edits::new();
    all.add_to_list(&look, map, "l", "x: 1", At::Front)?;
    all.add_to_list(&look, map, "l", "w", At::Front)?;
    all.add_to_list(&look, map, "l", "z", At::End)?;
    all.add_to_map(&look, map, "a", "k", "v")?;
    let mut out = Vec::new();
    hwdr::stream::write(&stream, &all, &[], &mut out).unwrap();
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn what_is_merged_in_is_extended() {
    for (text, expected) in [
        // Nobody else has it: it is changed where it is.
        (
            "m:\n  <<: {l: [a], a: {b: 1}}\n  c: 1\n",
            "m:\n  <<: {l: [{\"x\": 1}, \"w\", a, \"z\"], a: {b: 1, \"k\": \"v\"}}\n  c: 1\n",
        ),
        // Somebody else has it: a copy gets the change.
        (
            "s: &s\n  l: [{on: 1}, b: c]\n  a: {b: yes}\nm:\n  <<: *s\n",
            "s: &s\n  l: [{on: 1}, b: c]\n  a: {b: yes}\nm:\n  <<: *s\n  l:\n    - x: 1\n    - w\n    - \"true\": 1\n    - b: c\n    \
             - z\n  a:\n    b: true\n    k: v\n",
        ),
        (
            "s: &s {l: [a, [b]], a: {b: {c: []}}}\nm: {<<: [{c: 1}, *s]}\n",
            "s: &s {l: [a, [b]], a: {b: {c: []}}}\nm: {<<: [{c: 1}, *s], \"l\": [{\"x\": 1}, \"w\", \"a\", [\"b\"], \"z\"], \
             \"a\": {\"b\": {\"c\": []}, \"k\": \"v\"}}\n",
        ),
        (
            "s: &s {l: null, a: }\nm:\n  <<: *s\n",
            "s: &s {l: null, a: }\nm:\n  <<: *s\n  l:\n    - x: 1\n    - w\n    - z\n  a:\n    k: v\n",
        ),
        // Its own, which the merge before it does not touch.
        (
            "s: &s {l: [a], a: {b: 1}}\nm:\n  <<: *s\n  l: []\n  a: {}\n",
            "s: &s {l: [a], a: {b: 1}}\nm:\n  <<: *s\n  l:\n    - x: 1\n    - w\n    - z\n  a:\n    k: v\n",
        ),
    ] {
        assert_eq!(extend(text).as_deref(), Ok(expected), "from:\n{text}");
    }
    let merged = |key: &str| Err(EditError::MergedIn(key.to_owned()));
    for (text, expected) in [
        ("s: &s {l: [a]}\nm:\n  l: [b]\n  <<: *s\n", merged("l")),
        ("s: &s {l: a}\nm: {<<: *s}\n", Err(EditError::NotAList)),
        ("s: &s {l: [], a: []}\nm: {<<: *s}\n", Err(EditError::NotAMapping)),
        ("s: &s {l: [], a: {k: 1}}\nm: {<<: *s}\n", Err(EditError::Exists("k".to_owned()))),
        ("s: &s [a]\nm: {l: *s}\n", Err(EditError::Aliased)),
        ("m: &s {l: [a]}\nn: {<<: *s}\n", Err(EditError::Aliased)),
    ] {
        assert_eq!(extend(text), expected, "from:\n{text}");
    }
    let text = "s: &s {k: 1}\nm:\n  <<: *s\n  k: 2\n";
    assert_eq!(edit(text, &[("m", Entry("k", "3"))]), Err(EditError::Exists("k".to_owned())));
    assert_eq!(edit(text, &[("m", Remove("k"))]), merged("k"));
}

/// What is added is the same to every reader.
#[test]
fn only_printable_ascii_is_added() {
    for value in ["a\u{2028}b", "\"\u{85}\"", "\u{e9}", "\u{1f600}", "|\n  a\u{2029}kind: B\n", "a: \"\t\"", "\u{7f}"] {
        assert!(matches!(edit("m: {a: 1}\n", &[("m", Entry("x", value))]), Err(EditError::Value(_))), "{value:?}");
    }
    check("m: {}\n", &[("m", Entry("\u{2028}", "\"\\u2028\""))], "m:\n  \"\\u2028\": \"\\u2028\"\n");
    check("m: {a: 1}\n", &[("m", Entry("b", "\"\\u2028\\U0001f600\""))], "m: {a: 1, \"b\": \"\\u2028\\U0001f600\"}\n");
}
