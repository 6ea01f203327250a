//! The header that all files begin with.

use serde::Serialize;

use crate::flaw::Flaw;
use crate::window::word;

/// How many words it has.
pub(crate) const WORDS: usize = 12;
const MAGIC: &[u8] = b"NDBBCKUP";
/// The type of its section, and the length that it gives: without the magic and the version before it.
const SECTION: [u32; 2] = [1, 9];
/// Headers had no versions behind the byte order before (`NDBD_RAW_LCP`), and rows had another form.
const OLDEST: u32 = 0x0006_030b;

/// What a file contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// Tables, and counts of rows (`.ctl`).
    Control,
    /// Rows (`.Data`).
    Data,
    /// Changes (`.log`).
    Log,
}

impl FileKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Control, Self::Data, Self::Log];

    /// What its files end in.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Control => "ctl",
            Self::Data => "Data",
            Self::Log => "log",
        }
    }

    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Control => "control file",
            Self::Data => "data file",
            Self::Log => "log",
        }
    }
}

/// The header of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the file contains.
    pub kind: FileKind,
    /// If it is a log, whether it leads back to the beginning of the backup, and not on to its end.
    pub is_undo: bool,
    /// The backup.
    pub backup: u32,
    /// Two numbers that all files of one backup share: the node that led it with the lower half of the id, and the milliseconds of that node's clock.
    pub key: [u32; 2],
    /// Whether values of columns are little-endian.
    pub is_little: bool,
    /// The version of NDB that wrote it.
    pub version: u32,
}

impl Header {
    /// Reads the first 48 bytes of a file.
    ///
    /// # Errors
    /// If they are not a header, or one of an unknown form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        let magic = bytes.get(..MAGIC.len()).unwrap_or(bytes);
        if magic != MAGIC {
            return Err(Flaw::damaged(format!("begins with {}", shown(magic))).expected("NDBBCKUP").at(0));
        }
        let get =
            |index: usize| word(bytes, index).ok_or_else(|| Flaw::damaged("ends in its header").at(bytes.len() as u64));
        // All of it first: a file that is cut in it says so.
        get(WORDS.saturating_sub(1))?;
        let format = get(2)?;
        let section = [get(3)?, get(4)?];
        if section != SECTION {
            return Err(wrong("the header's section", format!("{section:?}"), format!("{SECTION:?}"), 3));
        }
        let (kind, is_undo) = match get(5)? {
            1 => (FileKind::Control, false),
            2 => (FileKind::Log, false),
            3 => (FileKind::Data, false),
            5 => (FileKind::Log, true),
            other => return Err(wrong("the type of the file", other.to_string(), "1, 2, 3 or 5".to_owned(), 5)),
        };
        if format < OLDEST {
            return Err(
                Flaw::unknown(format!("has the format of NDB {}, which hwdr does not know", dotted(format))).at(8)
            );
        }
        // Written as the node has it (0x12345678).
        let is_little = match get(9)? {
            0x7856_3412 => true,
            0x1234_5678 => false,
            other => {
                return Err(wrong("the byte order", format!("{other:08x}"), "78563412 or 12345678".to_owned(), 9));
            }
        };
        Ok(Self { kind, is_undo, backup: get(6)?, key: [get(7)?, get(8)?], is_little, version: get(10)? })
    }

    /// The version that wrote it, for people: `24.10.6`. `ndb_restore` of an older one refuses it.
    pub fn written_by(&self) -> String {
        dotted(self.version)
    }

    /// The node that led the backup, if the key says so.
    pub fn leader(&self) -> Option<u16> {
        let [first, _] = self.key;
        let node = u16::try_from(first >> 16).ok()?;
        (node > 0 && first & 0xffff == self.backup & 0xffff).then_some(node)
    }
}

fn wrong(what: &str, is: String, should: String, index: u64) -> Flaw {
    Flaw::damaged(format!("{what} is {is}")).expected(should).at(index.saturating_mul(4))
}

/// A version of NDB, for people.
fn dotted(version: u32) -> String {
    format!("{}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff)
}

/// Bytes, for people: as text if they are that.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let few = bytes.get(..8).unwrap_or(bytes);
    match few {
        [] => "nothing".to_owned(),
        few if few.iter().all(u8::is_ascii_graphic) => String::from_utf8_lossy(few).into_owned(),
        few => few.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
