//! Typing mistakes that leave a text that is not YAML: a colon without a space, an unclosed quote, a line at the wrong
//! depth. The parser notices them late, and describes them in its own terms; here the look of the line identifies them.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use super::lookalike::is_curly;
use super::trouble::{Trouble, floor};
use crate::shown::counted;
use crate::source::Span;
use crate::yaml::SyntaxError;

/// What is wrong, in plain words, at the line to change.
pub(super) fn find(text: &str, error: &SyntaxError) -> Trouble {
    let at = floor(text, error.offset);
    let since = error.since.map(|since| floor(text, since));
    let line = Line::at(text, at);
    let says = |words: &str| error.message.contains(words);
    let found = if says("mapping values are not allowed") {
        second_colon(text, &line, at)
    } else if says("could not find expected ':'") {
        Some(without_colon(text, &Line::at(text, since.unwrap_or(at))))
    } else if says("quoted scalar") && (says("end of stream") || says("document indicator")) {
        since.map(|since| not_closed(text, since))
    } else if says("block mapping") || says("block collection") {
        broken_block(text, &line, at, since)
    } else if says("flow sequence") || says("flow mapping") {
        since.map(|since| brackets(text, since, at))
    } else if says("quoted scalar") {
        let message = "this is not an escape that YAML knows: inside \"…\" a backslash begins one. Write the text in '…', where it does not";
        Some(Trouble::new(message, Span::new(at.saturating_sub(1), at + 1)))
    } else if says("block scalar") {
        since.map(|since| to_quote(text, since))
    } else if says("block sequence entries") {
        let message = "a list begins on a line of its own: end this line after the colon, and write each item below it as '- item'";
        Some(Trouble::new(message, Span::new(at, at + 1)))
    } else {
        token(text, error, at, since)
    };
    found.unwrap_or_else(|| Trouble::new(format!("this line is not YAML ({})", error.message), Span::new(at, at)))
}

/// A character that begins something other than a text.
fn token(text: &str, error: &SyntaxError, at: usize, since: Option<usize>) -> Option<Trouble> {
    let says = |words: &str| error.message.contains(words);
    if text[at..].starts_with('\t') || says("tab character") {
        let message = "a tab where YAML takes only spaces: write a space";
        return Some(Trouble::new(message, Span::new(at, at + 1)));
    }
    if says("unknown anchor") {
        let rest = text.get(at + 1..).unwrap_or_default();
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || "_-".contains(*c)).collect();
        let message = "this refers to an anchor (the same name with & before it) that this file does not define. If it is text, put it in quotes";
        return Some(Trouble::new(message, Span::new(at, at + 1 + name.len())).write(format!("\"*{name}\"")));
    }
    if says("control characters") {
        let character = text[at..].chars().next()?;
        let message = format!("the character U+{:04X}, which YAML does not allow: delete it", u32::from(character));
        return Some(Trouble::new(message, Span::new(at, at + character.len_utf8())));
    }
    if says("while scanning an anchor") {
        let start = since?;
        let entity = text[start..].split([';', ' ', '\n']).next().unwrap_or_default();
        const ENTITIES: [&str; 6] = ["&quot", "&apos", "&amp", "&lt", "&gt", "&nbsp"];
        let is_entity = ENTITIES.contains(&entity) || entity.starts_with("&#");
        if is_entity && text[start + entity.len()..].starts_with(';') {
            let message = format!(
                "{entity}; comes from the source of a web page: copy what the page shows, or write the character itself"
            );
            return Some(Trouble::new(message, Span::new(start, start + entity.len() + 1)));
        }
        return Some(to_quote(text, start));
    }
    if says("directive") {
        return Some(to_quote(text, Line::at(text, since.unwrap_or(at)).start));
    }
    if says("a tag") || says("tag handle") {
        return Some(to_quote(text, since.unwrap_or(at)));
    }
    if says("unexpected ':'") {
        let message = "inside [ ] and { } a colon needs a space after it, or its text needs quotes around it";
        return Some(Trouble::new(message, Span::new(at, at + 1)));
    }
    match text[at..].chars().next() {
        Some('%' | '?' | '|' | '>') => Some(to_quote(text, at)),
        Some(character @ (',' | ']' | '}' | ':')) => {
            let message =
                format!("one '{character}' too many: delete it. If a text begins with it, put the text in quotes");
            Some(Trouble::new(message, Span::new(at, at + 1)))
        }
        _ if says("<document start>") => {
            let message = "text after the end of the values: delete it";
            Some(Trouble::new(message, Span::new(at, at + 1)))
        }
        _ if says("node content") || says("cannot start any token") => {
            let message = "a value is missing before this, or brackets are not closed";
            Some(Trouble::new(message, Span::new(at, at + 1)))
        }
        _ => None,
    }
}

