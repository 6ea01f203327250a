//! Generates cases: values files full of the oddities of YAML 1.1, and arguments of the `--set` family.

use std::collections::BTreeMap;

use super::oracle::Case;

/// A small generator of random numbers (SplitMix64): the same seed gives the same cases everywhere.
pub(super) struct Random(pub u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }

    /// True one time in `n`.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<'s>(&mut self, from: &[&'s str]) -> &'s str {
        from[self.below(from.len())]
    }
}

/// Plain scalars that YAML 1.1, or Go's reading of it, may take for something else than text.
#[rustfmt::skip]
pub(super) const SCALARS: &[&str] = &[
    "y", "Y", "yes", "Yes", "YES", "yEs", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "oFF",
    "true", "True", "TRUE", "tRue", "false", "False", "FALSE", "", "~", "null", "Null", "NULL", "nUll", "nil",
    "0", "1", "-1", "+1", "12", "-0", "+0", "00", "07", "08", "0777", "-0777", "+017", "0o17", "0O17", "-0o7", "0o8",
    "0x1F", "0X1f", "-0x1f", "0x", "0xg", "0b101", "0B101", "-0b11", "+0b11", "0b", "0b2", "0b-11", "0b+11", "-0b-1",
    "1_000", "1__0", "_1", "1_", "0_7", "0x_1f", "+_1", "-_", "1_e5", "1_0.5_0", "-1_000.5",
    "254811200", "4294967296", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "18446744073709551615", "18446744073709551616", "0xffffffffffffffff", "0x8000000000000000",
    "123456789012345678901234567890", "0777777777777777777777777",
    "1.0", "1.", ".5", "-.5", "+.5", "1.5e3", "1e3", "1E3", "1e+3", "1e-3", "1e", "1e+", "e3", "1.e3", ".e3", ".", "..", "...", "-.", "+.",
    "1e400", "-1e400", "1e-400", "1e21", "1e20", "123456.789", "0.000001", "0.0000001", "1e5", "1e6", "1.7976931348623157e308", "5e-324",
    ".5_0", "._5", ".5_", ".5__0", ".1e400", ".5e3", ".5e_3", ".5e3_0", ".inf", ".Inf", ".INF", "+.inf", "-.Inf", ".iNf", ".nan", ".NaN", ".NAN",
    "-.nan", "inf", "nan", "Infinity", ".Infinity", "0x1p3", "0x.8p1", "1.5.5", "1.2.3", "1-2", "1+1", "--1", "+-1", "-", "+",
    "1:30", "12:30:45", "190:20:30.15", "-1:30", "0:0", "2001-12-14", "2001-1-1", "2001-12-14T21:59:43.10-05:00", "2001-12-14t21:59:43Z",
    "2001-12-14 21:59:43.10 -5", "2001-12-14 21:59:43", "2001-13-01", "<<", "=", "!", "&", "*", "@", "`", "%", "|", ">", "?", ":", ",",
    "a", "abc", "a b", "a:b", "a: b", "a #b", "a#b", "#b", "- a", "-a", "?a", "? a", ":a", "{a", "}a", "[a", "]a", "a,b", "a]b", "a}b", "a{b",
    "é", "日本", "😀", "\u{a0}", "\u{85}", "\u{2028}", "a\u{2029}b", "\u{feff}", "http://x:80/y?z#w", "60d", "@weekly", "* * * * *", "*/5", "k8s-backups-main-20260213T153627Z",
    "--- a", "---", "... a", "--", "-- -", "\\", "a\\nb", "\"", "'", "it's", "say \"x\"", "\t", "a\tb", "a \t b", " a", "a ",
    "a?b", "a ?b", "http://x/?y", "a:,b", "a:]", "a:}b", "?", "?b", "a:?", ":?", ":,", "-,", "-]", "-}", "a-", "-?", "x\n?y",
];

