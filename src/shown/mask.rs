//! Credentials are never shown, not even in the excerpt that says where they stand, and are never kept.
//!
//! Two readers look for them. One goes line by line and takes any text: words of helm and of pods, YAML that is broken. The other follows
//! the structure of YAML, and finds what stands elsewhere than behind its key: data of Secrets, environments, aliases, merge keys.
//! Both would rather hide too much than too little.

mod structure;

use crate::source::Span;

/// A text without the credentials in its lines: each byte of them is an asterisk, so that all offsets stay the same.
pub fn credentials(text: &str) -> String {
    let mut hidden = Hidden::new(text);
    hidden.scan();
    hidden.same_length()
}

/// The same for a text that may be YAML.
pub fn document(text: &str) -> String {
    of_document(text).same_length()
}

/// The same for a text that is compared with another: how long a credential is cannot be seen. Line breaks stay.
pub fn short(text: &str) -> String {
    of_document(text).short()
}

fn of_document(text: &str) -> Hidden<'_> {
    let mut hidden = Hidden::new(text);
    hidden.scan();
    structure::find(text, &mut |span| hidden.hide(span));
    hidden
}

/// A text, and which of its bytes are hidden.
struct Hidden<'t> {
    text: &'t str,
    bytes: Vec<bool>,
}

impl<'t> Hidden<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, bytes: vec![false; text.len()] }
    }

    fn hide(&mut self, span: Span) {
        for byte in self.bytes.get_mut(span.start..span.end).into_iter().flatten() {
            *byte = true;
        }
    }

    /// Hides a part of `line`, which begins at byte `start`.
    fn hide_in(&mut self, start: usize, part: Span) {
        self.hide(Span::new(start.saturating_add(part.start), start.saturating_add(part.end)));
    }

    fn same_length(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for ((at, c), next) in
            self.text.char_indices().zip(self.text.char_indices().map(|(at, c)| at.saturating_add(c.len_utf8())))
        {
            let is_hidden = self.bytes.get(at..next).is_some_and(|bytes| bytes.contains(&true));
            if is_hidden && !c.is_ascii_whitespace() {
                out.extend(std::iter::repeat_n('*', c.len_utf8()));
            } else {
                out.push(c);
            }
        }
        out
    }

    fn short(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut was_hidden = false;
        for (at, c) in self.text.char_indices() {
            let is_hidden = self.bytes.get(at) == Some(&true);
            if is_hidden && !was_hidden && !c.is_whitespace() {
                out.push_str("\"***\"");
                was_hidden = true;
            }
            // The blank in front of a value, and all line breaks.
            if !is_hidden || c == '\n' || !was_hidden && c.is_whitespace() {
                out.push(c);
            }
            was_hidden &= is_hidden;
        }
        out
    }

    /// Looks line by line.
    fn scan(&mut self) {
        let mut start = 0_usize;
        let mut below = Below::Nothing;
        for line in self.text.split_inclusive('\n') {
            self.line(start, line, &mut below);
            start = start.saturating_add(line.len());
        }
    }

    fn line(&mut self, start: usize, line: &str, below: &mut Below) {
        let indent = line.len().saturating_sub(line.trim_start().len());
        let is_blank = line.trim().is_empty();
        let whole = Span::new(indent, line.trim_end().len());
        if *below == Below::Key {
            self.hide_in(start, whole);
            if line.contains("-----END") {
                *below = Below::Nothing;
            }
            return;
        }
        match *below {
            Below::Value(key) if indent > key || is_blank => return self.hide_in(start, Span::new(0, line.len())),
            // What a key holds may begin on the next line: a text, a list of texts, or a mapping, which is looked at by itself.
            Below::Open(_) if is_blank => return,
            Below::Open(key)
                if (indent > key || indent == key && line.trim_start().starts_with("- ")) && !is_entry(line) =>
            {
                return self.hide_in(start, whole);
            }
            _ => *below = Below::Nothing,
        }
        for part in urls(line).chain(bearers(line)) {
            self.hide_in(start, part);
        }
        if let Some(at) =
            line.find("-----BEGIN ").filter(|at| line.get(*at..).is_some_and(|rest| rest.contains("PRIVATE KEY")))
        {
            self.hide_in(start, Span::new(at, line.trim_end().len()));
            if !line.contains("-----END") {
                *below = Below::Key;
            }
        }
        match value(line) {
            Some(Value::Here(at)) => {
                self.hide_in(start, Span::new(at, line.trim_end().len()));
                if *below == Below::Nothing {
                    *below = Below::Value(indent);
                }
            }
            Some(Value::Below) if *below == Below::Nothing => *below = Below::Open(indent),
            _ => {}
        }
    }
}

