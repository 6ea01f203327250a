//! A page of a listing of objects, as they are now: ListObjectsV2.

use jiff::Timestamp;

use super::listing::{Draft, Raw};

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
    /// Its entity tag, without quotes; empty if the server gives none.
    pub etag: String,
    /// Its storage class; empty if the server gives none.
    pub class: String,
}

/// What is below a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects {
    /// The objects.
    pub objects: Vec<Object>,
    /// The common prefixes of keys up to the delimiter, with the delimiter.
    pub folders: Vec<String>,
    /// Whether there is more than that.
    pub is_cut: bool,
    /// How many keys the server could not write in XML and has garbled (U+FFFD): their names are unknown.
    pub unreadable: u64,
}

/// One page.
#[derive(Debug, Default)]
pub struct Page {
    /// What is in it.
    pub found: Objects,
    /// Where the next one begins; `None` if this is the last.
    pub next: Option<String>,
}

/// Reads the answer to ListObjectsV2.
///
/// # Errors
/// What is wrong with it. A truncated answer is an error, never a shorter page.
pub fn parse(xml: &str) -> Result<Page, String> {
    let raw = Raw::parse(xml, "ListBucketResult", &["Contents"])?;
    let object = |(key, draft): (String, Draft)| {
        Ok(Object {
            key,
            size: draft.size.ok_or("an entry has no Size")?,
            modified: draft.modified.ok_or("an entry has no LastModified")?,
            etag: draft.etag,
            class: draft.class,
        })
    };
    let objects = raw.entries.into_iter().map(object).collect::<Result<_, String>>()?;
    let next = Some(raw.next.key).filter(|token| raw.is_cut && !token.is_empty());
    if raw.is_cut && next.is_none() {
        return Err("IsTruncated is true, but there is no NextContinuationToken".to_owned());
    }
    let found = Objects { objects, folders: raw.prefixes, is_cut: raw.is_cut, unreadable: raw.unreadable };
    Ok(Page { found, next })
}

#[cfg(test)]
mod tests {
    use super::super::listing::{LONGEST_KEY, MOST_ENTRIES};
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>a</Prefix><KeyCount>3</KeyCount>
<MaxKeys>3</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>t=1/</NextContinuationToken>
<Contents><Key>a+b%01%25</Key><LastModified>2026-02-13T15:36:27.999Z</LastModified><ETag>&quot;e1&quot;</ETag><Size>5368709120</Size>
<StorageClass>STANDARD</StorageClass><Owner><ID>o</ID></Owner></Contents>
<Contents><Key>a/</Key><LastModified>2026-02-13T15:36:27.000Z</LastModified><Size>0</Size></Contents>
<CommonPrefixes><Prefix>a+d/</Prefix></CommonPrefixes>
</ListBucketResult>"#;

    #[test]
    fn objects_and_folders_are_read() {
        let Page { found, next } = parse(PAGE).unwrap();
        let seen: Vec<_> =
            found.objects.iter().map(|it| (it.key.as_str(), it.size, it.etag.as_str(), it.class.as_str())).collect();
        assert_eq!(seen, [("a b\u{1}%", 5_368_709_120, "e1", "STANDARD"), ("a/", 0, "", "")]);
        assert_eq!(found.objects[0].modified.to_string(), "2026-02-13T15:36:27.999Z");
        assert_eq!((found.folders, found.is_cut, next.as_deref()), (vec!["a d/".to_owned()], true, Some("t=1/")));
        let raw = PAGE.replace("<EncodingType>url</EncodingType>", "").replace("<Key>a/<", "<Key>a\u{fffd}<");
        let found = parse(&raw).unwrap().found;
        assert_eq!((found.objects.len(), found.objects[0].key.as_str(), found.unreadable), (1, "a+b%01%25", 1));
    }

    #[test]
    fn a_damaged_page_is_no_page() {
        for end in 0..PAGE.len() {
            assert!(parse(&PAGE[..end]).is_err(), "cut at {end}");
        }
        for (from, to) in [
            ("<IsTruncated>true</IsTruncated>", ""),
            ("<NextContinuationToken>t=1/</NextContinuationToken>", ""),
            ("<Size>0</Size>", ""),
            ("<Size>0</Size>", "<Size>-1</Size>"),
            ("<Key>a/</Key>", ""),
            ("2026-02-13T15:36:27.000Z", "yesterday"),
            ("ListBucketResult", "ListVersionsResult"),
            ("a+b%01%25", "%ff"),
        ] {
            assert!(parse(&PAGE.replace(from, to)).is_err(), "{from}");
        }
        let key = format!("<Key>{}</Key>", "k".repeat(LONGEST_KEY + 1));
        assert!(parse(&PAGE.replace("<Key>a/</Key>", &key)).unwrap_err().contains("a key of"));
        let prefix = "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>";
        let many = PAGE.replace("<CommonPrefixes>", &format!("{}<CommonPrefixes>", prefix.repeat(MOST_ENTRIES + 1)));
        assert!(parse(&many).unwrap_err().contains("entries"));
    }
}
