//! The content of OpenSearch's files of metadata: SMILE, which may be compressed.

use std::fmt;
use std::io::Read as _;
use std::marker::PhantomData;

use flate2::read::DeflateDecoder;
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::lucene;
use crate::flaw::Flaw;

/// How long a file of metadata may be, packed or not; those of a thousand snapshots have a few megabytes.
pub(super) const LONGEST: u64 = 64 << 20;
/// How many entries one list in it may have.
const MOST: usize = 500_000;
/// What compressed content begins with (`DeflateCompressor`, `ZstdCompressor`).
const DEFLATE: &[u8] = b"DFL\0";
const ZSTANDARD: &[u8] = b"ZSTD\0";

/// Reads a file of metadata.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], codec: &str) -> Result<T, Flaw> {
    if bytes.len() as u64 > LONGEST {
        return Err(too_long());
    }
    let content = lucene::content(bytes, codec)?;
    let unpacked;
    let content = match content.strip_prefix(DEFLATE) {
        Some(packed) => {
            unpacked = unpack(packed, LONGEST)?;
            unpacked.as_slice()
        }
        None if content.starts_with(ZSTANDARD) => {
            return Err(Flaw::unknown("is compressed by Zstandard, which hwdr does not read"));
        }
        None => content,
    };
    // The checksum is right, so it is as it was written.
    serde_smile::from_slice(content).map_err(|error| Flaw::unknown(format!("cannot be understood: {error}")))
}

fn unpack(packed: &[u8], most: u64) -> Result<Vec<u8>, Flaw> {
    let mut content = Vec::new();
    DeflateDecoder::new(packed)
        .take(most.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| Flaw::damaged(format!("cannot be unpacked: {error}")))?;
    if content.len() as u64 > most { Err(too_long()) } else { Ok(content) }
}

fn too_long() -> Flaw {
    Flaw::unknown(format!("is longer than hwdr reads ({} MiB)", LONGEST >> 20))
}

/// A list with a bounded number of entries: in SMILE an entry may be a single byte, and many more in memory.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            write!(f, "a list of at most {MOST} entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(entry) = entries.next_element()? {
                if list.len() >= MOST {
                    return Err(serde::de::Error::invalid_length(MOST, &self));
                }
                list.push(entry);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(List(PhantomData))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use serde_json::{Value as Json, json};

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(DEFLATE.to_vec(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn content_may_be_compressed_within_bounds() {
        let value = json!({"name": "x", "list": [1, "two", null, true]});
        let content = serde_smile::to_vec(&value).unwrap();
        let read = |content: &[u8]| read::<Json>(&lucene::tests::framed("c", content), "c");
        assert_eq!(read(&content).unwrap(), value);
        assert_eq!(read(&packed(&content)).unwrap(), value);
        assert!(read(&packed(&content)[..10]).unwrap_err().what.starts_with("cannot be"));
        assert!(read(b"ZSTD\0x").unwrap_err().what.contains("Zstandard"));
        let long = packed(&[0; 1001]);
        let long = long.strip_prefix(DEFLATE).unwrap();
        assert_eq!(unpack(long, 1000), Err(too_long()));
        assert_eq!(unpack(long, 1001), Ok(vec![0; 1001]));
        assert!(read(b":)\n\0").unwrap_err().what.starts_with("cannot be understood"));
        // As deep as it likes.
        let deep = [b":)\n\0".as_slice(), &[0xf8; 100_000]].concat();
        assert!(read(&deep).unwrap_err().what.starts_with("cannot be understood"));
    }
}
