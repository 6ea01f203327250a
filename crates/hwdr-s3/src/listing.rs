//! A page of a versions listing, as the server wrote it.
//!
//! Within one second only the listing's own order shows which of two entries came first; versions and delete markers are mixed
//! in it. Client libraries return them as two lists, which loses that order, so the XML is parsed here.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::history::{Entry, History, Kind};
use super::xml::{self, Visitor};

/// Entries in a page: S3 returns at most 1,000, whatever is requested. Ten times as many for servers that ignore that limit.
pub(crate) const MOST_ENTRIES: usize = 10_000;
/// Bytes of a key in a page: S3 allows 1,024, each of which may be encoded as three.
pub(crate) const LONGEST_KEY: usize = 4096;

/// Where a listing continues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marker {
    /// After this key …
    pub key: String,
    /// … or, if given, after this version of it.
    pub version: Option<String>,
}

/// One page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries of one key each, in the listing's order. The last key may continue on the next page.
    pub keys: Vec<History>,
    /// With a delimiter: the common prefixes of keys up to it.
    pub prefixes: Vec<String>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<Marker>,
    /// How many keys the server could not write in XML and has garbled (U+FFFD): their names are unknown.
    pub unreadable: u64,
}

/// Reads the answer to ListObjectVersions.
///
/// # Errors
/// What is wrong with it. A truncated answer is an error, never a shorter page.
pub fn parse(xml: &str) -> Result<Page, String> {
    let raw = Raw::parse(xml, "ListVersionsResult", &["Version", "DeleteMarker"])?;
    let mut page = Page { prefixes: raw.prefixes, unreadable: raw.unreadable, ..Page::default() };
    for (key, draft) in raw.entries {
        let modified = draft.modified.ok_or("an entry has no LastModified")?;
        let entry = Entry {
            kind: if draft.marker { Kind::Marker } else { Kind::Data },
            version: draft.version.filter(|version| !version.is_empty()).ok_or("an entry has no VersionId")?,
            modified: modified.as_nanosecond().div_euclid(1_000_000_000) as i64,
            size: draft.size.unwrap_or_default(),
            etag: draft.etag,
            class: draft.class,
            latest: draft.latest,
        };
        match page.keys.last_mut() {
            Some(last) if last.key == key => last.entries.push(entry),
            _ => page.keys.push(History { key, entries: vec![entry] }),
        }
    }
    if raw.is_cut {
        // Ceph of about 2019 encodes keys, but not the marker.
        let is_raw = page.keys.last().is_some_and(|last| last.key == raw.next.key);
        let next = Marker { key: plain(raw.next.key, raw.url && !is_raw)?, ..raw.next };
        if next.key.is_empty() {
            return Err("IsTruncated is true, but there is no NextKeyMarker".to_owned());
        }
        page.next = Some(next);
    }
    Ok(page)
}

/// A page of either listing: of objects, or of versions.
pub(crate) struct Raw {
    /// Its entries, by their keys.
    pub entries: Vec<(String, Draft)>,
    /// The common prefixes.
    pub prefixes: Vec<String>,
    /// How many keys the server has garbled.
    pub unreadable: u64,
    /// Whether there is more.
    pub is_cut: bool,
    /// Where that begins, as it is written.
    pub next: Marker,
    url: bool,
}

/// An entry, as far as it is written.
#[derive(Default)]
pub(crate) struct Draft {
    marker: bool,
    key: Option<String>,
    version: Option<String>,
    pub modified: Option<Timestamp>,
    pub size: Option<u64>,
    pub etag: String,
    pub class: String,
    latest: bool,
}

