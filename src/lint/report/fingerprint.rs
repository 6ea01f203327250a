//! The fingerprints by which GitHub recognises an alert after lines above it were added: `primaryLocationLineHash`, a hash of the first 100
//! non-blank characters from the start of the line. GitHub's own upload action computes the same hash of a file,
//! and complains about any other.

use std::collections::HashMap;

const WINDOW: usize = 100;
const BASE: u64 = 37;

/// Marks the end of the text in the hash: not a character.
const END: u64 = 65_535;

/// The fingerprint of each line, the first at 0: the hash, and how often it has occurred so far.
pub(super) fn of_lines(text: &str) -> Vec<String> {
    let (symbols, starts) = symbols(text);
    let mut counts: HashMap<u64, usize> = HashMap::new();
    let hash = |start: usize| {
        let window = symbols.iter().skip(start).copied().chain(std::iter::repeat(0)).take(WINDOW);
        window.fold(0_u64, |hash, symbol| hash.wrapping_mul(BASE).wrapping_add(symbol))
    };
    starts
        .iter()
        .map(|start| {
            let hash = hash(*start);
            let count = counts.entry(hash).or_default();
            *count += 1;
            format!("{hash:x}:{count}")
        })
        .collect()
}

/// The text's UTF-16 units without blanks, each line break as one `\n`, and where each line starts among them.
fn symbols(text: &str) -> (Vec<u64>, Vec<usize>) {
    let (mut symbols, mut starts) = (Vec::new(), Vec::new());
    let (mut line_start, mut after_return) = (true, false);
    for unit in text.encode_utf16().map(u64::from).chain([END]) {
        let blank = unit == u64::from(b' ') || unit == u64::from(b'\t');
        let second_half = after_return && unit == u64::from(b'\n');
        after_return = unit == u64::from(b'\r');
        if blank || second_half {
            continue;
        }
        if line_start {
            starts.push(symbols.len());
        }
        line_start = after_return || unit == u64::from(b'\n');
        symbols.push(if after_return { u64::from(b'\n') } else { unit });
    }
    (symbols, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those that the upload action's own tests expect.
    #[test]
    fn lines_have_the_fingerprints_that_github_makes() {
        for (text, expected) in [
            ("", &["c129715d7a2bc9a3:1"][..]),
            (
                " a\nb\n  \t\tc\n d",
                &["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
            ),
            (
                " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
                &[
                    "8b7cf3e952e7aeb2:1",
                    "b1ae1287ec4718d9:1",
                    "bff680108adb0fcc:1",
                    "c6805c5e1288b612:1",
                    "b86d3392aea1be30:1",
                    "e6ceba753e1a442:1",
                ],
            ),
            (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", &["e9496ae3ebfced30:1"]),
        ] {
            let lines = of_lines(text);
            assert_eq!(&lines[..expected.len()], expected, "{text:?}");
        }
    }

    #[test]
    fn line_breaks_of_all_kinds_are_alike_and_equal_lines_are_counted() {
        assert_eq!(of_lines("a: 1\r\nb: 2\r\n"), of_lines("a: 1\nb: 2\n"));
        let same = "x\n".repeat(300);
        assert!(of_lines(&same)[1].ends_with(":2"), "{:?}", of_lines(&same)[1]);
    }
}