/// A text that needs quotes because of its first character.
fn to_quote(text: &str, at: usize) -> Trouble {
    let rest = text[at..].split('\n').next().unwrap_or_default();
    let rest = rest.split(" #").next().unwrap_or_default().trim_end();
    let span = Span::new(at, at + rest.len());
    let Some(first) = rest.chars().next() else { return Trouble::new("this line is not YAML", span) };
    let trouble = Trouble::new(format!("a text that begins with {first} needs quotes around it"), span);
    if rest.contains(['"', '\\', ']', '}']) || rest.contains(": ") {
        return trouble;
    }
    let quoted = format!("\"{rest}\"");
    // After a `|` a text could have been meant to begin on the next line.
    let mend = if matches!(first, '>' | '%') { vec![(span, quoted.clone())] } else { Vec::new() };
    trouble.write(quoted).mend(mend)
}

/// A colon inside a value: the second on its line, or the first after a line that ended too early.
fn second_colon(text: &str, line: &Line<'_>, at: usize) -> Option<Trouble> {
    let (start, body) = line.body();
    if start <= at
        && let Some((_, value)) = setting(&text[start..at])
        && !value.is_empty()
    {
        let from = start + body.find(value)?;
        let whole = without_comment(&text[from..line.end()]);
        let span = Span::new(from, from + whole.len());
        let message = "two ': ' on one line: write two settings on two lines, and a value that contains ': ' in quotes";
        let trouble = Trouble::new(message, span);
        let plain = !whole.contains(['"', '\\']) && !whole.contains(is_curly);
        return Some(if plain { trouble.write(format!("\"{whole}\"")) } else { trouble });
    }
    let mut first: Option<Line<'_>> = None;
    let mut above = line.above(text);
    while let Some(candidate) = above {
        match setting(candidate.body().1) {
            _ if is_bare_dash(candidate.content) => {
                first = Some(candidate);
                break;
            }
            Some((key, value)) if !value.is_empty() && first.is_none() && candidate.indent < line.indent => {
                let depth = counted(candidate.body().0 - candidate.start, "space");
                let message = format!(
                    "wrong indentation: '{key}' above has a value, so nothing can be inside it. Indent this line by {depth} to put it \
                     beside '{key}', or remove that value to put it inside"
                );
                return Some(Trouble::new(message, line.span()));
            }
            Some(_) => break,
            None => {
                above = candidate.above(text);
                first = Some(candidate);
            }
        }
    }
    Some(match first {
        Some(first) => without_colon(text, &first),
        None => Trouble::new(
            "one ':' too many: delete it. If a text begins with it, put the text in quotes",
            Span::new(at, at + 1),
        ),
    })
}

/// A line without a colon, where a setting was expected.
fn without_colon(text: &str, line: &Line<'_>) -> Trouble {
    let (start, body) = line.body();
    let body = without_comment(body);
    let span = Span::new(start, start + body.len());
    let say = |message: &str| Trouble::new(message, span);
    let next = line.below(text);
    let deeper = next.as_ref().is_some_and(|next| next.indent > line.indent);
    let beside = next.as_ref().is_some_and(|next| next.indent == line.indent);
    if is_bare_dash(line.content) {
        let dash = line.start + line.indent + 1;
        return Trouble::new("a space is missing after the dash", line.span())
            .write(format!("- {}", &line.content[1..]))
            .mend(vec![(Span::new(dash, dash), " ".to_owned())]);
    }
    if ["--- ", "+++ ", "@@ "].iter().any(|mark| line.content.starts_with(mark)) {
        return say("this is a diff, not values: apply it with git apply or patch, or delete its marks");
    }
    if let Some(comment) = ["//", "/*", ";", "--"].iter().find_map(|mark| body.strip_prefix(mark)) {
        return say("a comment begins with #").write(format!("# {}", comment.trim_end_matches("*/").trim()));
    }
    let word = body.split(char::is_whitespace).next().unwrap_or_default();
    if word == "$" || ["cat", "echo", "helm", "kubectl", "EOF"].contains(&word) {
        return say("this belongs to a shell command, not to values: delete the line");
    }
    if let Some((key, value)) = body.split_once('=').filter(|(key, _)| is_name(key.trim())) {
        let (key, value) = (key.trim(), value.trim());
        if key.contains('.') {
            return say(
                "this is how --set writes a value: give it to helm with --set, or write each part of the key on its own line",
            );
        }
        return say("a setting is written with a colon").write(format!("{key}: {value}"));
    }
    if let Some((key, value)) = body.split_once(':').filter(|(key, value)| is_name(key) && !value.starts_with("//")) {
        let colon = start + key.len() + 1;
        // Between settings, a line can only be a setting.
        let certain = beside || next.is_none();
        let mend = if certain { vec![(Span::new(colon, colon), " ".to_owned())] } else { Vec::new() };
        return say("a space is missing after the colon").write(format!("{key}: {value}")).mend(mend);
    }
    if is_name(body) && deeper {
        let mend = vec![(Span::new(span.end, span.end), ":".to_owned())];
        return say("a colon is missing").write(format!("{body}:")).mend(mend);
    }
    let rest = body[word.len()..].trim();
    if is_name(word) && !rest.is_empty() && (rest.starts_with(['"', '\'']) || !rest.contains(' ')) {
        return say("a colon is missing").write(format!("{word}: {rest}"));
    }
    if body.starts_with(['!', '&', '%', '@', '`', '*', '?', '|', '>']) {
        return to_quote(text, start);
    }
    say(
        "this line is neither a setting ('key: value') nor a list item ('- value'). If it is a comment, put # before it",
    )
}

