//! A small tree over an XML text that knows where each element is, so that one part can be replaced and everything else stays as it is,
//! including elements unknown to hwdr.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use std::fmt::Write as _;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;

use crate::xml::DEEPEST;

/// An element. Attributes are not kept: a lifecycle configuration has none but namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its name, without a prefix.
    pub name: String,
    /// Its position, tags included (bytes).
    pub at: Range<usize>,
    /// The position of its content.
    pub inside: Range<usize>,
    /// Its text, if it contains no elements.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// Whether both mean the same: servers may reorder elements, write `<A/>` or `<A></A>`, and change the white space between them.
    pub fn same(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    fn canonical(&self) -> String {
        let mut children: Vec<_> = self.children.iter().map(Self::canonical).collect();
        children.sort();
        format!("<{}>{}{}</>", self.name, escape(self.text.as_str()), children.concat())
    }

    /// The XML with one element per line: for people, and for a diff.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let (name, pad) = (&self.name, "  ".repeat(depth));
        if self.children.is_empty() {
            let _ = writeln!(out, "{pad}<{name}>{}</{name}>", escape(self.text.as_str()));
            return;
        }
        let _ = writeln!(out, "{pad}<{name}>");
        for child in &self.children {
            child.write(out, depth + 1);
        }
        let _ = writeln!(out, "{pad}</{name}>");
    }
}

/// Reads a text.
///
/// # Errors
/// If it is not XML, or has what no S3 server writes (comments or CDATA beside text).
pub fn parse(xml: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    loop {
        let from = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let to = reader.buffer_position() as usize;
        let whole = match event {
            Event::Start(_) | Event::Empty(_) if root.is_some() => {
                return Err("more than one root element".to_owned());
            }
            Event::Start(tag) => {
                if open.len() >= DEEPEST {
                    return Err(format!("more than {DEEPEST} elements deep"));
                }
                let name = tag.local_name().as_ref().to_owned();
                open.push(Element { name, at: from..to, inside: to..to, text: String::new(), children: Vec::new() });
                continue;
            }
            Event::Empty(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                Element { name, at: from..to, inside: to..to, text: String::new(), children: Vec::new() }
            }
            Event::End(_) => {
                let mut element = open.pop().ok_or("an end tag without a start tag")?;
                element.at.end = to;
                element.inside.end = from;
                if element.children.is_empty() {
                    let raw = &xml[element.inside.clone()];
                    element.text = unescape(raw).map_err(|error| error.to_string())?.into_owned();
                }
                element
            }
            Event::Comment(_) | Event::CData(_) if !open.is_empty() => {
                return Err("it has a comment or CDATA in it".to_owned());
            }
            Event::Eof => return root.filter(|_| open.is_empty()).ok_or_else(|| "it is cut off".to_owned()),
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(whole),
            None => root = Some(whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_element_at_the_top() {
        for xml in ["<L/><L/>", "<L></L><M>", "<L/></L>", "<L>", ""] {
            assert!(parse(xml).is_err(), "{xml}");
        }
        assert_eq!(parse("<L/>\n<!-- end -->").map(|root| root.at), Ok(0..4));
    }

    #[test]
    fn it_knows_where_things_stand() {
        let xml = "<?xml version=\"1.0\"?>\n<L xmlns=\"x\"><Rule><ID>a&amp;b</ID><F/></Rule>\n <Rule/></L>";
        let tree = parse(xml).unwrap();
        assert_eq!(tree.children.len(), 2);
        let rule = &tree.children[0];
        assert_eq!(&xml[rule.at.clone()], "<Rule><ID>a&amp;b</ID><F/></Rule>");
        assert_eq!(&xml[rule.inside.clone()], "<ID>a&amp;b</ID><F/>");
        assert_eq!(rule.text_of("ID"), Some("a&b"));
        assert_eq!(&xml[tree.inside.end..], "</L>");
        assert_eq!(rule.pretty(), "<Rule>\n  <ID>a&amp;b</ID>\n  <F></F>\n</Rule>\n");
    }

    #[test]
    fn what_is_the_same() {
        for (one, other, same) in [
            ("<R><A/><B>1</B></R>", "<R>\n <B>1</B><A></A></R>", true),
            ("<R><A/><B>1</B></R>", "<R><A/><B>2</B></R>", false),
            ("<R><A/></R>", "<R><A/><A/></R>", false),
            ("<R><A><B>1</B></A></R>", "<R><A/><B>1</B></R>", false),
        ] {
            assert_eq!(parse(one).unwrap().same(&parse(other).unwrap()), same, "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_whole_xml_is_an_error() {
        assert!(parse(&"<a>".repeat(100_000)).unwrap_err().contains("deep"));
        for xml in ["", "<L>", "<L><R></L>", "no", "<L><A>1<!-- --></A></L>"] {
            assert!(parse(xml).is_err(), "{xml}");
        }
    }
}
