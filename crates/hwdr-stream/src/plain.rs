//! The fast path: proves that a document is plain YAML without building its tree, and finds its head on the way.
//!
//! A rendered chart is almost entirely block mappings and lists of one-line scalars and of block scalars, which a line scanner
//! can follow. Everything else (aliases, merge keys, tags, tabs, line breaks other than LF and CRLF,
//! directives, `? key`, …) is left to the parser: [`scan`] returns *unsure*. The parser accepts everything that it accepts, with the same
//! head: `plain_tests.rs` proves that on mutated manifests.
//!
//! The names below are those of libyaml's scanner, whose rules these are: a collection is identified by the column of its
//! keys or dashes, and a value ends at a line that begins no deeper than that.

#![expect(clippy::indexing_slicing, reason = "the parser found these positions in this very text")]

use hwdr_values::source::Span;

/// The result of a scan.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// No content: blank lines and comments only.
    Empty,
    /// One object.
    Object(Head),
    /// The parser must decide.
    Unsure,
}

/// The parts of an object's head, in bytes of the document.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub(super) struct Head {
    pub api_version: Span,
    pub kind: Span,
    pub namespace: Span,
    pub name: Span,
    /// Where the object begins.
    pub start: usize,
}

/// Scans the text of one document, without its separator line.
pub(super) fn scan(body: &[u8]) -> Scan {
    if !bytes::are_plain(body) {
        return Scan::Unsure;
    }
    let mut scanner = Scanner {
        text: body,
        levels: Vec::with_capacity(16),
        pending: Some(Level { column: -1, list: false }),
        open_plain: false,
        head: Head { start: usize::MAX, ..Head::default() },
        section: Section::Other,
        slot: None,
        anchored: false,
    };
    match scanner.run() {
        None => Scan::Unsure,
        Some(()) if scanner.levels.is_empty() => Scan::Empty,
        Some(()) => Scan::Object(scanner.head),
    }
}

/// An open block collection.
#[derive(Debug, Clone, Copy)]
struct Level {
    column: i32,
    list: bool,
}

/// The last key at the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Metadata,
    Other,
}

/// The part of the head that a value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    ApiVersion,
    Kind,
    Metadata,
    Namespace,
    Name,
}

struct Scanner<'t> {
    text: &'t [u8],
    levels: Vec<Level>,
    /// The last key or dash with nothing after it: its value may follow below, deeper.
    pending: Option<Level>,
    /// Whether the last value was a plain scalar that deeper lines continue.
    open_plain: bool,
    head: Head,
    section: Section,
    /// The part of the head whose value comes next, or was the last.
    slot: Option<Slot>,
    /// Whether the pending value already has its anchor.
    anchored: bool,
}