const QUOTED: &[&str] = &[
    "\"\"",
    "''",
    "\"a\"",
    "'a'",
    "'it''s'",
    "\"\\n\\t\\\\\\\"\"",
    "\"\\x41\\u00e9\\U0001f600\"",
    "\"\\ud800\"",
    "\"\\xff\"",
    "\"\\0\\a\\b\\e\\v\\f\\r\"",
    "\"\\N\\_\\L\\P\"",
    "\"\\q\"",
    "\"\\ \"",
    "\"\\/\"",
    "\"a\\\n  b\"",
    "\"a\n  b\"",
    "'a\n  b'",
    "'a\n\n  b'",
    "\"a\n\n\n  b \"",
    "\"yes\"",
    "'12'",
    "\"null\"",
    "\"<<\"",
    "\"1",
    "'1",
    "\"a\"b",
    "'a'b",
    "\"\\x4\"",
    "\"\\U00110000\"",
    "\"a\tb\"",
    "\"  a  \"",
    "'  a  '",
    "\"\\\t\"",
];

const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "e",
    "global",
    "x-y",
    "x.y",
    "a b",
    "1",
    "01",
    "1.0",
    "1.5",
    "0x10",
    "true",
    "yes",
    "y",
    "no",
    "null",
    "~",
    "\"1\"",
    "'a'",
    "\"a\"",
    "<<",
    "\"<<\"",
    "! <<",
    "!!merge <<",
    "!!str 1",
    "!!str a",
    "-1",
    "1e3",
    "1e30",
    "0.1",
    ".inf",
    ".nan",
    "18446744073709551615",
    "é",
    "? a",
    "? [a]",
    "? {a: b}",
    "[a]",
    "{a: b}",
    "&k a",
    "*x",
    "*y",
    "a\"b",
    "1_0",
    "-0.0",
    "0.0",
    "1.00000001",
    "2001-01-01",
    "&x <<",
    "",
    "!!int 5",
    "!!binary YQ==",
    "?",
    "\"\"",
    "''",
    "-",
    "%a",
    "a:",
    "#",
];

const TAGS: &[&str] = &[
    "!!str ",
    "!!int ",
    "!!float ",
    "!!bool ",
    "!!null ",
    "!!binary ",
    "!!timestamp ",
    "!!map ",
    "!!seq ",
    "!!set ",
    "!!omap ",
    "!!merge ",
    "!foo ",
    "! ",
    "!!foo ",
    "!<tag:yaml.org,2002:str> ",
    "!<tag:yaml.org,2002:int> ",
    "!<foo> ",
    "!e!x ",
    "!!str",
    "!!",
    "!<",
    "!%41 ",
    "!!%73tr ",
    "!<> ",
    "!a!b ",
    "!!int\n ",
    "!!str,",
    "!!str, ",
    "!x,y ",
    "!!str]",
    "!<tag:yaml.org,2002:str>,",
    "! ,",
    "!!str}",
    "!!int:",
    "&a !!str,",
    "!!str &a,",
    "!<foo>,",
    "!a[b] ",
];

/// Pieces of YAML that need not fit each other.
const SOUP: &[&str] = &[
    "a",
    "b",
    "1",
    "\"",
    "'",
    ":",
    ": ",
    ":\n",
    "- ",
    "-",
    "\n",
    "\n\n",
    "\n  ",
    "\n ",
    " ",
    "  ",
    "\t",
    "? ",
    "?",
    "[",
    "]",
    "{",
    "}",
    ",",
    ", ",
    "#",
    " # c\n",
    "&x ",
    "&y",
    "*x",
    "*y",
    "*x ",
    "!!str ",
    "!",
    "!!",
    "|",
    ">",
    "|\n",
    ">\n",
    "|-\n  ",
    ">+\n  ",
    "|2\n",
    "|1-\n",
    "---",
    "--- ",
    "\n---\n",
    "\n...\n",
    "...",
    "%YAML 1.1\n",
    "%TAG ! tag:x,2002:\n",
    "%FOO\n",
    "%YAML 1.2\n---\n",
    "<<: ",
    "<<",
    "a: ",
    "b: ",
    "\r\n",
    "\r",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "é",
    "\\",
    "\\n",
    "@",
    "`",
    "%",
    "=",
    "~",
    "null",
    "yes",
    "1.5",
    "0x1f",
    "key: value\n",
    "- item\n",
    "? k\n: v\n",
    "\u{7}",
    "a: &x\n",
    "*x : 1\n",
    "[a, b]",
    "{a: 1}",
    "{a}",
    "{a, b: }",
    "[a: 1]",
    "[? a : b]",
    "{? a}",
    "\"a\":1",
    "[\"a\":1]",
    "'a':1",
    "a:1",
    "::",
    "- - ",
    "- ? ",
    "? - ",
    "- a: 1\n  b: 2\n",
    "\n\t",
    "\0",
    "?a",
    "a?",
    "{?",
    "[?",
    "{}: ",
    "[]: ",
    "!!str,",
    "!x,",
    ":,",
    ":]",
    "\"\\/\"",
    "\u{7f}",
    "\u{9f}",
    "\u{fffd}",
    "\u{e000}",
    "\u{10ffff}",
];

