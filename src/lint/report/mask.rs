//! Credentials are never printed, not even in the excerpt that shows where they stand.

use crate::lint::rules::clear_text_credentials::is_credential;

/// The text with each byte of a credential replaced by an asterisk, so that all offsets stay the same.
pub fn credentials(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut offset = 0;
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let blank = line.trim().is_empty();
        if block.is_some_and(|key| indent > key || blank) {
            hide(&mut bytes[offset..offset + line.len()]);
        } else {
            block = None;
            if let Some(at) = value_of_credential(line) {
                hide(&mut bytes[offset + at..offset + line.len()]);
                block = line[at..].trim_start().starts_with(['|', '>']).then_some(indent);
            }
        }
        offset += line.len();
    }
    String::from_utf8(bytes).expect("whole characters became asterisks")
}

fn hide(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = b'*');
}

/// Where, in a line, the text of a credential starts: behind the `:` or `=` that follows its key.
fn value_of_credential(line: &str) -> Option<usize> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'');
    line.char_indices().filter(|(_, c)| matches!(c, ':' | '=')).find_map(|(at, _)| {
        let key = line[..at].rsplit(|c| !word(c)).next().unwrap_or_default();
        let holds_something = !line[at + 1..].trim().is_empty();
        (is_credential(key) && holds_something).then_some(at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_credential_is_hidden() {
        for (text, expected) in [
            ("password: hunter2\nuser: me\n", "password: *******\nuser: me\n"),
            ("  \"secretKey\": \"é\" # x\n", "  \"secretKey\": **** * *\n"),
            ("a.b.password=x,c=d", "a.b.password=*****"),
            ("{user: me, password: x}", "{user: me, password: **"),
            ("privateKey: |\n  abc\n\n  def\nnext: 1\n", "privateKey: *\n  ***\n\n  ***\nnext: 1\n"),
            ("passwordKey: name\n", "passwordKey: name\n"),
            ("password:\n  file: x\n", "password:\n  file: x\n"),
        ] {
            assert_eq!(credentials(text), expected);
            assert_eq!(credentials(text).len(), text.len());
        }
    }
}
