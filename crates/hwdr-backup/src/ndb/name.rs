//! The names of the files, below the folder of a backup: `<node>/BACKUP-<id>-0.<node>.Data`, and so on.

use serde::Serialize;

use super::header::FileKind;

/// Which file of a backup it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The data node.
    pub node: u16,
    /// Which of its parts.
    pub part: Part,
    /// What is in it.
    pub kind: FileKind,
}

/// Which part of a node's backup, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Part {
    /// From 1.
    pub number: u16,
    /// All of them.
    pub of: u16,
}

impl Name {
    /// Reads a path such as `2/BACKUP-7-PART-1-OF-2/BACKUP-7.2.ctl`. None if it is not a file of this backup and node.
    pub fn parse(path: &str, backup: u32) -> Option<Self> {
        let (folder, path) = path.split_once('/')?;
        let node: u16 = number(folder)?;
        let (part, file) = match path.split_once('/') {
            None => (Part { number: 1, of: 1 }, path),
            Some((part, file)) => {
                let (part_number, of) = part.strip_prefix(&format!("BACKUP-{backup}-PART-"))?.split_once("-OF-")?;
                (Part { number: number(part_number)?, of: number(of)? }, file)
            }
        };
        let kind = FileKind::ALL.into_iter().find(|kind| file == Self::file(*kind, backup, node))?;
        (part.number >= 1 && part.number <= part.of).then_some(Self { node, part, kind })
    }

    /// The path of this file.
    pub fn path(self, backup: u32) -> String {
        let Self { node, part: Part { number, of }, kind } = self;
        let file = Self::file(kind, backup, node);
        match of {
            1 => format!("{node}/{file}"),
            _ => format!("{node}/BACKUP-{backup}-PART-{number}-OF-{of}/{file}"),
        }
    }

    fn file(kind: FileKind, backup: u32, node: u16) -> String {
        match kind {
            FileKind::Data => format!("BACKUP-{backup}-0.{node}.Data"),
            kind => format!("BACKUP-{backup}.{node}.{}", kind.suffix()),
        }
    }
}

/// A number as it is written: without a sign, and without zeros in front.
fn number(text: &str) -> Option<u16> {
    let number: u16 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}
