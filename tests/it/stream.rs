//! Which streams are accepted, by examples: read as both Helms read them, or refused with the place.
//!
//! How Helm reads each was observed with `k8s.io/apimachinery` 0.37 (Helm 3.22) and kyaml 0.21 (Helm 4.3).

use hwdr::stream::edit::Edits;
use hwdr::stream::{Stream, StreamError};

fn parse(text: &str) -> Result<Stream, StreamError> {
    Stream::parse(text.as_bytes().to_vec())
}

/// Kind and name of each object.
fn objects(text: &str) -> Vec<String> {
    let stream = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    stream.objects().iter().map(|object| format!("{} {}", object.kind(), object.name())).collect()
}

fn object(kind: &str, name: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n")
}

#[test]
fn what_helm_reads_is_read_the_same() {
    let (a, b) = (object("A", "a"), object("B", "b"));
    for (text, expected) in [
        (String::new(), vec![]),
        ("# nothing\n".to_owned(), vec![]),
        ("---\n---\n\n--- # x\n".to_owned(), vec![]),
        ("---\nnull\n---\n~\n".to_owned(), vec![]),
        (format!("{a}---\n{b}"), vec!["A a", "B b"]),
        (format!("---\n{a}---  \t\n{b}---\n"), vec!["A a", "B b"]),
        (format!("--- # top\n# Source: x\n{a}--- # next\n{b}"), vec!["A a", "B b"]),
        (format!("\u{feff}---\n{a}---\n{b}"), vec!["A a", "B b"]),
        (format!("\u{feff}{a}---\n{b}"), vec!["A a", "B b"]),
        (format!("{a}---\n\u{feff}{b}"), vec!["A a", "B b"]),
        (format!("{a}---\n{b}").replace('\n', "\r\n"), vec!["A a", "B b"]),
        (format!("{a}...\n---\n{b}...\n# the end\n"), vec!["A a", "B b"]),
        (format!("{a}data: |\n  ---\n  kind: X\n---\n{b}"), vec!["A a", "B b"]),
        (format!("{a}data: |\n  ---"), vec!["A a"]),
        (format!("{a}kind: C\nmetadata: {{name: c}}\n"), vec!["C c"]),
        (format!("{a}x: &x [1]\ny: *x\n---\n{b}"), vec!["A a", "B b"]),
        ("{\"kind\": \"A\", \"metadata\": {\"name\": \"a\"}}\n".to_owned(), vec!["A a"]),
        (
            "kind: List\nitems:\n- {kind: A, metadata: {name: a}}\n- {kind: B, metadata: {name: b}}\n".to_owned(),
            vec!["A a", "B b"],
        ),
        ("kind: PodList\nitems:\n- metadata: {name: a}\n".to_owned(), vec!["Pod a"]),
        ("kind: List\nitems: []\n".to_owned(), vec![]),
        (format!("# Source: a\n---\n{a}"), vec!["A a"]),
        ("kind: 'A'\nmetadata: {\"name\": \"\\x61\"}\n".to_owned(), vec!["A a"]),
        ("kind: A\nmetadata:\n  name: a\n  namespace: ~\n".to_owned(), vec!["A a"]),
    ] {
        assert_eq!(objects(&text), expected, "{text:?}");
    }
}

#[test]
fn what_helm_would_refuse_or_lose_is_refused() {
    let a = object("A", "a");
    for (text, line, column, needle) in [
        (format!("{a}--- b: 1\n"), 5, 1, "only a comment"),
        (format!("{a}---b: 1\n"), 5, 1, "only a comment"),
        (format!("{a}---# b\n"), 5, 1, "space before the `#`"),
        (format!("{a}...\nkind: B\n"), 6, 1, "would drop"),
        (format!("{a}x: \"a\n---\nb\"\n"), 6, 1, "unexpected end of stream"),
        (format!("%YAML 1.1\n---\n{a}"), 2, 1, "directives"),
        (format!("{a}x: [1, 2\n"), 6, 1, "cut short"),
        (format!("{a}x: \"cut"), 5, 8, "cut short"),
        (format!("{a}x: 'cut\n---\n{a}"), 6, 1, "cut short"),
        (format!("{a}spec"), 5, 5, "could not find expected ':'"),
        (format!("{a}x:\n\ty: 1\n"), 6, 1, "tab"),
        (format!("{a}x: *y\n"), 5, 4, "unknown anchor"),
        (format!("{a}x: a: b\n"), 5, 5, "mapping values are not allowed"),
        ("kind: A\n---\ntext\n".to_owned(), 3, 1, "`text`"),
        ("kind: A\n---\n- a\n".to_owned(), 3, 1, "a list"),
        ("kind: A\n---\n\"null\"\n".to_owned(), 3, 1, "`null`"),
        (format!("{a}x: \0\n"), 5, 4, "control characters"),
    ] {
        let error = parse(&text).expect_err(&text);
        assert!(error.message.contains(needle), "{text:?}: {error}");
        assert_eq!((error.line, error.column), (line, column), "{text:?}: {error}");
    }
}

