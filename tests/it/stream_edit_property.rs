//! In-place edits of documents of any shape: the result is the old data plus the change, no line is lost, and removing
//! the additions restores the document.

use hwdr::stream::Stream;
use hwdr::stream::edit::{At, EditError, Edits};
use hwdr::yaml::{Data, NodeId, Style, Tree};
use proptest::prelude::*;

/// A document's data, without how it is written.
#[derive(Debug, Clone, PartialEq)]
enum Plain {
    Null,
    Text(String),
    List(Vec<Plain>),
    Map(Vec<(Plain, Plain)>),
}

fn plain(tree: &Tree, node: NodeId) -> Plain {
    match &tree.node(node).data {
        Data::Scalar { value, style: Style::Plain } if matches!(value.as_str(), "" | "~" | "null") => Plain::Null,
        Data::Scalar { value, .. } => Plain::Text(value.clone()),
        Data::Sequence { items, .. } => Plain::List(items.iter().map(|item| plain(tree, *item)).collect()),
        Data::Mapping { entries, .. } => {
            Plain::Map(entries.iter().map(|(key, value)| (plain(tree, *key), plain(tree, *value))).collect())
        }
        Data::Alias(target) => plain(tree, *target),
    }
}

fn parsed(text: &str) -> Plain {
    let tree = Tree::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    tree.roots().first().map_or(Plain::Null, |root| plain(&tree, *root))
}

/// Decisions that a document is made from: bytes, so that they shrink.
struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
    anchors: usize,
    /// An anchor whose node is complete.
    alias: Option<String>,
}

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or_default()) % limit
    }

    fn one<'c>(&mut self, of: &[&'c str]) -> &'c str {
        of[self.below(of.len())]
    }
}

const SCALARS: &[&str] = &[
    "text",
    "1",
    "\"quo: ted # \\\" \\n\"",
    "'it''s'",
    "a b  c",
    "http://x:80/#y",
    "",
    "~",
    "null",
    "yes",
    "é ü",
    "-x",
    "!!str 5",
    "\"\"",
    "''",
];

/// A document whose root is a mapping.
fn document(bytes: &[u8]) -> String {
    let mut choices = Choices { bytes: bytes.iter(), anchors: 0, alias: None };
    let mut out = choices.one(&["", "# Source: chart/templates/x.yaml\n", "---\n", "--- # x\n\n"]).to_owned();
    let style = choices.below(8);
    if style == 0 {
        flow(&mut choices, 3, &mut out, true);
        out.push('\n');
    } else {
        map(&mut choices, 0, 4, false, &mut out);
    }
    out.push_str(choices.one(&["", "", "# the end\n", "\n", "...\n"]));
    if choices.below(5) == 0 {
        out.truncate(out.trim_end_matches('\n').len());
    }
    if choices.below(4) == 0 { out.replace('\n', "\r\n") } else { out }
}

/// A block mapping; `inside` says that the first key stands behind a dash.
fn map(choices: &mut Choices<'_>, indent: usize, depth: usize, mut inside: bool, out: &mut String) {
    for number in 0..=choices.below(3) {
        if !std::mem::take(&mut inside) {
            let pad = " ".repeat(indent);
            out.push_str(&match choices.below(8) {
                0 => format!("{pad}# comment\n"),
                1 => "\n".to_owned(),
                2 => "  # comment elsewhere\n\n".to_owned(),
                _ => String::new(),
            });
            out.push_str(&pad);
        }
        let key = choices.one(&["k", "\"k ", "'k: ", "long key ", "k/"]);
        let close = &key[..usize::from(key.starts_with(['"', '\'']))];
        out.push_str(&format!("{key}{number}{close}:"));
        value(choices, indent, depth, false, out);
    }
}

fn list(choices: &mut Choices<'_>, indent: usize, depth: usize, mut inside: bool, out: &mut String) {
    for _ in 0..=choices.below(3) {
        if !std::mem::take(&mut inside) {
            let pad = " ".repeat(indent);
            if choices.below(6) == 0 {
                out.push_str(&format!("{pad}# item\n"));
            }
            out.push_str(&pad);
        }
        out.push('-');
        value(choices, indent, depth, true, out);
    }
}

