//! The subset of XML that S3 uses.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

/// The deepest nesting that is read: S3's deepest answer, a lifecycle rule's filter, has six levels. A file of only opening tags costs no
/// more.
pub(crate) const DEEPEST: usize = 32;

/// Calls `leaf` for each element of `xml` without child elements, with its parent's name, its own name and its text.
/// Elements with children go to `open` and `close`.
///
/// # Errors
/// If it is not XML, is cut off, or nests deeper than [`DEEPEST`].
pub(crate) fn walk<'a>(xml: &'a str, visitor: &mut impl Visitor<'a>) -> Result<(), String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<String> = Vec::new();
    let mut text: Option<&'a str> = None;
    let mut started = false;
    let mut from = 0;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(_) | Event::Empty(_) if started && open.is_empty() => {
                return Err("more than one root element".to_owned());
            }
            Event::Start(tag) => {
                started = true;
                let name = tag.local_name().as_ref().to_owned();
                if text.take().is_some() {
                    visitor.open(open.last().map_or("", String::as_str));
                }
                from = reader.buffer_position() as usize;
                text = Some("");
                if open.len() >= DEEPEST {
                    return Err(format!("more than {DEEPEST} elements deep"));
                }
                open.push(name);
            }
            Event::End(tag) => {
                let end = reader.buffer_position() as usize;
                let name = open.pop().ok_or("an end tag without a start tag")?;
                if text.take().is_some() {
                    let length = "</>".len() + tag.name().as_ref().len();
                    // White space before the closing bracket is legal; nobody writes it.
                    let raw = xml.get(from..end.saturating_sub(length)).ok_or("an end tag that is not understood")?;
                    let value = unescape(raw).map_err(|error| error.to_string())?;
                    visitor.leaf(open.last().map_or("", String::as_str), &name, value);
                } else {
                    visitor.close(&name);
                }
            }
            Event::Empty(tag) => {
                started = true;
                if text.take().is_some() {
                    visitor.open(open.last().map_or("", String::as_str));
                }
                let name = tag.local_name().as_ref().to_owned();
                visitor.leaf(open.last().map_or("", String::as_str), &name, Cow::Borrowed(""));
            }
            Event::Eof if started && open.is_empty() => return Ok(()),
            Event::Eof => return Err("it is cut off".to_owned()),
            _ => {}
        }
    }
}

/// Receives what [`walk`] finds.
pub(crate) trait Visitor<'a> {
    /// An element with children begins.
    fn open(&mut self, _name: &str) {}
    /// Such an element ends.
    fn close(&mut self, _name: &str) {}
    /// An element with text.
    fn leaf(&mut self, parent: &str, name: &str, text: Cow<'a, str>);
}

/// Checks that the text is complete XML.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn whole(xml: &str) -> Result<(), String> {
    struct Nothing;
    impl<'a> Visitor<'a> for Nothing {
        fn leaf(&mut self, _parent: &str, _name: &str, _text: Cow<'a, str>) {}
    }
    walk(xml, &mut Nothing)
}

/// The text of the first element of that name, if there is one.
pub(crate) fn text_of(xml: &str, name: &str) -> Option<String> {
    struct First<'n> {
        name: &'n str,
        found: Option<String>,
    }
    impl<'a> Visitor<'a> for First<'_> {
        fn leaf(&mut self, _parent: &str, name: &str, text: Cow<'a, str>) {
            if name == self.name && self.found.is_none() {
                self.found = Some(text.into_owned());
            }
        }
    }
    let mut first = First { name, found: None };
    walk(xml, &mut first).ok()?;
    first.found
}

/// Escapes a text so that it reads back unchanged; `None` if XML 1.0 cannot represent it.
pub(crate) fn escape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(character))),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => return None,
            _ => out.push(character),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_and_unescaped() {
        let xml = "<?xml version=\"1.0\"?><E xmlns=\"x\"><A/><Code>Slow&amp;Down&#xA;</Code><B><Code>2</Code></B></E>";
        assert_eq!(text_of(xml, "Code").as_deref(), Some("Slow&Down\n"));
        assert_eq!(text_of(xml, "A").as_deref(), Some(""));
        assert_eq!(text_of(xml, "None"), None);
    }

    #[test]
    fn what_is_cut_off_is_an_error_wherever_it_is_cut() {
        let xml = "<E><A>1</A><B><C>2</C></B></E>";
        assert_eq!(whole(xml), Ok(()));
        for end in 0..xml.len() {
            assert!(whole(&xml[..end]).is_err(), "{}", &xml[..end]);
        }
        // A complete document with something behind it.
        for more in ["<E/>", "<F></F>"] {
            assert!(whole(&format!("{xml}{more}")).is_err(), "{more}");
            assert!(whole(&format!("<E/>{more}")).is_err(), "{more}");
        }
    }

    #[test]
    fn what_is_escaped_reads_back() {
        for text in ["a&b<c>\"'", " lead", "tab\tline\nret\r", "ünï", "]]>"] {
            let xml = format!("<K>{}</K>", escape(text).unwrap());
            assert_eq!(text_of(&xml, "K").as_deref(), Some(text));
        }
        assert_eq!(escape("a\u{1}"), None);
    }
}
