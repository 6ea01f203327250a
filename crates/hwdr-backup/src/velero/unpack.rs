//! A tar archive, read in pieces: its fields by the `tar` crate, which itself can only pull from a file.

use tar::{EntryType, Header, PaxExtensions};

use crate::flaw::Flaw;
use crate::gunzip::Sink;

const BLOCK: usize = 512;
/// Kubernetes stores no object of more than a few megabytes (etcd's `max-request-bytes`).
const LONGEST: u64 = 32 << 20;
/// Go's reader takes as much of a name too long for a header, and of other attributes (`maxSpecialFileSize`).
const LONGEST_HEADER: u64 = 1 << 20;

/// Takes the files.
pub(super) trait Files {
    /// What is known in the end.
    type Facts;

    /// A file, and when it was written (seconds since 1970).
    fn file(&mut self, path: &str, written: u64, content: &[u8]) -> Result<(), Flaw>;

    /// There are no more.
    fn end(self) -> Result<Self::Facts, Flaw>;
}

/// Where in the archive it is.
enum At {
    /// A header, or the first block of the end.
    Header,
    /// The content of an entry: so much of it is still to come.
    Content(u64),
    /// What fills the content's last block.
    Filling(u64),
    /// The second block of the end.
    End,
    /// Behind the end, where there may be more zeros.
    Behind,
}

/// Reads it.
pub(super) struct Tar<F> {
    files: F,
    at: At,
    /// What of the header or of the content is there.
    held: Vec<u8>,
    entry: Entry,
    /// What the entries before it say of the next one.
    next: Special,
}

#[derive(Default)]
struct Entry {
    kind: Kind,
    path: Vec<u8>,
    written: u64,
    size: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    File,
    /// The long name of the next (GNU).
    Name,
    /// Attributes of the next (POSIX).
    Attributes,
    #[default]
    Other,
}

#[derive(Default)]
struct Special {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl<F: Files> Tar<F> {
    pub(super) fn new(files: F) -> Self {
        Self { files, at: At::Header, held: Vec::new(), entry: Entry::default(), next: Special::default() }
    }

    /// Fills the held bytes up to a block; whether it is full.
    fn block(&mut self, piece: &mut &[u8]) -> bool {
        let (taken, rest) = piece.split_at(piece.len().min(BLOCK.saturating_sub(self.held.len())));
        self.held.extend_from_slice(taken);
        *piece = rest;
        self.held.len() == BLOCK
    }

    /// A whole block where a header is due.
    fn header(&mut self) -> Result<At, Flaw> {
        if self.held.iter().all(|byte| *byte == 0) {
            return Ok(At::End);
        }
        let broken = |_| Flaw::damaged("has a header that is none of tar's");
        let header = Header::from_byte_slice(&self.held);
        // The checksum counts as blanks.
        let sum = self.held.iter().enumerate().fold(0u32, |sum, (at, byte)| {
            sum.saturating_add(u32::from(if (148..156).contains(&at) { b' ' } else { *byte }))
        });
        if header.cksum().map_err(broken)? != sum {
            return Err(Flaw::damaged("has a header whose checksum is wrong"));
        }
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::GNULongName => Kind::Name,
            EntryType::XHeader => Kind::Attributes,
            _ => Kind::Other,
        };
        let is_special = matches!(kind, Kind::Name | Kind::Attributes);
        let special = if is_special { Special::default() } else { std::mem::take(&mut self.next) };
        let size = match special.size {
            Some(size) => size,
            None => header.entry_size().map_err(broken)?,
        };
        let written = header.mtime().map_err(broken)?;
        let path = special.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let most = match kind {
            Kind::File => LONGEST,
            Kind::Name | Kind::Attributes => LONGEST_HEADER,
            Kind::Other => u64::MAX,
        };
        if size > most {
            return Err(Flaw::unknown(format!("has a file of {size} bytes, more than hwdr reads")));
        }
        self.entry = Entry { kind, path, written, size };
        Ok(At::Content(size))
    }

    /// The content of an entry is whole.
    fn content(&mut self) -> Result<(), Flaw> {
        let held = std::mem::take(&mut self.held);
        let entry = std::mem::take(&mut self.entry);
        match entry.kind {
            Kind::File => {
                let path =
                    str::from_utf8(&entry.path).map_err(|_| Flaw::damaged("has a file whose name is no text"))?;
                self.files.file(path, entry.written, &held)?;
            }
            Kind::Name => self.next.path = Some(held.strip_suffix(&[0]).unwrap_or(&held).to_vec()),
            Kind::Attributes => {
                for attribute in PaxExtensions::new(&held) {
                    let attribute = attribute.map_err(|_| Flaw::damaged("has attributes that are none of tar's"))?;
                    match attribute.key_bytes() {
                        b"path" => self.next.path = Some(attribute.value_bytes().to_vec()),
                        b"size" => self.next.size = attribute.value().ok().and_then(|size| size.parse().ok()),
                        _ => {}
                    }
                }
            }
            Kind::Other => {}
        }
        Ok(())
    }
}