/// What stands behind a key's colon or a dash, with the line break.
fn value(choices: &mut Choices<'_>, indent: usize, depth: usize, in_list: bool, out: &mut String) {
    let deeper = indent + choices.below(3) + 1;
    let comment = choices.one(&["\n", "\n", "\n", " # behind\n", "  \n"]);
    let anchor = match choices.below(12) {
        0 if depth > 0 => {
            choices.anchors += 1;
            format!(" &a{}", choices.anchors)
        }
        _ => String::new(),
    };
    let kind = choices.below(if depth == 0 { 6 } else { 12 });
    match kind {
        0..=2 => out.push_str(&format!("{anchor} {}{comment}", choices.one(SCALARS))),
        3 => {
            let header = choices.one(&["|", "|-", "|+", ">", ">-", ">+"]);
            let body =
                choices.one(&["one\n", "one\n\n", "one\n\n  two\n\n\n", "# no comment\n--- x\n", "one\n \ntwo\n", ""]);
            let pad = " ".repeat(deeper);
            let body: String = body
                .split_inclusive('\n')
                .map(|l| if l == "\n" { l.to_owned() } else { format!("{pad}{l}") })
                .collect();
            out.push_str(&format!("{anchor} {header}{comment}{body}"));
        }
        4 => {
            let pad = " ".repeat(deeper);
            let (open, close) = choices.one(&["\" \"", "' '", "a z"]).split_once(' ').unwrap_or_default();
            out.push_str(&format!("{anchor} {open}many\n{pad}lines\n\n{pad}long{close}{comment}"));
        }
        5 if choices.alias.is_some() && anchor.is_empty() => {
            out.push_str(&format!(" {}{comment}", choices.alias.as_deref().unwrap_or_default()));
        }
        5 => out.push_str(&format!("{anchor} {}{comment}", choices.one(&["{}", "[]", "[ ]", "{ # c\n }"]))),
        6 | 7 => {
            out.push_str(&anchor);
            out.push(' ');
            flow(choices, depth - 1, out, false);
            out.push_str(comment);
        }
        8 if in_list && anchor.is_empty() => {
            let gap = choices.below(3) + 1;
            out.push_str(&" ".repeat(gap));
            match choices.below(2) {
                0 => map(choices, indent + 1 + gap, depth - 1, true, out),
                _ => list(choices, indent + 1 + gap, depth - 1, true, out),
            }
        }
        8 | 9 => {
            out.push_str(&format!("{anchor}{comment}"));
            map(choices, deeper, depth - 1, false, out);
        }
        _ => {
            out.push_str(&format!("{anchor}{comment}"));
            let column = if in_list || choices.below(2) == 0 { deeper } else { indent };
            list(choices, column, depth - 1, false, out);
        }
    }
    if !anchor.is_empty() {
        choices.alias = Some(anchor.trim().replace('&', "*"));
    }
}

fn flow(choices: &mut Choices<'_>, depth: usize, out: &mut String, map: bool) {
    const WORDS: &[&str] = &["text", "1", "\"quo, ted\"", "'}'", "", "null", "a b"];
    let map = map || choices.below(2) == 0;
    let (open, close) = if map { ('{', '}') } else { ('[', ']') };
    let gap = choices.one(&["", "", " ", "\n        ", " # c\n         "]);
    out.push(open);
    for number in 0..=choices.below(3) {
        if number > 0 {
            out.push(',');
        }
        out.push_str(gap);
        if map {
            out.push_str(&format!("k{number}: "));
        }
        match choices.below(3) {
            0 if depth > 0 => flow(choices, depth - 1, out, false),
            _ if map => out.push_str(choices.one(WORDS)),
            _ => out.push_str(choices.one(&WORDS[..4])),
        }
    }
    out.push_str(gap);
    out.push(close);
}

/// Values to add.
const VALUES: &[&str] = &[
    "x",
    "",
    "1",
    "\"q\"",
    "a: 1\nb:\n  - c\n",
    "- x\n- y: 1\n  z: 2\n",
    "|\n  one\n\n   two\n",
    ">-\n folded\n",
    "|2\n  x\n",
    "[a, 'b']",
    "{c: {d: e}}",
    "\"a\n  b\"",
    "a: |\n  x\n",
    "{}",
];

/// All nodes with the way to them.
fn nodes(tree: &Tree) -> Vec<(NodeId, Vec<usize>)> {
    let mut all = Vec::new();
    let mut open = vec![(tree.roots()[0], Vec::new())];
    while let Some((node, path)) = open.pop() {
        match &tree.node(node).data {
            Data::Mapping { entries, .. } => {
                open.extend(entries.iter().enumerate().map(|(n, (_, value))| (*value, [&path[..], &[n]].concat())));
            }
            Data::Sequence { items, .. } => {
                open.extend(items.iter().enumerate().map(|(n, item)| (*item, [&path[..], &[n]].concat())));
            }
            Data::Scalar { .. } | Data::Alias(_) => {}
        }
        all.push((node, path));
    }
    all
}