/// The text of a values file.
pub(super) fn yaml(random: &mut Random) -> Vec<u8> {
    let mut text = match random.below(10) {
        0 => soup(random, SOUP, 24),
        1 => {
            // A scalar alone as a value: each oddity is met often.
            let scalar = node_scalar(random);
            format!("a: {scalar}\n")
        }
        _ => document(random),
    };
    while random.one_in(8) {
        let marker = random.pick(&[
            "---\n",
            "--- \n",
            "--- # c\n",
            "---\r\n",
            "...\n",
            "...\n---\n",
            "--- x\n",
            "\n---\n",
            "---",
            "----\n",
            "--- |\n",
        ]);
        text.push_str(marker);
        text.push_str(&document(random));
    }
    match random.below(40) {
        0 => text = text.replace('\n', "\r\n"),
        1 => text.insert(0, '\u{feff}'),
        2 => text = text.replace('\n', "\r"),
        3 => text.insert_str(
            0,
            random.pick(&[
                "%YAML 1.1\n---\n",
                "%YAML 1.2\n---\n",
                "%YAML 2.0\n---\n",
                "%TAG !e! tag:yaml.org,2002:\n---\n",
                "---\n",
                "# c\n",
                "\n",
                "%FOO bar\n---\n",
                " ",
                "\t",
                "...\n",
            ]),
        ),
        4 => text.truncate(floor(&text, random.below(text.len() + 1))),
        5 => text = text.trim_end().to_owned(),
        6 => {
            let mut bytes: Vec<u8> = vec![0xff, 0xfe];
            bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            return bytes;
        }
        7 => {
            let mut bytes: Vec<u8> = vec![0xfe, 0xff];
            bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
            return bytes;
        }
        _ => {}
    }
    while random.one_in(4) {
        mutate(random, &mut text);
    }
    let mut bytes = text.into_bytes();
    if random.one_in(200) && !bytes.is_empty() {
        let at = random.below(bytes.len());
        bytes[at] |= 0x80;
    }
    bytes
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Puts something in, or takes something out.
fn mutate(random: &mut Random, text: &mut String) {
    let at = floor(text, random.below(text.len() + 1));
    match random.below(3) {
        0 => {
            let end = floor(text, (at + 1 + random.below(4)).min(text.len()));
            text.replace_range(at.min(end)..end, "");
        }
        1 => text.insert_str(at, random.pick(SOUP)),
        _ => text.insert_str(at, random.pick(SCALARS)),
    }
}

fn soup(random: &mut Random, pieces: &[&str], most: usize) -> String {
    (0..=random.below(most)).map(|_| random.pick(pieces)).collect()
}

fn document(random: &mut Random) -> String {
    let mut text = String::new();
    if random.one_in(4) {
        text.push_str(random.pick(&[
            "anchors: &x {a: 1, b: 2}\n",
            "&x a: &y [1, 2]\n",
            "k: &x\n  a: 1\n  d: {e: 1}\nl: &y\n  b: 2\n",
            "k: &x yes\nl: &y 12\n",
        ]));
    }
    block(random, &mut text, 0, 3);
    text
}

/// A block mapping or sequence at an indentation.
fn block(random: &mut Random, text: &mut String, indent: usize, depth: usize) {
    let sequence = indent > 0 && random.one_in(3);
    for _ in 0..=random.below(4) {
        text.extend(std::iter::repeat_n(' ', indent));
        if sequence {
            text.push('-');
        } else {
            if random.one_in(300) {
                let (letter, length) = (random.pick(&["a", "é", "日", "\u{1f600}"]), 200 + random.below(900));
                text.push_str(random.pick(&["", "\"", "[", "'"]));
                text.extend(std::iter::repeat_n(letter, length));
            }
            let key = match random.below(8) {
                0 => random.pick(SCALARS),
                1 | 2 => random.pick(KEYS),
                _ => random.pick(&KEYS[..6]),
            };
            text.push_str(key);
            if random.one_in(30) {
                text.push_str(random.pick(&[" ", "\t", "\n", ""]));
            }
            text.push(':');
        }
        value(random, text, indent, depth);
        if random.one_in(15) {
            text.push_str(random.pick(&["\n", "# comment\n", "   # comment\n", "\t\n", "  \n", "\r\n"]));
        }
    }
}

/// What comes after a `:` or a `-`, up to the end of the line.
fn value(random: &mut Random, text: &mut String, indent: usize, depth: usize) {
    if random.one_in(12) {
        text.push(' ');
        text.push_str(random.pick(&["&x", "&y", "&z", "&x-1", "&", "&é"]));
    }
    if random.one_in(10) {
        text.push(' ');
        text.push_str(random.pick(TAGS));
    }
    match random.below(12) {
        0..=2 if depth > 0 => {
            text.push('\n');
            let deeper = indent + random.below(3);
            block(random, text, deeper, depth - 1);
            return;
        }
        3 => {
            text.push(' ');
            flow(random, text, 3);
        }
        4 => {
            text.push(' ');
            text.push_str(random.pick(&[
                "*x",
                "*y",
                "*z",
                "[*x, *y]",
                "[*y, *x]",
                "{<<: *x, a: 3}",
                "{a: 3, <<: [*x, *y]}",
                "*x ",
                "{<<: {a: 1}}",
            ]));
        }
        5 => {
            text.push(' ');
            literal(random, text, indent);
            return;
        }
        6 => {
            text.push(' ');
            text.push_str(random.pick(QUOTED));
        }
        7 if depth > 0 && random.one_in(2) => {
            text.push(' ');
            let at = text.len();
            block(random, text, indent + 2, depth - 1);
            let trimmed = text[at..].trim_start().to_owned();
            text.truncate(at);
            text.push_str(&trimmed);
            return;
        }
        _ => {
            text.push(' ');
            text.push_str(random.pick(SCALARS));
            if random.one_in(12) {
                text.push_str(random.pick(&["\n  more", "\n    more: x", "\n\n  more", "\nmore", "\n\tmore", " more"]));
            }
        }
    }
    if random.one_in(12) {
        text.push_str(random.pick(&[" # c", "# c", "\t# c", " ", "\t", " #", ","]));
    }
    text.push('\n');
}

/// A block scalar with its header.
fn literal(random: &mut Random, text: &mut String, indent: usize) {
    text.push_str(random.pick(&["|", ">"]));
    text.push_str(random.pick(&["", "", "", "-", "+", "2", "1", "2-", "+3", "0", "9", "-+", "a", " # c", "#c", " x"]));
    text.push('\n');
    for _ in 0..random.below(5) {
        let by = (indent + random.below(4)).saturating_sub(random.below(2));
        text.extend(std::iter::repeat_n(' ', by));
        text.push_str(random.pick(&[
            "text",
            "",
            "# no comment",
            "a: b",
            " more",
            "\ttab",
            "- x",
            "é",
            "---",
            "...",
            "text  ",
            "\u{85}x",
            "'",
            "\u{2028}",
        ]));
        text.push('\n');
    }
}

fn flow(random: &mut Random, text: &mut String, depth: usize) {
    if depth == 0 || random.one_in(3) {
        text.push_str(&node_scalar(random));
        return;
    }
    let map = random.one_in(2);
    text.push(if map { '{' } else { '[' });
    for index in 0..random.below(4) {
        if index > 0 {
            text.push_str(random.pick(&[", ", ",", " , ", ",\n  ", ", # c\n "]));
        }
        if map || random.one_in(6) {
            text.push_str(random.pick(KEYS));
            text.push_str(random.pick(&[": ", ": ", ":", " : ", "", " :", ":\n  "]));
        }
        flow(random, text, depth - 1);
    }
    if random.one_in(10) {
        text.push(',');
    }
    if !random.one_in(40) {
        text.push(if map { '}' } else { ']' });
    }
}

fn node_scalar(random: &mut Random) -> String {
    let tag = if random.one_in(5) { random.pick(TAGS) } else { "" };
    let scalar = if random.one_in(4) { random.pick(QUOTED) } else { random.pick(SCALARS) };
    format!("{tag}{scalar}")
}

/// Pieces of `--set` arguments.
const SET: &[&str] = &[
    "a",
    "b",
    "c",
    "global",
    "a.b",
    "a.b.c",
    "d\\.e",
    "[0]",
    "[1]",
    "[2]",
    "[10]",
    "[-1]",
    "[+1]",
    "[01]",
    "[65536]",
    "[65537]",
    "[99999999999999999999]",
    "[]",
    "[a]",
    "[0",
    "[",
    "]",
    ".",
    "..",
    "=",
    "=",
    "=",
    "=1",
    "=x",
    ",",
    ",",
    ",,",
    "{",
    "}",
    "{a,b}",
    "{}",
    "{1,}",
    "{a",
    "\\",
    "\\,",
    "\\=",
    "\\{",
    "null",
    "true",
    "True",
    "fal\u{17f}e",
    "false",
    "0",
    "00",
    "01",
    "12",
    "-5",
    "+5",
    "1_0",
    "1.5",
    "1e3",
    "9223372036854775808",
    "-9223372036854775808",
    "é",
    " ",
    "\"x\"",
    "yes",
    "\n",
    "x y",
    "mem:f",
    "=mem:f",
    "={mem:f,mem:f}",
    "a[0].b",
    "a[0][1]",
    "a.b[1].c=",
    "b[0]=1",
    "c.d=null",
    "a=null",
    "a.=",
    "-0",
    "0x1f",
    "~",
];

const JSON: &[&str] = &[
    "a",
    "b",
    "a.b",
    "[0]",
    "[1]",
    "c",
    "=",
    "=",
    "=",
    ",",
    " ",
    "null",
    "true",
    "false",
    "truefalse",
    "1",
    "-1",
    "01",
    "1.5",
    "1e3",
    "1e400",
    "1.",
    ".5",
    "-",
    "0x1",
    "\"x\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud800\"",
    "\"\\ud800\\u0041\"",
    "\"\\q\"",
    "\"a\nb\"",
    "\"",
    "{}",
    "[]",
    "{\"a\":1}",
    "{\"a\":{\"b\":[1,2,null]},\"a\":3}",
    "[1,",
    "[1,2]",
    "{\"a\"}",
    "{\"a\":}",
    "[1 2]",
    "{\"d\": {\"e\": \"f\"}}",
    "={\"x\":",
    "\t",
    "\u{a0}",
    "\u{feff}",
    "x",
    "9007199254740993",
    "-0",
    "1E+2",
    "\\",
    "{a:1}",
    "nul",
    "[[[]]]",
];

fn argument(random: &mut Random, pieces: &[&str]) -> String {
    if random.one_in(3) {
        return soup(random, pieces, 8);
    }
    let mut text = String::new();
    for index in 0..=random.below(3) {
        if index > 0 {
            text.push(',');
        }
        text.push_str(random.pick(&["a", "b", "c", "d", "global", "", "e\\.f", "x"]));
        for _ in 0..random.below(3) {
            text.push_str(random.pick(&[".a", ".b", "[0]", "[1]", "[2]", ".", "[0].a", "[1][0]"]));
        }
        if !random.one_in(20) {
            text.push('=');
        }
        let value = if std::ptr::eq(pieces, JSON) {
            random.pick(&JSON[11..])
        } else if random.one_in(2) {
            random.pick(SCALARS)
        } else {
            random.pick(SET)
        };
        text.push_str(value);
    }
    if random.one_in(30) {
        text.push_str(".a".repeat(random.below(40)).as_str());
    }
    text
}

/// A case with files, or flags, or both.
pub(super) fn case(random: &mut Random) -> Case {
    let mut case = Case::default();
    case.texts.insert("mem:f".to_owned(), b"text of a file\n".to_vec());
    let files = random.below(3);
    for index in 0..files {
        let name = format!("mem:{index}");
        let text = if random.one_in(3) {
            b"a: {b: {c: 1}, x: [1, {y: 2}, null]}\nb: [{a: 1}, [1, 2], text]\nc: text\nd: null\nglobal: {a: [], b: {}}\n\"\": {a: 1}\n".to_vec()
        } else {
            yaml(random)
        };
        case.texts.insert(name.clone(), text);
        case.files.push(name);
    }
    if files == 0 || random.one_in(2) {
        for _ in 0..=random.below(3) {
            match random.below(8) {
                0..=3 => case.set.push(argument(random, SET)),
                4 => case.set_string.push(argument(random, SET)),
                5 => case.set_json.push(argument(random, JSON)),
                6 => case.set_file.push(argument(random, SET)),
                _ => case.set_literal.push(argument(random, SET)),
            }
        }
    }
    case
}

/// A case with a chart: subcharts that are conditional, tagged, aliased, exporting, nested, and values for all of them.
pub(super) fn chart(random: &mut Random) -> Case {
    let mut case = Case::default();
    let mut files = BTreeMap::new();
    chart_files(random, &mut files, "", "root", 2);
    case.chart = Some(files);
    if !random.one_in(4) {
        case.texts.insert("mem:0".to_owned(), map(random, 3).into_bytes());
        case.files.push("mem:0".to_owned());
    }
    if random.one_in(3) {
        case.set.push(
            random
                .pick(&[
                    "s1.a=null",
                    "global.a.b=1",
                    "s1.on=true,s2.on=false",
                    "a=null",
                    "tags.t=false",
                    "s1.global=1",
                    "global=null",
                    "s1=null",
                    "x.a.b=null",
                ])
                .to_owned(),
        );
    }
    case
}

fn chart_files(random: &mut Random, files: &mut BTreeMap<String, Vec<u8>>, prefix: &str, name: &str, depth: usize) {
    let mut metadata = format!("apiVersion: v2\nname: {name}\nversion: 1.2.3\n");
    let mut dependencies = String::new();
    if depth > 0 {
        for subchart in ["s1", "s2"] {
            if random.one_in(3) {
                continue;
            }
            chart_files(random, files, &format!("{prefix}charts/{subchart}/"), subchart, depth - 1);
            // Several that are not listed would be taken in an order that Go leaves to chance.
            if random.one_in(6) && subchart == "s1" {
                continue;
            }
            let version = random.pick(&[
                "1.2.3",
                "1.2.3",
                "1.2.3",
                "1.x",
                "~1",
                ">=1.0.0",
                "*",
                "\">=1 <2\"",
                "^1.2",
                "1",
                "1.2",
                "\"1.0 - 2.0\"",
            ]);
            dependencies.push_str(&format!("- name: {subchart}\n  version: {version}\n"));
            if random.one_in(2) {
                let condition =
                    random.pick(&["s1.on", "s2.on", "global.on", "on", "s1.on,global.on", "x.y.on", "missing", "a"]);
                dependencies.push_str(&format!("  condition: {condition}\n"));
            }
            if random.one_in(4) {
                dependencies.push_str(random.pick(&["  tags: [t]\n", "  tags: [t, u]\n", "  tags: []\n"]));
            }
            if random.one_in(5) {
                dependencies.push_str(random.pick(&["  alias: x\n", "  alias: s3\n"]));
                if random.one_in(3) {
                    dependencies.push_str(&format!("- name: {subchart}\n  version: 1.2.3\n  alias: y\n"));
                }
            }
            if random.one_in(3) {
                dependencies.push_str(random.pick(&[
                    "  import-values: [data]\n",
                    "  import-values: [{child: a, parent: b}]\n",
                    "  import-values: [{child: global, parent: global}, data]\n",
                    "  import-values: [{child: a.b, parent: x.a}, {child: x, parent: .}]\n",
                    "  import-values: [{child: a}]\n",
                ]));
            }
        }
        if !dependencies.is_empty() {
            metadata.push_str(&format!("dependencies:\n{dependencies}"));
        }
    }
    files.insert(format!("{prefix}Chart.yaml"), metadata.into_bytes());
    if !random.one_in(5) {
        files.insert(format!("{prefix}values.yaml"), map(random, 3).into_bytes());
    }
}

/// A map in flow style whose names meet those of other maps often.
fn map(random: &mut Random, depth: usize) -> String {
    let mut text = "{".to_owned();
    for name in ["a", "b", "global", "s1", "s2", "x", "on", "exports", "data", "tags", "t", "y"] {
        if !random.one_in(3) {
            continue;
        }
        let value = match random.below(8) {
            0 => "null".to_owned(),
            1 if name != "s1" || random.one_in(4) => {
                random.pick(&["1", "text", "[1, {a: null}]", "{}", "[]"]).to_owned()
            }
            2 => random.pick(&["true", "false"]).to_owned(),
            _ if depth > 0 => map(random, depth - 1),
            _ => "2".to_owned(),
        };
        text.push_str(&format!("{name}: {value}, "));
    }
    text.push('}');
    text
}