/// A quote that is opened but not closed.
fn not_closed(text: &str, at: usize) -> Trouble {
    let line = Line::at(text, at);
    let quote = text[at..].chars().next().unwrap_or('"');
    let rest = without_comment(&text[at..line.end()]);
    let trouble = Trouble::new("this quote is not closed on its line", Span::new(at, at + rest.len()));
    trouble.write(format!("{rest}{quote}"))
}

/// Something in a block that does not belong to it.
fn broken_block(text: &str, line: &Line<'_>, at: usize, since: Option<usize>) -> Option<Trouble> {
    let before = text[line.start..at].trim_end();
    if !before.trim_start().is_empty() {
        return Some(match before.chars().next_back() {
            Some(quote @ ('"' | '\'')) => behind_quote(text, line, at, quote),
            _ => match text[at..].chars().next() {
                Some(bracket @ ('}' | ']' | ',')) => {
                    Trouble::new(format!("one '{bracket}' too many: delete it"), Span::new(at, at + 1))
                }
                _ => Trouble::new(
                    "there is text after a complete value: delete it, or put quotes around all of it",
                    Span::new(at, line.end()),
                ),
            },
        });
    }
    if is_bare_dash(line.content) {
        return Some(without_colon(text, line));
    }
    let is_item = line.content == "-" || line.content.starts_with("- ");
    let block = Line::at(text, since?);
    let column = since? - block.start;
    if column == line.indent {
        return Some(Trouble::new(
            if is_item {
                "a list item ('- …') beside settings ('key: value'): a block is one or the other. Indent the list below the key that it \
                 belongs to"
            } else {
                "a setting ('key: value') beside list items ('- …'): a block is one or the other. Indent it below the item that it \
                 belongs to, or put '- ' before it"
            },
            line.span(),
        ));
    }
    // The depths of the blocks above, nearest first.
    let (mut depths, mut above) = (Vec::new(), line.above(text));
    while let Some(one) = above {
        if depths.last().is_none_or(|depth| one.indent < *depth) {
            depths.push(one.indent);
        }
        above = if one.indent > 0 { one.above(text) } else { None };
    }
    let lower = depths.iter().find(|depth| **depth < line.indent);
    let higher = depths.iter().rev().find(|depth| **depth > line.indent);
    let choice: Vec<String> = [lower, higher].into_iter().flatten().map(usize::to_string).collect();
    let message = format!(
        "wrong indentation: this line is indented by {}, and the blocks above it by {}. Indent it like the block that it belongs to",
        counted(line.indent, "space"),
        choice.join(" or ")
    );
    Some(Trouble::new(message, line.span()))
}