fn at_path<'p>(data: &'p mut Plain, path: &[usize]) -> &'p mut Plain {
    path.iter().fold(data, |data, step| match data {
        Plain::List(items) => &mut items[*step],
        Plain::Map(entries) => &mut entries[*step].1,
        _ => unreachable!("the path is the tree's"),
    })
}

/// The old lines are the new ones, in order, but for those added.
fn keeps_lines(old: &str, new: &str) -> bool {
    let mut new = new.lines();
    old.lines().all(|line| new.any(|other| other == line))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edits_change_what_they_say_and_no_more(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        edits in proptest::collection::vec((any::<u16>(), 0..4usize, 0..VALUES.len()), 1..4),
    ) {
        let text = document(&bytes);
        let stream = Stream::parse(text.clone().into_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let look = stream.look(&stream.objects()[0]);
        // The last line has its line break, as Helm 3 reads it.
        let whole = |text: &str| if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let mut expected = parsed(&whole(look.text));
        let mut all = Edits::new();
        let nodes = nodes(&look.tree);
        let mut fronts = std::collections::HashMap::new();
        let mut only_lines = true;
        let mut added = Vec::new();
        for (number, (node, operation, value)) in edits.iter().enumerate() {
            let (node, path) = &nodes[usize::from(*node) % nodes.len()];
            let value_yaml = VALUES[*value];
            let key = format!("new{number}");
            // An item put in front before moves the path: such documents are left to other cases.
            if fronts.keys().any(|front: &Vec<usize>| path.starts_with(front) && path != front) {
                continue;
            }
            let place = fronts.get(path).copied().unwrap_or_default();
            let done = match operation {
                0 | 1 => all.add_entry(&look, *node, &key, value_yaml),
                2 => all.add_item(&look, *node, value_yaml, At::End),
                _ => all.add_item(&look, *node, value_yaml, At::Front),
            };
            match done {
                Ok(()) => {}
                Err(EditError::NotAList | EditError::NotAMapping | EditError::Aliased | EditError::Unusual(_)) => continue,
                Err(error) => panic!("{error}\n{text}"),
            }
            let block = matches!(&look.tree.node(*node).data,
                Data::Mapping { flow: false, .. } | Data::Sequence { flow: false, .. });
            only_lines &= block;
            let value = parsed(value_yaml);
            let there = at_path(&mut expected, path);
            if *there == Plain::Null {
                *there = if *operation < 2 { Plain::Map(Vec::new()) } else { Plain::List(Vec::new()) };
            }
            match (there, operation) {
                (Plain::Map(entries), _) => {
                    entries.push((Plain::Text(key.clone()), value));
                    added.push((path.clone(), key));
                }
                (Plain::List(items), 2) => items.push(value),
                (Plain::List(items), _) => {
                    items.insert(place, value);
                    fronts.insert(path.clone(), place + 1);
                }
                _ => unreachable!("the edit was taken"),
            }
        }
        let mut out = Vec::new();
        hwdr::stream::write(&stream, &all, &[], &mut out).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let new = String::from_utf8(out).unwrap();
        let again = Stream::parse(new.clone().into_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}\nto\n{new}"));
        let look = again.look(&again.objects()[0]);
        prop_assert_eq!(parsed(&whole(look.text)), expected, "\n{}\nto\n{}", text, new);
        if only_lines && fronts.is_empty() {
            prop_assert!(keeps_lines(&text, &new), "\n{}\nto\n{}", text, new);
            prop_assert_eq!(text.contains("\r\n"), new.contains("\r\n"));
            if added.len() == edits.len() {
                let mut back = Edits::new();
                for (path, key) in &added {
                    let found = self::nodes(&look.tree).into_iter().find(|(_, other)| other == path);
                    back.remove_entry(&look, found.unwrap().0, key).unwrap();
                }
                let old = back.apply_to(&again, look.document);
                let old = if old.ends_with('\n') && !text.ends_with('\n') { old.trim_end_matches(['\r', '\n']) } else { &old };
                prop_assert_eq!(old, &text, "from\n{}", new);
            }
        }
    }
}