#[test]
fn an_error_names_its_document() {
    let text = "---\n# Source: chart/templates/a.yaml\nkind: A\n---\nkind: B\nmetadata:\n  name: b\nx: [\n";
    let error = parse(text).unwrap_err();
    assert_eq!((error.document, error.name.as_deref()), (2, Some("B b")));
    let error = parse(&text.replace("kind: A", "kind: [")).unwrap_err();
    assert_eq!((error.document, error.name.as_deref()), (1, Some("chart/templates/a.yaml")));
    let mut bytes = text.replace('[', "1").into_bytes();
    bytes.extend(b"y: \xff\n");
    let error = Stream::parse(bytes).unwrap_err();
    assert_eq!((error.document, error.name.as_deref(), error.line, error.column), (2, Some("B b"), 9, 4));
}

#[test]
fn heads_know_their_lines() {
    let text = "# Source: a\n\nkind: A\n---\n\nkind: List\nitems:\n- kind: B\n-\n  kind: C\n---\n# d\nkind: D\n";
    let stream = parse(text).unwrap();
    let lines: Vec<_> =
        stream.objects().iter().map(|object| (object.kind(), object.line, object.document, object.item)).collect();
    assert_eq!(lines, [("A", 3, 0, None), ("B", 8, 1, Some(0)), ("C", 10, 1, Some(1)), ("D", 13, 2, None)]);
}

#[test]
fn looks_go_into_lists() {
    let stream = parse("kind: List\nitems:\n- kind: A\n  x: 1\n- &b\n  kind: B\n- *b\n").unwrap();
    for (object, kind) in stream.objects().iter().zip(["A", "B", "B"]) {
        let look = stream.look(object);
        assert_eq!(look.tree.scalar(look.tree.get(look.root, "kind").unwrap()), Some(kind));
    }
}

#[test]
fn documents_are_appended_behind_a_separator() {
    for (text, expected) in [
        ("a: 1\n", "a: 1\n---\nx: 1\n---\ny: 2\n"),
        ("a: 1", "a: 1\n---\nx: 1\n---\ny: 2\n"),
        ("", "---\nx: 1\n---\ny: 2\n"),
        ("a: 1\n---", "a: 1\n---\n---\nx: 1\n---\ny: 2\n"),
    ] {
        let stream = parse(text).unwrap();
        let mut out = Vec::new();
        let appended = ["x: 1".to_owned(), "y: 2\n".to_owned()];
        hwdr::stream::write(&stream, &Edits::new(), &appended, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn without_edits_every_byte_stays() {
    let text = "\u{feff}# top\r\n---\r\na:   1\r\n\r\n--- # x\nb: |+\n  x\n\n\n...\n---\n- \n".replace("- \n", "~");
    let stream = parse(&text).unwrap();
    let mut out = Vec::new();
    hwdr::stream::write(&stream, &Edits::new(), &[], &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), text);
    let documents: String = (0..stream.documents()).map(|document| stream.document(document)).collect();
    assert_eq!(documents, text);
}

#[test]
fn a_stream_of_many_parts_is_one() {
    let mut text = String::new();
    for number in 0..40_000 {
        text.push_str(&format!(
            "---\n# Source: {number}\n{}data: |\n  {}\n",
            object("A", &format!("a{number}")),
            "x".repeat(50)
        ));
    }
    let stream = parse(&text).unwrap();
    assert_eq!(stream.objects().len(), 40_000);
    for (number, object) in stream.objects().iter().enumerate() {
        assert_eq!((object.document, object.line), (number, number * 8 + 3));
        assert_eq!(object.name(), format!("a{number}"));
    }
    let cut = text.replace("# Source: 31234\n", "x: [\n").replace("# Source: 39999\n", "y: [\n");
    let error = parse(&cut).unwrap_err();
    assert_eq!((error.document, error.name.as_deref()), (31_235, Some("A a31234")));
}

/// As Helm has them: what a head needs may be merged in.
#[test]
fn heads_may_be_merged_in() {
    for (text, expected) in [
        ("x: &x {kind: A, metadata: {name: a}}\n<<: *x\n", "A a"),
        ("kind: A\nmetadata:\n  <<: {name: a}\n", "A a"),
        ("kind: A\nmetadata: {name: a}\n<<: {kind: B}\n", "B a"),
        ("<<: {kind: B}\nkind: A\nmetadata: {name: a}\n", "A a"),
    ] {
        assert_eq!(objects(text), [expected], "{text}");
    }
    assert!(parse("kind: A\nmetadata:\n  <<: a\n").unwrap_err().message.contains("map merge requires"));
}

#[test]
fn documents_that_are_more_than_one_are_not_appended() {
    let stream = parse("kind: A\n").unwrap();
    for text in
        ["kind: B\n---\nkind: C\n", "---\nkind: B\n", "kind: [\n", "kind: \u{e9}\n", "kind: B\u{2028}x: 1\n", "text\n"]
    {
        let mut out = Vec::new();
        let wrong = hwdr::stream::write(&stream, &Edits::new(), &[text.to_owned()], &mut out).unwrap_err();
        assert_eq!((wrong.kind(), out.len()), (std::io::ErrorKind::InvalidData, 0), "{text:?}");
    }
}