/// What the lines below may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    Nothing,
    /// More of a credential whose key is indented so far: a block, or a text of several lines.
    Value(usize),
    /// All of a credential whose key is indented so far.
    Open(usize),
    /// A private key, up to its last line.
    Key,
}

/// Where the value of a credential's key is.
#[derive(Debug, PartialEq, Eq)]
enum Value {
    /// From this byte on.
    Here(usize),
    /// On lines below.
    Below,
}

/// The value of the first credential on a line: behind the `:` or `=` that follows its key, or behind a flag.
fn value(line: &str) -> Option<Value> {
    for (at, c) in line.char_indices() {
        let is_flag = c == ' ' && last_word(line, at).starts_with("--");
        if !is_flag && !matches!(c, ':' | '=') {
            continue;
        }
        let key = last_word(line.get(..at).unwrap_or_default().trim_end(), usize::MAX);
        if !is_credential(key) || is_kind(line, at) {
            continue;
        }
        let behind = at.saturating_add(c.len_utf8());
        let rest = line.get(behind..).unwrap_or_default().trim();
        match rest.trim_end_matches(['{', '[', ',']).trim() {
            // A flag's value is a word, and there is none.
            "" if is_flag => {}
            "" => return Some(Value::Below),
            _ if is_flag && rest.starts_with('-') => {}
            _ if rest.starts_with('{') || is_plain(rest) => {}
            _ => return Some(Value::Here(behind)),
        }
    }
    None
}

/// Whether the colon is that of Velero's words for an object that it leaves as it is: which Secret that is has to be told.
fn is_kind(line: &str, colon: usize) -> bool {
    line.get(..colon).is_some_and(|before| before.ends_with("could not restore, Secret"))
}

/// The word that ends before a byte.
fn last_word(line: &str, end: usize) -> &str {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'');
    let line = line.get(..end.min(line.len())).unwrap_or_default();
    line.rsplit(|c| !is_word(c)).next().unwrap_or_default()
}

/// Whether a line is an entry of a mapping, or a comment.
fn is_entry(line: &str) -> bool {
    let line = line.trim();
    let line = line.strip_prefix("- ").unwrap_or(line);
    line.starts_with('#') || line.ends_with(':') || line.contains(": ")
}

/// Whether what begins so is no credential: a switch, nothing, or a number of a few digits.
fn is_plain(text: &str) -> bool {
    let word = text.split([',', '}', ']', ' ', '#', '\n']).next().unwrap_or_default();
    let word = word.trim_matches(['"', '\'']);
    let is_word = ["", "true", "false", "null", "~", "yes", "no", "on", "off"]
        .iter()
        .any(|plain| word.eq_ignore_ascii_case(plain));
    is_word || word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The parts of a line that are a user and a password in a URL.
fn urls(line: &str) -> impl Iterator<Item = Span> + '_ {
    line.match_indices("://").filter_map(|(at, mark)| {
        let start = at.saturating_add(mark.len());
        let rest = line.get(start..)?;
        let authority = rest.split(|c: char| "/?#\"'<>,".contains(c) || c.is_whitespace()).next()?;
        let end = authority.rfind('@')?;
        Some(Span::new(start, start.saturating_add(end)))
    })
}

