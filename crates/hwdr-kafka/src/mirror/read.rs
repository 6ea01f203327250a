//! A reader of Java properties, written from the documentation of `java.util.Properties.load(InputStream)`: for the tests.

/// The entries of a text, in order.
pub(super) fn read(text: &str) -> Vec<(String, String)> {
    assert!(text.is_ascii(), "the file is read as ISO 8859-1");
    logical_lines(text).iter().map(|line| entry(line)).collect()
}

/// Joins natural lines that end in an odd number of backslashes with the next, and drops blank lines and comments.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for natural in text.split(['\n', '\r']) {
        let natural = natural.trim_start_matches([' ', '\t', '\u{c}']);
        if !open && (natural.is_empty() || natural.starts_with(['#', '!'])) {
            continue;
        }
        if !open {
            lines.push(String::new());
        }
        let slashes = natural.len() - natural.trim_end_matches('\\').len();
        open = slashes % 2 == 1;
        lines.last_mut().expect("one was pushed").push_str(&natural[..natural.len() - usize::from(open)]);
    }
    lines
}

fn entry(line: &str) -> (String, String) {
    let bytes = line.as_bytes();
    let blank = |at: usize| bytes.get(at).is_some_and(|b| b" \t\x0c".contains(b));
    let mut at = 0;
    while at < bytes.len() && !blank(at) && !b"=:".contains(&bytes[at]) {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    let key = &line[..at.min(line.len())];
    let mut separated = false;
    while at < bytes.len() && (blank(at) || (!separated && b"=:".contains(&bytes[at]))) {
        separated |= b"=:".contains(&bytes[at]);
        at += 1;
    }
    (plain(key), plain(&line[at.min(line.len())..]))
}

fn plain(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = if c != '\\' {
            c
        } else {
            match chars.next() {
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).expect("four digits"));
                    continue;
                }
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('f') => '\u{c}',
                Some(c) => c,
                None => break,
            }
        };
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).expect("UTF-16")
}

#[test]
fn reads_what_the_documentation_shows() {
    let text = "Truth = Beauty\n Truth:Beauty\nTruth\t\t\t:Beauty\nfruits    apple, banana, pear, \\\n   cantaloupe, watermelon\ncheeses\n\
                # comment\n! comment\n\\:\\= x\\u0041\n";
    let entries = read(text);
    let entries: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(
        entries,
        [
            ("Truth", "Beauty"),
            ("Truth", "Beauty"),
            ("Truth", "Beauty"),
            ("fruits", "apple, banana, pear, cantaloupe, watermelon"),
            ("cheeses", ""),
            (":=", "xA")
        ]
    );
}