/// Text after a closing quote: a quote inside the text, or an unclosed one on a line above.
fn behind_quote(text: &str, line: &Line<'_>, at: usize, quote: char) -> Trouble {
    let is_odd = |line: &str| line.matches(quote).count() % 2 == 1;
    if is_odd(&text[line.start..at]) {
        let mut above = line.above(text);
        while let Some(one) = above {
            if is_odd(one.content) {
                let open = one.start + one.indent + one.content.find(quote).unwrap_or_default();
                return not_closed(text, open);
            }
            above = one.above(text);
        }
    }
    let (start, body) = line.body();
    let value = setting(body).map_or(body, |(_, value)| value);
    let from = start + body.find(value).unwrap_or_default();
    let span = Span::new(from, from + value.len());
    let inner = value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    let say = |message: &str| Trouble::new(message, span);
    const ENDS: &str = "the text ends at its second quote. Use the other kind of quotes around it";
    match (inner, quote) {
        (Some(inner), '\'') if !inner.contains(['"', '\\']) => say(ENDS).write(format!("\"{inner}\"")),
        (Some(inner), '"') if !inner.contains(['\'', '\\']) => say(ENDS).write(format!("'{inner}'")),
        (Some(_), '\'') => say("the text ends at its second quote. Inside '…', write '' for each '"),
        (Some(_), _) => say("the text ends at its second quote. Inside \"…\", write \\\" for each \""),
        (None, _) => say("there is text after the closing quote: move it inside the quotes, or delete it"),
    }
}

/// Unclosed brackets, or brackets with a missing comma.
fn brackets(text: &str, open: usize, at: usize) -> Trouble {
    let close = if text[open..].starts_with('[') { ']' } else { '}' };
    if text.get(open..at).is_some_and(|inside| inside.contains('\n')) {
        let bracket = text[open..].chars().next().unwrap_or('[');
        return Trouble::new(
            format!("this {bracket} is not closed: a {close} is missing, or a comma"),
            Span::new(open, open + 1),
        );
    }
    Trouble::new(format!("a comma or a {close} is missing here"), Span::new(at, at + 1))
}

/// A line of the text.
struct Line<'t> {
    start: usize,
    indent: usize,
    /// Its text, without surrounding spaces.
    content: &'t str,
}

impl<'t> Line<'t> {
    fn at(text: &'t str, at: usize) -> Self {
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
        let line = &text[start..end];
        let content = line.trim_start_matches(['\u{feff}', ' ']);
        Self { start, indent: line.len() - content.len(), content: content.trim_end() }
    }

    fn end(&self) -> usize {
        self.start + self.indent + self.content.len()
    }

    fn span(&self) -> Span {
        Span::new(self.start + self.indent, self.end())
    }

    /// What follows the dashes of lists, and its position.
    fn body(&self) -> (usize, &'t str) {
        let mut body = self.content;
        while let Some(rest) = body.strip_prefix("- ") {
            body = rest.trim_start();
        }
        (self.end() - body.len(), body)
    }

    /// The nearest line above with content.
    fn above(&self, text: &'t str) -> Option<Self> {
        let mut start = self.start;
        while start > 0 {
            let line = Self::at(text, start - 1);
            if line.says_something() {
                return Some(line);
            }
            start = line.start;
        }
        None
    }

    /// The nearest line below with content.
    fn below(&self, text: &'t str) -> Option<Self> {
        let mut end = self.end();
        while let Some(newline) = text[end..].find('\n') {
            let line = Self::at(text, end + newline + 1);
            if line.says_something() {
                return Some(line);
            }
            end = end + newline + 1;
        }
        None
    }

    fn says_something(&self) -> bool {
        !self.content.is_empty() && !self.content.starts_with('#')
    }
}

/// The key and the value of a line that is a setting.
fn setting(body: &str) -> Option<(&str, &str)> {
    let body = without_comment(body);
    let quoted = body.strip_prefix(['"', '\'']).and_then(|rest| rest.find(['"', '\''])).map_or(0, |end| end + 2);
    let rest = body.get(quoted..)?;
    let ends = |(at, _): &(usize, &str)| rest[at + 1..].chars().next().is_none_or(char::is_whitespace);
    let colon = rest.match_indices(':').find(ends)?.0 + quoted;
    Some((body.get(..colon)?.trim_matches(['"', '\'']), body.get(colon + 1..)?.trim()))
}

fn without_comment(text: &str) -> &str {
    text.split(" #").next().unwrap_or(text).trim_end()
}

/// Whether a line begins with a dash meant for a list item, but without its blank.
fn is_bare_dash(content: &str) -> bool {
    content
        .strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || "_\"'{[*@".contains(c)))
}

