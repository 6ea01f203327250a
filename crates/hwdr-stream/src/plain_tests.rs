//! The parser accepts everything that the fast path accepts, with the same head: shown on mutated manifests.

use super::plain::{self, Scan};
use super::split::Document;
use super::{Object, head};
use hwdr_values::source::Span;
use hwdr_values::yaml::Budget;

/// Manifests with some of everything that the fast path knows, and of what it does not.
const SEEDS: &[&str] = &[
    include_str!("seeds/config_map.yaml"),
    include_str!("seeds/deployment.yaml"),
    include_str!("seeds/custom_resource.yaml"),
    include_str!("seeds/odd.yaml"),
];

/// How the two disagree about a document; else whether the fast path was sure.
fn compare(document: &str) -> Result<bool, String> {
    let whole = Span::new(0, document.len());
    let mut fast = Vec::new();
    match plain::scan(document.as_bytes()) {
        Scan::Unsure => return Ok(false),
        Scan::Empty => {}
        Scan::Object(found) => {
            let text = |span: Span| &document[span.start..span.end];
            let parts = [text(found.api_version), text(found.kind), text(found.namespace), text(found.name)];
            fast.push(Object::new(parts, 0, None, document[..found.start].matches('\n').count()));
        }
    }
    let mut slow = Vec::new();
    match head::parse(document, 0, &Document { whole, body: whole }, 0, &mut slow, &mut Budget::default()) {
        Err(error) => Err(format!("the parser refuses: {error}")),
        Ok(()) if fast != slow => Err(format!("{fast:?}\nis to the parser\n{slow:?}")),
        Ok(()) => Ok(true),
    }
}

/// Mutates documents at random and compares. Returns how many were accepted.
fn fuzz(seed: u64, rounds: usize) -> Result<usize, String> {
    let mut random = Random(seed | 1);
    let mut accepted = 0;
    for _ in 0..rounds {
        let mut document = SEEDS[random.below(SEEDS.len())].to_owned();
        for _ in 0..=random.below(3) {
            mutate(&mut document, &mut random);
        }
        if document.contains("\n---") || document.starts_with("---") {
            continue;
        }
        let sure = compare(&document).map_err(|why| format!("{why}\nin:\n{document}\n{document:?}"))?;
        accepted += usize::from(sure);
    }
    Ok(accepted)
}

/// One small change: inserts, removes or replaces bytes with a meaning in YAML; doubles,
/// swaps, removes, indents or truncates lines.
fn mutate(document: &mut String, random: &mut Random) {
    const BITS: &[&str] = &[
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        ":",
        ": ",
        " #",
        "#",
        "- ",
        "-",
        "? ",
        "'",
        "\"",
        "''",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ", ",
        "&a ",
        "*a",
        "&a",
        "!",
        "!!str ",
        "|",
        ">",
        "|-",
        "|+\n",
        "|2",
        ">1-",
        "%",
        "@",
        "`",
        "...",
        "\n...\n",
        "é",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{7f}",
        "\0",
        "~",
        "null",
        "<<: *a\n",
        "kind: X\n",
        "metadata:\n",
        "  name: y\n",
        "items:\n",
        "a",
        "0",
        "x: y",
        "\n\n",
        "\n  ",
        "\n    ",
        " |\n",
        ": &a\n",
        ": *a\n",
        "- - ",
        "\"a\": ",
        "'b': c\n",
        "[]",
        "{}",
        "{a: b}",
        "[a, 'b', \"c\"]",
        "{\"a\":1}",
    ];
    if document.is_empty() {
        return;
    }
    let boundary = |at: usize| document.floor_char_boundary(at);
    let at = boundary(random.below(document.len() + 1));
    let lines: Vec<usize> = std::iter::once(0).chain(document.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let line = random.below(lines.len());
    let line = lines[line]..lines.get(line + 1).copied().unwrap_or(document.len());
    match random.below(10) {
        0..=2 => document.insert_str(at, BITS[random.below(BITS.len())]),
        3 => {
            let to = boundary((at + 1 + random.below(4)).min(document.len()));
            document.replace_range(at..to.max(at), "");
        }
        4 => {
            let to = boundary((at + 1).min(document.len()));
            document.replace_range(at..to.max(at), BITS[random.below(BITS.len())]);
        }
        5 => {
            let copy = document[line].to_owned();
            document.insert_str(lines[random.below(lines.len())], &copy);
        }
        6 => document.replace_range(line, ""),
        7 => document.insert_str(line.start, &" ".repeat(1 + random.below(3))),
        8 if document[line.clone()].starts_with(' ') => document.replace_range(line.start..line.start + 1, ""),
        8 => document.insert_str(boundary(line.end.saturating_sub(1)), BITS[random.below(BITS.len())]),
        _ => document.truncate(at),
    }
}

/// Xorshift: the same changes on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn the_seeds_are_plain_but_for_the_odd_one() {
    for seed in &SEEDS[..3] {
        assert_eq!(compare(seed), Ok(true), "{seed}");
    }
}

#[test]
fn what_the_fast_lane_accepts_the_parser_accepts_with_the_same_head() {
    let accepted = fuzz(20_251_121, 20_000).unwrap_or_else(|why| panic!("{why}"));
    assert!(accepted > 4_000, "only {accepted} were accepted");
}