/// The parts of a line that are tokens of HTTP.
fn bearers(line: &str) -> impl Iterator<Item = Span> + '_ {
    /// No word of prose is as long, and no token is shorter.
    const TOKEN: usize = 16;
    line.match_indices("earer ").filter_map(|(at, mark)| {
        let start = at.saturating_add(mark.len());
        let token = line.get(start..)?.split(|c: char| c.is_whitespace() || "\"',".contains(c)).next()?;
        (token.len() >= TOKEN).then(|| Span::new(start, start.saturating_add(token.len())))
    })
}

/// How the names of keys end that hold a credential.
const ENDINGS: [&str; 21] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secretkey",
    "secretaccesskey",
    "token",
    "tokens",
    "accesskey",
    "apikey",
    "privatekey",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "accountkey",
    "customerkey",
    "authorization",
    "credential",
    "credentials",
];

/// Whether a key is one that holds a credential; not one that names where it is kept.
pub fn is_credential(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let names_it = plain.starts_with("existing") || plain.ends_with("pullsecret");
    !names_it && ENDINGS.iter().any(|ending| plain.ends_with(ending))
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
            ("token: abc\nsecret: def\n", "token: ***\nsecret: ***\n"),
            ("secret: {name: aws, key: x}\n", "secret: {name: aws, key: x}\n"),
            ("secret: {name: aws, token: x}\n", "secret: {name: aws, token: **\n"),
            (
                "existingSecret: aws\nautomountServiceAccountToken: false\n",
                "existingSecret: aws\nautomountServiceAccountToken: false\n",
            ),
            ("password:\n  hunter2\nuser: me\n", "password:\n  *******\nuser: me\n"),
            ("passwords:\n- a\n- b\nuser: me\n", "passwords:\n* *\n* *\nuser: me\n"),
            ("password: \"a\n  b\"\nuser: me\n", "password: **\n  **\nuser: me\n"),
            ("url: mysql://me:x@db/y\n", "url: mysql://****@db/y\n"),
            ("image: oci://host/x@sha256:ab\n", "image: oci://host/x@sha256:ab\n"),
            ("run --password hunter2 --user me", "run --password ******* ****** **"),
            ("run --password --user me", "run --password --user me"),
            ("header: Bearer 0123456789abcdef x", "header: Bearer **************** x"),
            (
                "x: -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\ny: 1\n",
                "x: ********** *** ******* ********\n***\n******** *** ******* ********\ny: 1\n",
            ),
            ("AWS_SECRET_ACCESS_KEY=abc", "AWS_SECRET_ACCESS_KEY=***"),
            ("could not restore, Secret:aws already exists.", "could not restore, Secret:aws already exists."),
            ("could not restore, Secret:aws, password: x", "could not restore, Secret:aws, password: *"),
        ] {
            assert_eq!(credentials(text), expected);
            assert_eq!(credentials(text).len(), text.len());
        }
    }

    #[test]
    fn what_is_compared_does_not_show_how_long_it_is() {
        for (text, expected) in [
            ("password: hunter2\nuser: me\n", "password: \"***\"\nuser: me\n"),
            ("privateKey: |\n  abc\n  def\nnext: 1\n", "privateKey: \"***\"\n\n\nnext: 1\n"),
        ] {
            assert_eq!(short(text), expected);
        }
    }

    #[test]
    fn a_mask_takes_time_that_grows_with_the_text() {
        for text in [
            "a:".repeat(50_000),
            "password: true, ".repeat(20_000),
            "password:\n".repeat(50_000),
            "x://".repeat(50_000),
            " : ".repeat(50_000),
            "--a ".repeat(50_000),
        ] {
            let began = std::time::Instant::now();
            assert_eq!(credentials(&text).len(), text.len());
            assert!(began.elapsed().as_secs() < 5, "{}", &text[..16]);
        }
    }
}