/// Whether a text could be the name of a setting.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::source::Source;
    use crate::values::pasted::{self, mended};
    use crate::yaml::Tree;

    /// The message about a text, its line, and the corrected text.
    fn said(text: &str) -> (String, usize, Option<String>) {
        let error = Tree::parse_first(text).expect_err(text);
        let trouble = pasted::find(text, &error);
        let source = Source::new("values.yaml", text);
        (trouble.words(text), source.line_column(trouble.span.start).0, mended(&source))
    }

    #[test]
    fn slips_are_told_at_their_line_with_what_to_write() {
        for (text, words, line, mended) in [
            // A colon that is missing, or lacks a space.
            (
                "a:\n  b:true\n  c: x\n",
                "a space is missing after the colon: b: true",
                2,
                Some("a:\n  b: true\n  c: x\n"),
            ),
            (
                "a:\n  c: x\n  ttl:60d\n",
                "a space is missing after the colon: ttl: 60d",
                3,
                Some("a:\n  c: x\n  ttl: 60d\n"),
            ),
            (
                "a: 1\nurl:http://x\nb: 1\n",
                "a space is missing after the colon: url: http://x",
                2,
                Some("a: 1\nurl: http://x\nb: 1\n"),
            ),
            ("a: 1\nhttp://x\nb: 1\n", "this line is neither", 2, None),
            ("a:\n  backups\n    b: 1\n", "a colon is missing: backups:", 2, Some("a:\n  backups:\n    b: 1\n")),
            ("a:\n  enabled true\n  b: 1\n", "a colon is missing: enabled: true", 2, None),
            ("a:\n  b: 1\n  cron \"@weekly\"\n  c: 1\n", "a colon is missing: cron: \"@weekly\"", 3, None),
            ("a: 1\nb = 2\nc: 3\n", "a setting is written with a colon: b: 2", 2, None),
            ("a.b.c=true\nb: 1\n", "this is how --set writes a value", 1, None),
            ("a: Note: this # x\nb: 1\n", "two ': ' on one line", 1, None),
            ("a:\n  - b: c, d: e\n", "two ': ' on one line", 2, None),
            // Quotes.
            ("a:\n  b: \"@weekly\n  c: 1\n", "this quote is not closed on its line: \"@weekly\"", 2, None),
            ("a:\n  b: \"@weekly\n  c: \"1\"\n  d: 2\n", "this quote is not closed on its line: \"@weekly\"", 2, None),
            ("b: '254811200 # x\nc: 1", "this quote is not closed on its line: '254811200'", 1, None),
            ("a: \"x\r\nb: 1\r\n", "this quote is not closed on its line: \"x\"", 1, None),
            (
                "a: 'it's'\nb: 1\n",
                "the text ends at its second quote. Use the other kind of quotes around it: \"it's\"",
                1,
                None,
            ),
            (
                "a: \"say \"hi\" now\"\n",
                "the text ends at its second quote. Use the other kind of quotes around it: 'say",
                1,
                None,
            ),
            ("a: '{\"b\": 'c'}'\n", "the text ends at its second quote. Inside '…', write '' for each '", 1, None),
            ("a: \"x\" y\nb: 1\n", "there is text after the closing quote", 1, None),
            ("a: \"C:\\Users\"\n", "this is not an escape that YAML knows", 1, None),
            ("a: \"C:\\Windows\"\n", "this is not an escape that YAML knows", 1, None),
            // Depth.
            (
                "a:\n  b: 1\n    c: 2\n",
                "wrong indentation: 'b' above has a value, so nothing can be inside it. Indent this line by 2 spaces",
                3,
                None,
            ),
            (
                "- b: 1\n    c: 2\n",
                "wrong indentation: 'b' above has a value, so nothing can be inside it. Indent this line by 2 spaces",
                2,
                None,
            ),
            (
                "a:\n    b: 1\n  c: 2\n",
                "wrong indentation: this line is indented by 2 spaces, and the blocks above it by 0 or 4",
                3,
                None,
            ),
            (
                "a:\n  b: 1\n c: 2\n",
                "wrong indentation: this line is indented by 1 space, and the blocks above it by 0 or 2",
                3,
                None,
            ),
            (
                "a: |\n   x\n  y\nb: 1\n",
                "wrong indentation: this line is indented by 2 spaces, and the blocks above it by 0 or 3",
                3,
                None,
            ),
            ("a:\n  b: 1\n  - c\n", "a list item", 3, None),
            ("a:\n  - c\n  b: 1\n", "a setting", 3, None),
            ("a: - b\n", "a list begins on a line of its own", 1, None),
            ("a:\n-\tb: 1\n", "a tab where YAML takes only spaces", 2, None),
            // Dashes.
            (
                "a:\n  - b: 1\n  -c: 2\n",
                "a space is missing after the dash: - c: 2",
                3,
                Some("a:\n  - b: 1\n  - c: 2\n"),
            ),
            ("a:\n  -b: x\n   c: y\n", "a space is missing after the dash: - b: x", 2, None),
            // Characters with a meaning.
            ("a: %x\nb: 1\n", "a text that begins with % needs quotes around it: \"%x\"", 1, Some("a: \"%x\"\nb: 1\n")),
            ("%x: 1\nb: 2\n", "a text that begins with % needs quotes around it", 1, None),
            (
                "a: >=1.2\nb: 1\n",
                "a text that begins with > needs quotes around it: \">=1.2\"",
                1,
                Some("a: \">=1.2\"\nb: 1\n"),
            ),
            ("a: |echo x\nb: 1\n", "a text that begins with | needs quotes around it: \"|echo x\"", 1, None),
            ("a: *weekly\n", "this refers to an anchor", 1, None),
            ("a: &quot;1&quot;\n", "&quot; comes from the source of a web page", 1, None),
            ("a: & b\n", "a text that begins with & needs quotes around it: \"& b\"", 1, None),
            ("a: b\n!c: d\n", "a text that begins with ! needs quotes around it", 2, None),
            ("a: ,b\n", "one ',' too many", 1, None),
            ("a: x\u{1}y\n", "the character U+0001, which YAML does not allow", 1, None),
            // Brackets.
            ("a: [1, 2\nb: 3\n", "this [ is not closed: a ] is missing, or a comma", 1, None),
            ("a: {b: 1\nc: 2", "this { is not closed: a } is missing, or a comma", 1, None),
            ("a: {b: 1 c: 2}\n", "a comma or a } is missing here", 1, None),
            ("a: [1", "a comma or a ] is missing here", 1, None),
            ("a: {b: 1}}\nc: 1\n", "one '}' too many: delete it", 1, None),
            // Not values at all.
            ("// why\na: 1\n", "a comment begins with #: # why", 1, None),
            ("$ cat values.yaml\na: 1\n", "this belongs to a shell command", 1, None),
            ("a:\n  b: 1\nEOF\n", "this belongs to a shell command", 3, None),
            ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n a: 1\n", "this is a diff, not values", 1, None),
            ("Here are all\nthe values\na: 1\n", "this line is neither", 1, None),
        ] {
            let (message, at, after) = said(text);
            assert!(message.starts_with(words), "{text:?}: {message}");
            assert_eq!((at, after.as_deref()), (line, mended), "{text:?}: {message}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_not_repeated() {
        for text in [
            "password: %hunter2\n",
            "a: 1\nsecretKey hunter2\nb: 1\n",
            "token: \"hunter2\na: 1\n",
            "password: *hunter2\n",
            "password: &hunter2;\n",
            "a: 1\npassword=hunter2\nb: 1\n",
        ] {
            assert!(!said(text).0.contains("hunter2"), "{}", said(text).0);
        }
    }

    /// One character too many, too few, or wrong, anywhere: never a panic, and never the parser's words.
    #[test]
    fn no_slip_of_one_character_is_told_in_the_parsers_words() {
        let text = "global:\n  _hopsworks: # é\n    backups:\n      schedule: \"@weekly\"\n      ttl: 60d\n    list:\n      - a: 'x'\n        b: [1, 2]\n      - {c: d}\n";
        let (mut failed, mut odd) = (0, BTreeMap::<String, Vec<String>>::new());
        for (at, character) in text.char_indices() {
            let behind = &text[at + character.len_utf8()..];
            let slips = "\t\n -:#\"'[]{},&*!|>%@`?=\\é".chars();
            let mut typed: Vec<String> = slips
                .flat_map(|slip| {
                    [format!("{}{slip}{behind}", &text[..at]), format!("{}{slip}{character}{behind}", &text[..at])]
                })
                .collect();
            typed.extend([format!("{}{behind}", &text[..at]), text[..at].to_owned()]);
            for typed in typed {
                let Err(error) = Tree::parse_first(&typed) else { continue };
                let message = pasted::find(&typed, &error).words(&typed);
                if message.contains(&error.message) {
                    odd.entry(error.message.clone()).or_default().push(typed);
                }
                failed += 1;
            }
        }
        assert!(odd.is_empty(), "{odd:#?}");
        assert!(failed > 1_000, "{failed}");
    }
}
