//! Credentials are never shown, not even in the excerpt that says where they are, and are never kept.
//!
//! Two readers look for them. One goes line by line and accepts any text: messages from helm and pods, broken YAML. The other follows
//! the structure of YAML, and finds credentials away from their key: in Secrets' data, environments, aliases, merge keys.
//! Both hide too much rather than too little.

mod structure;

use crate::source::Span;

/// A text without the credentials in its lines: each of their bytes becomes an asterisk, so that all offsets stay the same.
pub fn credentials(text: &str) -> String {
    let mut hidden = Hidden::new(text);
    hidden.scan();
    hidden.same_length()
}

/// A text that may be YAML, without the credentials in it, and as long as before.
pub fn document(text: &str) -> String {
    of_document(text).same_length()
}

/// A text without credentials, to compare it with another: it hides the length of credentials. Line breaks stay.
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
            // Keeps the blank in front of a value, and all line breaks.
            if !is_hidden || c == '\n' || !was_hidden && c.is_whitespace() {
                out.push(c);
            }
            was_hidden &= is_hidden;
        }
        out
    }

    /// Searches line by line.
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
            // A key's value may begin on the next line: a text, a list of texts, or a mapping, which is searched separately.
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
    /// More of a credential whose key has this indentation: a block, or a text of several lines.
    Value(usize),
    /// All of a credential whose key has this indentation.
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

/// The value of the first credential on a line: after the `:` or `=` that follows its key, or after a flag.
fn value(line: &str) -> Option<Value> {
    let line = line.trim_end();
    for (at, c) in line.char_indices() {
        let is_flag = c == ' ' && last_word(line, at).starts_with("--");
        if !is_flag && !matches!(c, ':' | '=') {
            continue;
        }
        let key = last_word(line.get(..at).unwrap_or_default().trim_end(), usize::MAX);
        if !is_credential(key) || is_prose(line, at) {
            continue;
        }
        let behind = at.saturating_add(c.len_utf8());
        let rest = line.get(behind..).unwrap_or_default();
        let text = rest.trim_start();
        let is_empty = text.trim_start_matches(['{', '[', ',', ' ']).is_empty() || is_comment(rest);
        match is_empty {
            // A flag's value is a word, and there is none.
            true if is_flag => {}
            true => return Some(Value::Below),
            false if is_flag && text.starts_with('-') => {}
            false if is_mapping(text) || is_plain(text) => {}
            false => return Some(Value::Here(behind)),
        }
    }
    None
}

/// Whether the colon belongs to prose and precedes a reason: Velero's message about a Secret that it leaves as it is, the AWS SDK's about
/// credentials that it cannot load.
fn is_prose(line: &str, colon: usize) -> bool {
    let phrases = [
        "could not restore, Secret",
        "while loading credentials",
        "no credentials",
        "no valid credentials",
        "failed to load IMDS session token",
    ];
    // As whole words: "piano credentials" is no such phrase.
    let begins = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '\''));
    line.get(..colon).is_some_and(|before| phrases.iter().any(|phrase| before.strip_suffix(phrase).is_some_and(begins)))
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

/// Whether a value is no credential: only a switch, nothing, or a number of a few digits. In quotes, too: `"#x"`
/// is not a comment, and `"on fire"` not a switch.
fn is_plain(text: &str) -> bool {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let split = match quote {
        Some(quote) => text.get(1..).and_then(|text| text.split_once(quote)),
        None => {
            text.split_at_checked(text.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(text.len()))
        }
    };
    let Some((word, rest)) = split else { return false };
    let is_switch = ["", "true", "false", "null", "~", "yes", "no", "on", "off"]
        .iter()
        .any(|plain| word.eq_ignore_ascii_case(plain));
    let is_number = word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
    (is_switch || is_number) && is_end(rest)
}

/// Whether what follows a value is not part of it: brackets, a comment, the next key.
fn is_end(rest: &str) -> bool {
    let behind = rest.trim_start_matches(|c: char| c.is_whitespace() || "]}".contains(c));
    match behind.strip_prefix(',') {
        Some(next) => next.trim_start().is_empty() || begins_with_key(next),
        None => behind.is_empty() || is_comment(rest.trim_start_matches([']', '}'])),
    }
}

/// Whether a comment begins here. `#x` without a blank is also one in YAML, but may have been meant otherwise.
fn is_comment(text: &str) -> bool {
    text.starts_with(char::is_whitespace) && text.trim_start().starts_with("# ")
}

/// Whether a mapping begins here, which has keys of its own; or a template's expression.
fn is_mapping(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|inside| inside.starts_with('{') || begins_with_key(inside))
}