/// The scanner's methods return the position they reached, or `None` if unsure.
impl Scanner<'_> {
    fn run(&mut self) -> Option<()> {
        let mut at = 0;
        while at < self.text.len() {
            let start = self.skip_spaces(at);
            if let Some(next) = self.line_break(start) {
                at = next;
            } else if self.byte(start) == b'#' {
                self.open_plain = false;
                at = self.skip_line(start);
            } else {
                at = self.content(start, i32::try_from(start - at).ok()?)?;
            }
        }
        Some(())
    }

    /// A line with content, from its first byte.
    fn content(&mut self, mut at: usize, mut column: i32) -> Option<usize> {
        if self.pending.is_none() && column > self.levels.last()?.column {
            return self.more_plain(at);
        }
        self.open_plain = false;
        if column == 0 && self.text[at..].starts_with(b"...") {
            return None;
        }
        while self.byte(at) == b'-' && self.is_blank(at + 1) {
            self.place(column, true)?;
            self.pending = Some(Level { column, list: true });
            self.anchored = false;
            let next = self.skip_spaces(at + 1);
            if let Some(end) = self.nothing(next) {
                return Some(end);
            }
            column += i32::try_from(next - at).ok()?;
            at = next;
        }
        let (key, colon) = match self.byte(at) {
            b'"' | b'\'' => {
                let end = self.quoted(at)?;
                let behind = self.skip_spaces(end);
                if self.byte(behind) != b':' || self.text[at..end].contains(&b'\n') {
                    return self.scalar_below(at, column);
                }
                (Span::new(at + 1, end - 1), behind)
            }
            _ if self.starts_plain(at) => match self.plain(at)? {
                (end, true) => (Span::new(at, end), self.skip_spaces(end)),
                (_, false) => return self.scalar_below(at, column),
            },
            _ => return self.scalar_below(at, column),
        };
        // A key must be on one line and within 1024 characters.
        if colon - at > 1000 || !self.is_blank(colon + 1) {
            return None;
        }
        self.place(column, false)?;
        self.head.start = self.head.start.min(at);
        self.slot = self.slot_of(key)?;
        self.pending = Some(Level { column, list: false });
        self.anchored = false;
        let next = self.skip_spaces(colon + 1);
        match self.nothing(next) {
            Some(end) => Some(end),
            None => self.value(next),
        }
    }

    /// A scalar where a key could be: after a dash, or on the line below its key.
    fn scalar_below(&mut self, at: usize, column: i32) -> Option<usize> {
        let pending = self.pending?;
        // Keys of the head have no nested head, and a document is not a scalar.
        if pending.column < 0 || column <= pending.column || (self.slot.is_some() && !pending.list) {
            return None;
        }
        self.slot = None;
        self.pending = Some(pending);
        self.value(at)
    }

    /// Makes the collection at `column` the current one: opens it, or closes deeper ones.
    fn place(&mut self, column: i32, list: bool) -> Option<()> {
        if let Some(pending) = self.pending.take()
            && (column > pending.column || (column == pending.column && list && !pending.list))
        {
            let depth = self.levels.len();
            // The root is a mapping, and so is `metadata`; other parts of the head are scalars.
            let unfit = match self.slot {
                _ if depth == 0 => list,
                Some(Slot::Metadata) if depth == 1 => list,
                Some(_) => !pending.list,
                None => false,
            };
            if unfit || depth > 200 {
                return None;
            }
            self.levels.push(Level { column, list });
            return Some(());
        }
        while self.levels.last()?.column > column {
            self.levels.pop();
        }
        if !list && self.levels.last()?.list && self.levels.last()?.column == column {
            self.levels.pop();
        }
        let level = self.levels.last()?;
        (level.column == column && level.list == list).then_some(())
    }

    /// The part of the head for the value of `key` in the current collection. Unsure about
    /// lists of objects, and about merged entries.
    fn slot_of(&mut self, key: Span) -> Option<Option<Slot>> {
        let key = &self.text[key.start..key.end];
        if key == b"<<" {
            return None;
        }
        match self.levels.len() {
            1 => {
                self.section = Section::Other;
                Some(match key {
                    b"apiVersion" => Some(Slot::ApiVersion),
                    b"kind" => Some(Slot::Kind),
                    b"metadata" => {
                        self.section = Section::Metadata;
                        self.head.namespace = Span::default();
                        self.head.name = Span::default();
                        Some(Slot::Metadata)
                    }
                    b"items" => return None,
                    // Escapes could spell any of these.
                    key if key.contains(&b'\\') => return None,
                    _ => None,
                })
                .inspect(|slot| self.set(*slot, Span::default()))
            }
            2 if self.section == Section::Metadata => Some(match key {
                b"namespace" => Some(Slot::Namespace),
                b"name" => Some(Slot::Name),
                key if key.contains(&b'\\') => return None,
                _ => None,
            })
            .inspect(|slot| self.set(*slot, Span::default())),
            _ => Some(None),
        }
    }

    fn set(&mut self, slot: Option<Slot>, span: Span) {
        match slot {
            Some(Slot::ApiVersion) => self.head.api_version = span,
            Some(Slot::Kind) => self.head.kind = span,
            Some(Slot::Namespace) => self.head.namespace = span,
            Some(Slot::Name) => self.head.name = span,
            Some(Slot::Metadata) | None => {}
        }
    }

    /// A value that begins at `at`, to the end of its last line; its key or dash is pending.
    fn value(&mut self, mut at: usize) -> Option<usize> {
        if self.byte(at) == b'&' {
            let end = self.name(at + 1)?;
            at = self.skip_spaces(end);
            if self.slot.is_some() || self.anchored {
                return None;
            }
            self.anchored = true;
            if let Some(end) = self.nothing(at) {
                return Some(end);
            }
        }
        self.pending = None;
        let (content, end) = match self.byte(at) {
            b'"' | b'\'' => {
                let end = self.quoted(at)?;
                let content = &self.text[at + 1..end - 1];
                if self.slot.is_some() && content.iter().any(|byte| b"\\'\n".contains(byte)) {
                    return None;
                }
                (Span::new(at + 1, end - 1), self.nothing(self.skip_spaces(end))?)
            }
            b'|' | b'>' => {
                if self.slot.is_some() {
                    return None;
                }
                return self.block_scalar(at + 1);
            }
            b'[' | b'{' => {
                if self.slot.is_some() {
                    return None;
                }
                let end = self.flow(at)?;
                return self.nothing(self.skip_spaces(end));
            }
            _ if self.starts_plain(at) => {
                let (end, false) = self.plain(at)? else { return None };
                let next = self.skip_spaces(end);
                self.open_plain = self.byte(next) != b'#';
                let content = match &self.text[at..end] {
                    b"~" | b"null" | b"Null" | b"NULL" => Span::default(),
                    _ if self.slot == Some(Slot::Metadata) => return None,
                    _ => Span::new(at, end),
                };
                (content, self.nothing(next)?)
            }
            _ => return None,
        };
        if self.slot == Some(Slot::Metadata) && content != Span::default() {
            return None;
        }
        self.set(self.slot, content);
        Some(end)
    }

    /// A line deeper than the current collection without a key or dash: more of a plain scalar.
    fn more_plain(&mut self, at: usize) -> Option<usize> {
        if !self.open_plain || self.slot.is_some() {
            return None;
        }
        let (end, false) = self.plain(at)? else { return None };
        let next = self.skip_spaces(end);
        self.open_plain = self.byte(next) != b'#';
        self.nothing(next)
    }

    /// One line of a plain scalar: where it ends (without trailing blanks), and whether a colon follows that
    /// makes it a key.
    fn plain(&self, start: usize) -> Option<(usize, bool)> {
        let mut at = start;
        loop {
            while !bytes::ENDS_PLAIN[self.byte(at) as usize] {
                at += 1;
            }
            match self.byte(at) {
                b':' if self.is_blank(at + 1) => return Some((self.before_spaces(start, at), true)),
                b'#' if self.text[at - 1] == b' ' => return Some((self.before_spaces(start, at), false)),
                b':' | b'#' => at += 1,
                b'\t' => return None,
                _ => return Some((self.before_spaces(start, at), false)),
            }
        }
    }

    /// The position after a quoted scalar, which may span several lines.
    fn quoted(&self, start: usize) -> Option<usize> {
        let quote = self.byte(start);
        let mut at = start + 1;
        loop {
            while !bytes::ENDS_QUOTED[self.byte(at) as usize] {
                at += 1;
            }
            match *self.text.get(at)? {
                b'\'' if quote == b'\'' && self.byte(at + 1) == b'\'' => at += 2,
                byte if byte == quote => return Some(at + 1),
                b'\\' if quote == b'"' => match self.byte(at + 1) {
                    b'0' | b'a' | b'b' | b't' | b'n' | b'v' | b'f' | b'r' | b'e' | b' ' | b'"' | b'/' | b'\\' => {
                        at += 2
                    }
                    _ => return None,
                },
                b'\t' => return None,
                b'\n' if self.text[at + 1..].starts_with(b"...") => return None,
                _ => at += 1,
            }
        }
    }

    /// The position after a literal or folded scalar; `at` is after its `|` or `>`.
    fn block_scalar(&mut self, mut at: usize) -> Option<usize> {
        let parent = usize::try_from(self.levels.last()?.column).ok()?;
        let (mut indent, mut chomping) = (None, false);
        while !self.is_blank(at) {
            match self.byte(at) {
                b'+' | b'-' if !chomping => chomping = true,
                digit @ b'1'..=b'9' if indent.is_none() => indent = Some(parent + usize::from(digit - b'0')),
                _ => return None,
            }
            at += 1;
        }
        at = self.nothing(self.skip_spaces(at))?;
        let indent = match indent {
            Some(indent) => indent,
            None => match self.detect_indent(&mut at, parent)? {
                Some(indent) => indent,
                None => return Some(at),
            },
        };
        loop {
            let line = self.text.get(at..at + indent);
            if line.is_some_and(|line| line.iter().all(|byte| *byte == b' ')) {
                at = self.skip_line(at + indent);
                continue;
            }
            let content = self.skip_spaces(at);
            if content == self.text.len() {
                return Some(content);
            }
            match self.line_break(content) {
                Some(next) => at = next,
                None if self.byte(content) == b'\t' => return None,
                None => return Some(at),
            }
        }
    }

    /// The indentation of a block scalar's first line that is not blank; `None` if that line is no longer part of it.
    fn detect_indent(&self, at: &mut usize, parent: usize) -> Option<Option<usize>> {
        let mut widest = 0;
        loop {
            let content = self.skip_spaces(*at);
            let indent = content - *at;
            if content == self.text.len() {
                *at = content;
                return Some(None);
            }
            match self.line_break(content) {
                Some(next) => {
                    widest = widest.max(indent);
                    *at = next;
                }
                None if self.byte(content) == b'\t' => return None,
                None if indent <= parent => return Some(None),
                None if widest > indent => return None,
                None => return Some(Some(indent)),
            }
        }
    }

    /// The position after a flow collection on one line, written much like JSON.
    fn flow(&self, start: usize) -> Option<usize> {
        let mut open = Vec::new();
        let mut at = start;
        loop {
            // A value.
            at = match self.byte(at) {
                bracket @ (b'[' | b'{') => {
                    open.push(bracket);
                    let next = self.skip_spaces(at + 1);
                    if self.byte(next) != bracket + 2 {
                        at = if bracket == b'{' { self.flow_key(next)? } else { next };
                        if open.len() > 50 {
                            return None;
                        }
                        continue;
                    }
                    next
                }
                _ => self.flow_scalar(at)?,
            };
            // Closing brackets after it, up to a comma and the next value.
            loop {
                at = self.skip_spaces(at);
                let bracket = *open.last()?;
                if self.byte(at) == bracket + 2 {
                    open.pop();
                    at += 1;
                    if open.is_empty() {
                        return Some(at);
                    }
                } else if self.byte(at) == b',' {
                    let next = self.skip_spaces(at + 1);
                    at = if bracket == b'{' { self.flow_key(next)? } else { next };
                    break;
                } else {
                    return None;
                }
            }
        }
    }

    /// The position after a key of a flow mapping, its colon and blanks (optional after a quoted key, as in JSON).
    fn flow_key(&self, at: usize) -> Option<usize> {
        let end = self.flow_scalar(at)?;
        let quoted = matches!(self.byte(at), b'"' | b'\'');
        if end - at > 1000 || self.byte(end) != b':' || !(quoted || self.byte(end + 1) == b' ') {
            return None;
        }
        Some(self.skip_spaces(end + 1))
    }

    /// The position after a quoted scalar or a word.
    fn flow_scalar(&self, at: usize) -> Option<usize> {
        if matches!(self.byte(at), b'"' | b'\'') {
            let end = self.quoted(at)?;
            return (!self.text[at..end].contains(&b'\n')).then_some(end);
        }
        let sign = usize::from(self.byte(at) == b'-');
        let first = self.byte(at + sign);
        let mut end = at + sign;
        while bytes::IN_WORD[self.byte(end) as usize] {
            end += 1;
        }
        (first.is_ascii_alphanumeric() || (sign == 0 && b"/._".contains(&first))).then_some(end)
    }

    /// The position after the name of an anchor and a blank.
    fn name(&self, at: usize) -> Option<usize> {
        let name =
            self.text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)).count();
        (name > 0 && self.is_blank(at + name)).then_some(at + name)
    }

    /// Whether a plain scalar can begin here.
    fn starts_plain(&self, at: usize) -> bool {
        match self.byte(at) {
            b'-' => !self.is_blank(at + 1),
            byte => !bytes::NOT_FIRST[byte as usize],
        }
    }

    /// The position after the line break, if only a comment (after a blank) is left of a line.
    fn nothing(&self, at: usize) -> Option<usize> {
        if at == self.text.len() {
            return Some(at);
        }
        if self.byte(at) == b'#' && self.text[at - 1] == b' ' {
            return Some(self.skip_line(at));
        }
        self.line_break(at)
    }

    /// The byte at `at`; a line break where the text ends.
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(b'\n')
    }

    /// Whether a space, a line break or the end is here.
    fn is_blank(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\n' | b'\r')
    }

    /// The position after the line break at `at`, if there is one.
    fn line_break(&self, at: usize) -> Option<usize> {
        match self.text.get(at)? {
            b'\n' => Some(at + 1),
            b'\r' => Some(at + 2),
            _ => None,
        }
    }

    fn skip_spaces(&self, mut at: usize) -> usize {
        while self.text.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    }

    fn skip_line(&self, at: usize) -> usize {
        memchr::memchr(b'\n', &self.text[at..]).map_or(self.text.len(), |newline| at + newline + 1)
    }

    fn before_spaces(&self, start: usize, mut end: usize) -> usize {
        while end > start && self.text[end - 1] == b' ' {
            end -= 1;
        }
        end
    }
}