impl Raw {
    /// Reads an answer whose outermost element is `root`, and whose entries are these elements.
    ///
    /// # Errors
    /// As [`parse`].
    pub(crate) fn parse(xml: &str, root: &'static str, entries: &'static [&'static str]) -> Result<Self, String> {
        let mut parser = Parser { root, entries, ..Parser::default() };
        xml::walk(xml, &mut parser)?;
        if !parser.is_it {
            return Err(format!("it is not a {root}"));
        }
        parser.count();
        if let Some(problem) = parser.problem {
            return Err(problem);
        }
        let (url, is_cut) = (parser.url, parser.truncated.ok_or("IsTruncated is missing")?);
        let (mut entries, mut unreadable) = (Vec::with_capacity(parser.drafts.len()), 0);
        for mut draft in parser.drafts {
            let key = plain(draft.key.take().ok_or("an entry has no Key")?, url)?;
            if !url && key.contains('\u{fffd}') {
                unreadable += 1;
            } else {
                entries.push((key, draft));
            }
        }
        let prefixes = parser.prefixes.into_iter().map(|prefix| plain(prefix, url)).collect::<Result<_, _>>()?;
        Ok(Self { entries, prefixes, unreadable, is_cut, next: parser.next, url })
    }
}

#[derive(Default)]
struct Parser {
    root: &'static str,
    entries: &'static [&'static str],
    is_it: bool,
    url: bool,
    truncated: Option<bool>,
    next: Marker,
    entry: Option<Draft>,
    drafts: Vec<Draft>,
    prefixes: Vec<String>,
    problem: Option<String>,
}

impl Parser {
    fn count(&mut self) {
        if self.drafts.len() + self.prefixes.len() > MOST_ENTRIES {
            self.problem = Some(format!("it has more than {MOST_ENTRIES} entries"));
        }
    }

    /// A value; a problem if it is none.
    fn value<T: FromStr<Err: Display>>(&mut self, name: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem = Some(format!("{name} {text}: {error}"));
                None
            }
        }
    }
}

impl<'a> Visitor<'a> for Parser {
    fn open(&mut self, name: &str) {
        if name == self.root {
            self.is_it = true;
        } else if self.entries.contains(&name) {
            self.entry = Some(Draft { marker: name == "DeleteMarker", ..Draft::default() });
        }
    }

    fn close(&mut self, name: &str) {
        self.count();
        if self.problem.is_none() && self.entries.contains(&name) {
            self.drafts.extend(self.entry.take());
        }
    }

    fn leaf(&mut self, parent: &str, name: &str, text: Cow<'a, str>) {
        let is_key = matches!(name, "Key" | "NextKeyMarker" | "NextContinuationToken" | "Prefix");
        if is_key && text.len() > LONGEST_KEY {
            self.problem = Some(format!("a key of {} bytes", text.len()));
            return;
        }
        if parent == self.root {
            match name {
                "EncodingType" => self.url = text == "url",
                "IsTruncated" => self.truncated = Some(text == "true"),
                "NextKeyMarker" | "NextContinuationToken" => self.next.key = text.into_owned(),
                "NextVersionIdMarker" => {
                    self.next.version = Some(text.into_owned()).filter(|version| !version.is_empty());
                }
                _ => {}
            }
        } else if (parent, name) == ("CommonPrefixes", "Prefix") {
            self.prefixes.push(text.into_owned());
        } else if self.entries.contains(&parent)
            && let Some(mut entry) = self.entry.take()
        {
            match name {
                "Key" => entry.key = Some(text.into_owned()),
                "VersionId" => entry.version = Some(text.into_owned()),
                "LastModified" => entry.modified = self.value(name, &text),
                "Size" => entry.size = self.value(name, &text),
                "ETag" => entry.etag = text.trim_matches('"').to_owned(),
                "IsLatest" => entry.latest = text == "true",
                "StorageClass" if !entry.marker => entry.class = text.into_owned(),
                _ => {}
            }
            self.entry = Some(entry);
        }
    }
}