/// Takes so much of a piece, at most.
fn split<'p>(piece: &mut &'p [u8], left: u64) -> &'p [u8] {
    let (taken, rest) = piece.split_at(usize::try_from(left).unwrap_or(usize::MAX).min(piece.len()));
    *piece = rest;
    taken
}

impl<F: Files> Sink for Tar<F> {
    type Facts = F::Facts;

    fn take(&mut self, mut piece: &[u8]) -> Result<(), Flaw> {
        // An entry without content ends where it begins.
        while !piece.is_empty() || matches!(self.at, At::Content(0) | At::Filling(0)) {
            match self.at {
                At::Header => {
                    if self.block(&mut piece) {
                        self.at = self.header()?;
                        self.held.clear();
                    }
                }
                At::Content(left) => {
                    let taken = split(&mut piece, left);
                    if self.entry.kind != Kind::Other {
                        self.held.extend_from_slice(taken);
                    }
                    let left = left.saturating_sub(taken.len() as u64);
                    self.at = At::Content(left);
                    if left == 0 {
                        let over = self.entry.size % BLOCK as u64;
                        self.content()?;
                        self.at = At::Filling(if over == 0 { 0 } else { BLOCK as u64 - over });
                    }
                }
                At::Filling(left) => {
                    let left = left.saturating_sub(split(&mut piece, left).len() as u64);
                    self.at = if left == 0 { At::Header } else { At::Filling(left) };
                }
                At::End => {
                    if self.block(&mut piece) {
                        if self.held.iter().any(|byte| *byte != 0) {
                            return Err(Flaw::damaged("goes on behind the end of its archive"));
                        }
                        self.held.clear();
                        self.at = At::Behind;
                    }
                }
                At::Behind => {
                    if piece.iter().any(|byte| *byte != 0) {
                        return Err(Flaw::damaged("goes on behind the end of its archive"));
                    }
                    piece = &[];
                }
            }
        }
        Ok(())
    }

    fn end(self) -> Result<F::Facts, Flaw> {
        match self.at {
            At::Behind => self.files.end(),
            _ => Err(Flaw::damaged("its archive ends early")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tar::Builder;

    use super::*;

    #[derive(Default)]
    struct Kept(Vec<(String, Vec<u8>)>);

    impl Files for Kept {
        type Facts = Vec<(String, Vec<u8>)>;

        fn file(&mut self, path: &str, _: u64, content: &[u8]) -> Result<(), Flaw> {
            self.0.push((path.to_owned(), content.to_vec()));
            Ok(())
        }

        fn end(self) -> Result<Self::Facts, Flaw> {
            Ok(self.0)
        }
    }

    fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, path, content.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn read(bytes: &[u8], piece: usize) -> Result<Vec<(String, Vec<u8>)>, Flaw> {
        let mut tar = Tar::new(Kept::default());
        for piece in bytes.chunks(piece) {
            tar.take(piece)?;
        }
        tar.end()
    }

    fn block(kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_ustar();
        header.set_path("x").unwrap();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        header
    }

    #[test]
    fn names_of_any_length_are_read_as_tar_writes_them() {
        let attributes = b"30 path=long/name/of/the/next\n14 comment=no\n";
        let mut bytes = block(EntryType::XHeader, attributes.len() as u64).as_bytes().to_vec();
        bytes.extend_from_slice(attributes);
        bytes.resize(1024, 0);
        bytes.extend_from_slice(block(EntryType::Regular, 0).as_bytes());
        bytes.extend_from_slice(block(EntryType::Directory, 0).as_bytes());
        bytes.extend_from_slice(block(EntryType::Symlink, 0).as_bytes());
        bytes.extend_from_slice(&[0; 1024]);
        assert_eq!(read(&bytes, 7), Ok(vec![("long/name/of/the/next".to_owned(), Vec::new())]));
    }

    #[test]
    fn sizes_are_bounded_before_anything_is_kept() {
        for kind in [EntryType::Regular, EntryType::GNULongName, EntryType::XHeader] {
            let flaw = read(block(kind, 5_000_000_000).as_bytes(), 512).unwrap_err();
            assert_eq!(flaw.what, "has a file of 5000000000 bytes, more than hwdr reads");
        }
        let mut tar = Tar::new(Kept::default());
        tar.take(block(EntryType::new(b'?'), u64::MAX >> 12).as_bytes()).unwrap();
        tar.take(&[0; 4096]).unwrap();
        assert!(tar.held.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            files in prop::collection::vec(("[a-z]{1,130}/[a-z]{1,90}", prop::collection::vec(any::<u8>(), 0..2000)), 0..5),
            piece in 1usize..3000, at: prop::sample::Index,
        ) {
            let bytes = archive(&files);
            prop_assert_eq!(read(&bytes, piece), Ok(files));
            prop_assert!(read(&bytes[..at.index(bytes.len())], piece).is_err());
            let mut longer = bytes.clone();
            longer.extend_from_slice(&[0; 700]);
            prop_assert!(read(&longer, piece).is_ok());
            longer.push(1);
            prop_assert!(read(&longer, piece).is_err());
        }
    }
}