/// The meaning of single bytes.
mod bytes {
    /// The bytes at which a plain scalar may end, and a tab.
    pub(super) const ENDS_PLAIN: [bool; 256] = table(b":#\t\r\n");
    /// The bytes that matter in a quoted scalar.
    pub(super) const ENDS_QUOTED: [bool; 256] = table(b"\"'\\\t\n");
    /// The bytes with which a plain scalar cannot begin, or not always.
    pub(super) const NOT_FIRST: [bool; 256] = table(b"-?:,[]{}#&*!|>'\"%@` \t\r\n");

    /// The bytes of a word in a flow collection.
    pub(super) const IN_WORD: [bool; 256] =
        table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-");

    const fn table(bytes: &[u8]) -> [bool; 256] {
        let mut table = [false; 256];
        let mut at = 0;
        while at < bytes.len() {
            table[bytes[at] as usize] = true;
            at += 1;
        }
        table
    }

    /// Whether YAML allows all characters, and only LF and CRLF break lines.
    pub(super) fn are_plain(text: &[u8]) -> bool {
        let mut seen = 0u8;
        let mut chunks = text.chunks_exact(64);
        for chunk in &mut chunks {
            seen |= chunk.iter().fold(0, |seen, byte| seen | notable(*byte));
        }
        seen |= chunks.remainder().iter().fold(0, |seen, byte| seen | notable(*byte));
        let lone_return = || memchr::memchr_iter(b'\r', text).any(|at| text.get(at + 1) != Some(&b'\n'));
        seen & 1 == 0 && (seen & 2 == 0 || !lone_return()) && (seen & 0x80 == 0 || non_ascii_is_plain(text))
    }

    /// Bit 0: a control character; bit 1: a carriage return; bit 7: a byte of a character beyond ASCII. Without branches,
    /// so that one instruction processes many bytes.
    fn notable(byte: u8) -> u8 {
        let control = (byte < 0x20) & (byte != b'\n') & (byte != b'\t') & (byte != b'\r') | (byte == 0x7f);
        u8::from(control) | u8::from(byte == b'\r') << 1 | byte & 0x80
    }

    /// Refuses U+0080 to U+009F (controls, and NEL that breaks lines), U+2028 and U+2029 (line breaks), and U+F000 to
    /// U+FFFF, which includes the byte order mark and noncharacters.
    fn non_ascii_is_plain(text: &[u8]) -> bool {
        !memchr::memchr3_iter(0xc2, 0xe2, 0xef, text).any(|at| match text[at..] {
            [0xc2, second, ..] => second < 0xa0,
            [0xe2, 0x80, third, ..] => matches!(third, 0xa8 | 0xa9),
            [0xe2, ..] => false,
            _ => true,
        })
    }
}