/// Decodes a key: AWS, MinIO and Ceph percent-encode it, with a plus sign for a space, if they say so (`EncodingType`). SeaweedFS does
/// not say so, and does not encode.
fn plain(key: String, url: bool) -> Result<String, String> {
    if !url {
        return Ok(key);
    }
    let blanks = key.replace('+', " ");
    let decoded = percent_decode_str(&blanks).decode_utf8().map_err(|_| format!("the key {key} is not UTF-8"))?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/><KeyMarker/>
<VersionIdMarker></VersionIdMarker><NextKeyMarker>b+c%2B</NextKeyMarker><NextVersionIdMarker>v4</NextVersionIdMarker>
<MaxKeys>4</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
<Version><Key>a%01%25</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><LastModified>2026-02-13T15:36:27.999Z</LastModified>
<ETag>&quot;e1&quot;</ETag><Size>7</Size><StorageClass>GLACIER</StorageClass><Owner><ID>o</ID></Owner></Version>
<DeleteMarker><Key>a%01%25</Key><VersionId>v2</VersionId><IsLatest>false</IsLatest><LastModified>2026-02-13T15:36:27.000Z</LastModified></DeleteMarker>
<Version><Key>a%01%25</Key><VersionId>v3</VersionId><LastModified>2026-02-13T15:36:27.000Z</LastModified><ETag>"e3"</ETag><Size>0</Size></Version>
<DeleteMarker><Key>b+c%2B</Key><VersionId>v4</VersionId><LastModified>2026-02-13T15:36:28.000Z</LastModified></DeleteMarker>
<CommonPrefixes><Prefix>d+/</Prefix></CommonPrefixes>
</ListVersionsResult>"#;

    #[test]
    fn the_order_of_the_xml_is_kept() {
        let page = parse(PAGE).unwrap();
        let seen: Vec<_> = page
            .keys
            .iter()
            .map(|key| (key.key.as_str(), key.entries.iter().map(|e| (e.version.as_str(), e.kind)).collect::<Vec<_>>()))
            .collect();
        let (data, marker) = (Kind::Data, Kind::Marker);
        assert_eq!(
            seen,
            [("a\u{1}%", vec![("v1", data), ("v2", marker), ("v3", data)]), ("b c+", vec![("v4", marker)])]
        );
        let first = &page.keys[0].entries[0];
        assert_eq!((first.etag.as_str(), first.size, first.is_archived()), ("e1", 7, true));
        assert_eq!(first.modified, page.keys[0].entries[1].modified, "a second is a second");
        assert_eq!(page.prefixes, ["d /"]);
        assert_eq!(page.next, Some(Marker { key: "b c+".to_owned(), version: Some("v4".to_owned()) }));
        let raw = PAGE.replace("<NextKeyMarker>b+c%2B<", "<NextKeyMarker>b c+<");
        assert_eq!(parse(&raw).unwrap().next, page.next, "a marker that is not encoded");
    }

    #[test]
    fn without_an_encoding_type_keys_are_taken_as_they_stand() {
        let page = parse(&PAGE.replace("<EncodingType>url</EncodingType>", "")).unwrap();
        assert_eq!(page.keys[0].key, "a%01%25");
        assert_eq!(page.next.unwrap().key, "b+c%2B");
        let marred = PAGE.replace("<EncodingType>url</EncodingType>", "").replace("b+c%2B</Key>", "b\u{fffd}</Key>");
        let page = parse(&marred).unwrap();
        assert_eq!((page.keys.len(), page.unreadable), (1, 1), "a key that cannot be told is not acted on");
    }

    #[test]
    fn a_page_that_is_cut_off_is_no_page() {
        for end in 0..PAGE.len() {
            assert!(parse(&PAGE[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_page_without_end_is_refused() {
        let page = |entries: &str| {
            format!("<ListVersionsResult><IsTruncated>false</IsTruncated>{entries}</ListVersionsResult>")
        };
        let entry = |key: &str| {
            format!(
                "<DeleteMarker><Key>{key}</Key><VersionId>v</VersionId><LastModified>2026-02-13T15:36:27Z</LastModified></DeleteMarker>"
            )
        };
        let prefix = "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>";
        assert_eq!(parse(&page(&entry("k").repeat(MOST_ENTRIES))).unwrap().keys.len(), 1);
        assert!(parse(&page(&entry("k").repeat(MOST_ENTRIES + 2))).unwrap_err().contains("entries"));
        assert!(parse(&page(&prefix.repeat(MOST_ENTRIES + 2))).unwrap_err().contains("entries"));
        assert!(parse(&page(&entry(&"k".repeat(1024)))).is_ok());
        assert!(parse(&page(&entry(&"k".repeat(LONGEST_KEY + 1)))).unwrap_err().contains("a key of"));
        assert!(parse(&page(&"<a>".repeat(100_000))).unwrap_err().contains("deep"));
    }

    #[test]
    fn a_page_that_does_not_say_how_to_go_on_is_refused() {
        for (from, to) in [
            ("<IsTruncated>true</IsTruncated>", ""),
            ("<NextKeyMarker>b+c%2B</NextKeyMarker>", ""),
            ("<VersionId>v3</VersionId>", ""),
            ("<Size>0</Size>", "<Size>x</Size>"),
            ("2026-02-13T15:36:28.000Z", "yesterday"),
            ("ListVersionsResult", "ListBucketResult"),
        ] {
            assert!(parse(&PAGE.replace(from, to)).is_err(), "{from}");
        }
    }
}