/// Whether a text begins with a key, and its `:` or `=`.
fn begins_with_key(text: &str) -> bool {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"_-./[]\"'".contains(c)).unwrap_or(text.len());
    end > 0 && text.get(end..).is_some_and(|rest| rest.trim_start().starts_with([':', '=']))
}

/// The user and password in a line's URLs. A password may contain a `/` that should have been escaped.
fn urls(line: &str) -> impl Iterator<Item = Span> + '_ {
    /// No password is longer.
    const LONGEST: usize = 200;
    line.match_indices("://").filter_map(|(at, mark)| {
        let start = at.saturating_add(mark.len());
        let rest = line.get(start..)?;
        let authority = rest.split(|c: char| "/?#\"'<>,".contains(c) || c.is_whitespace()).next()?;
        let has_password = authority
            .split_once(':')
            .is_some_and(|(_, port)| !port.is_empty() && !port.bytes().all(|byte| byte.is_ascii_digit()));
        let end = authority.rfind('@').or_else(|| {
            let word = rest.get(..rest.floor_char_boundary(LONGEST)).filter(|_| has_password)?;
            word.split(|c: char| "\"'<>".contains(c) || c.is_whitespace()).next()?.rfind('@')
        })?;
        Some(Span::new(start, start.saturating_add(end)))
    })
}

/// The HTTP tokens in a line.
fn bearers(line: &str) -> impl Iterator<Item = Span> + '_ {
    /// No word of prose is as long, and no token is shorter.
    const TOKEN: usize = 16;
    line.match_indices("earer ").filter_map(|(at, mark)| {
        let start = at.saturating_add(mark.len());
        let token = line.get(start..)?.split(|c: char| c.is_whitespace() || "\"',".contains(c)).next()?;
        (token.len() >= TOKEN).then(|| Span::new(start, start.saturating_add(token.len())))
    })
}

/// Endings of the names of keys that hold a credential.
const ENDINGS: [&str; 27] = [
    "pass",
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
    "sharedkey",
    "fernetkey",
    "sshkey",
    "tlskey",
    "signature",
    "authorization",
    "credential",
    "credentials",
];

/// Whether a key holds a credential, and not only the name of where it is kept.
pub fn is_credential(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let names_it = plain.starts_with("existingsecret") || plain.ends_with("pullsecret");
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
            (
                "an error occurred while loading credentials: no role",
                "an error occurred while loading credentials: no role",
            ),
            ("while loading credentials: token: x", "while loading credentials: token: *"),
            ("no credentials: no role, no file", "no credentials: no role, no file"),
            ("s3: no valid credentials: none", "s3: no valid credentials: none"),
            ("failed to load IMDS session token: timed out", "failed to load IMDS session token: timed out"),
            ("no credentials: password=x", "no credentials: password=*"),
            ("piano credentials: abc def", "piano credentials: *** ***"),
            ("x_no credentials: abc", "x_no credentials: ***"),
            ("session token: abc", "session token: ***"),
            // No switch, no number, no comment and no mapping, though each begins like one.
            ("password: \"#abc\"", "password: ******"),
            ("password: #abc", "password: ****"),
            ("password: on fire", "password: ** ****"),
            ("password: \"no way\" x", "password: *** **** *"),
            ("a: {password: '12 abc', b: c", "a: {password: *** ***** ** *"),
            ("password: ,abc", "password: ****"),
            ("password: }abc", "password: ****"),
            ("password={abc},user=me", "password=*************"),
            ("dbPass: abc", "dbPass: ***"),
            ("existingPassword: abc", "existingPassword: ***"),
            ("url: mysql://me:x/y@db/z", "url: mysql://******@db/z"),
            ("image: oci://host:5000/x@sha256:ab", "image: oci://host:5000/x@sha256:ab"),
            ("{\"password\":\"\",\"token\":true,\"user\":1}", "{\"password\":\"\",\"token\":true,\"user\":1}"),
            ("password: true # for now", "password: true # for now"),
            ("password: # here\n  abc\nuser: me", "password: # here\n  ***\nuser: me"),
            ("password: {{ .Values.password }}", "password: {{ .Values.password }}"),
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
            format!("{}{}", "token:1 ".repeat(20_000), " ".repeat(200_000)),
            format!("{}{}", "token:1 ".repeat(20_000), "[".repeat(200_000)),
            "x://a:b/".repeat(50_000),
        ] {
            let began = std::time::Instant::now();
            assert_eq!(credentials(&text).len(), text.len());
            assert!(began.elapsed().as_secs() < 5, "{}", &text[..16]);
        }
    }
}
