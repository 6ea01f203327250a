//! Writes backups as NDB does, for tests (`Backup.cpp`: `insertFileHeader`, `newFragment`, `fragComplete`, `sendDropTrig`, `execFIRE_TRIG_ORD`).

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::header::FileKind;
use super::name::{Name, Part};

/// A backup to write.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) id: u32,
    pub(super) leader: u16,
    pub(super) clock: u32,
    pub(super) nodes: Vec<u16>,
    pub(super) parts: u16,
    pub(super) is_little: bool,
    pub(super) is_undo: bool,
    /// Whether files fill pages (`ODirect`).
    pub(super) is_direct: bool,
    /// Tables, and the rows of each of their fragments.
    pub(super) tables: Vec<(u32, &'static str, Vec<u32>)>,
    pub(super) changes: u32,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            id: 254_811_200,
            leader: 1,
            clock: 77,
            nodes: vec![1, 2],
            parts: 1,
            is_little: true,
            is_undo: false,
            is_direct: false,
            tables: vec![
                (4, "sys/def/NDB$EVENTS_0", vec![0, 0]),
                (12, "hopsworks/def/project", vec![3, 2]),
                (13, "hops/def/hdfs_inodes", vec![120, 0, 77, 1]),
            ],
            changes: 5,
        }
    }
}

impl Sample {
    /// The files, with the paths that they have in the bucket.
    pub(super) fn files(&self) -> Vec<(Name, Vec<u8>)> {
        let mut files = Vec::new();
        for node in &self.nodes {
            for number in 1..=self.parts {
                let name = |kind| Name { node: *node, part: Part { number, of: self.parts }, kind };
                files.push((name(FileKind::Control), self.control(*node, number)));
                files.push((name(FileKind::Data), self.data(*node, number)));
                files.push((name(FileKind::Log), self.log()));
            }
        }
        files
    }

    fn native(&self, word: u32) -> [u8; 4] {
        if self.is_little { word.to_le_bytes() } else { word.to_be_bytes() }
    }

    fn header(&self, kind: u32) -> Vec<u8> {
        let mut out = b"NDBBCKUP".to_vec();
        let first = u32::from(self.leader) << 16 | self.id & 0xffff;
        for word in [0x0006_030b, 1, 9, kind, self.id, first, self.clock] {
            out.extend(word.to_be_bytes());
        }
        out.extend(self.native(0x1234_5678));
        for word in [0x0009_0702_u32, 0x0009_0702] {
            out.extend(word.to_be_bytes());
        }
        out
    }

    /// Who has a fragment, and in which part.
    fn place(&self, number: usize) -> (u16, u16) {
        let node = self.nodes[number % self.nodes.len()];
        (node, (number / self.nodes.len()) as u16 % self.parts + 1)
    }

    fn control(&self, node: u16, part: u16) -> Vec<u8> {
        let mut out = self.header(1);
        let words = |out: &mut Vec<u8>, words: &[u32]| words.iter().for_each(|word| out.extend(word.to_be_bytes()));
        // A hash map is listed, too; its id is also that of a table.
        words(&mut out, &[4, 3 + self.tables.len() as u32]);
        words(&mut out, &[12]);
        self.tables.iter().for_each(|(id, _, _)| words(&mut out, &[*id]));
        let mut map = Vec::new();
        text(&mut map, 1, "DEFAULT-HASHMAP-3840-2");
        binary(&mut map, 5, &[0, 1, 0, 0, 0, 1]);
        words(&mut out, &[5, 3 + (map.len() / 4) as u32, 24]);
        out.extend(map);
        for (id, name, fragments) in &self.tables {
            let mut body = Vec::new();
            text(&mut body, 1, name);
            number(&mut body, 2, *id);
            let mut nodes = vec![self.nodes.len() as u16, fragments.len() as u16];
            for fragment in 0..fragments.len() {
                nodes.push(0);
                nodes.extend((0..self.nodes.len()).map(|at| self.nodes[(fragment + at) % self.nodes.len()]));
            }
            let nodes: Vec<u8> = nodes.into_iter().flat_map(u16::to_be_bytes).collect();
            number(&mut body, 137, nodes.len() as u32);
            binary(&mut body, 138, &nodes);
            number(&mut body, 999, 1);
            text(&mut body, 1000, "id");
            number(&mut body, 1001, 0);
            number(&mut body, 1999, 1);
            words(&mut out, &[5, 3 + (body.len() / 4) as u32, 2]);
            out.extend(body);
        }
        words(&mut out, &[6, 4, 1000, 1003]);
        for (id, _, fragments) in &self.tables {
            for (at, rows) in fragments.iter().enumerate() {
                // Only the node that leads knows, in the part that leads.
                let rows = if node == self.leader && part == 1 { *rows } else { 0 };
                words(&mut out, &[7, 8, *id, at as u32, rows, 0, 0, 0]);
            }
        }
        out
    }

    fn data(&self, node: u16, part: u16) -> Vec<u8> {
        let mut out = self.header(3);
        let words = |out: &mut Vec<u8>, words: &[u32]| words.iter().for_each(|word| out.extend(word.to_be_bytes()));
        for (id, _, fragments) in &self.tables {
            for (at, rows) in fragments.iter().enumerate().filter(|(at, _)| self.place(*at) == (node, part)) {
                words(&mut out, &[2, 5, *id, at as u32, 0]);
                for row in 0..*rows {
                    let values = 2 + row % 7;
                    words(&mut out, &[2 + values]);
                    out.extend(self.native(0xfff3_0004));
                    out.extend(self.native(0x7));
                    (0..values).for_each(|value| out.extend(self.native(row * 31 + value)));
                }
                words(&mut out, &[0, 3, 6, *id, at as u32, *rows, 0]);
            }
        }
        if self.is_direct {
            let filled = (out.len() + 8).next_multiple_of(32 << 10);
            let count = (filled - out.len()) / 4;
            words(&mut out, &[8, count as u32]);
            out.resize(filled, 0);
        }
        out
    }

    fn log(&self) -> Vec<u8> {
        let mut out = self.header(if self.is_undo { 5 } else { 2 });
        for change in 0..self.changes {
            let has_gcp = self.is_undo || change % 3 == 0;
            let event = (change % 3) | if has_gcp { 0x1_0000 } else { 0 };
            let mut body = Vec::new();
            for word in [12, event, change % 2] {
                body.extend(word.to_be_bytes());
            }
            // A key of four bytes, and a text of five.
            body.extend(self.native(4));
            body.extend(self.native(change));
            body.extend(self.native(1 << 16 | 5));
            body.extend(*b"\x04abcd\0\0\0");
            if has_gcp {
                body.extend(1001_u32.to_be_bytes());
            }
            let length = (body.len() / 4) as u32;
            out.extend(length.to_be_bytes());
            out.extend(body);
            if self.is_undo {
                out.extend(length.to_be_bytes());
            }
        }
        out.extend([0; 4]);
        out
    }
}

fn number(out: &mut Vec<u8>, key: u32, value: u32) {
    out.extend(key.to_be_bytes());
    out.extend(value.to_be_bytes());
}

fn text(out: &mut Vec<u8>, key: u32, value: &str) {
    property(out, 1 << 16 | key, &[value.as_bytes(), b"\0"].concat());
}

fn binary(out: &mut Vec<u8>, key: u32, value: &[u8]) {
    property(out, 2 << 16 | key, value);
}

fn property(out: &mut Vec<u8>, head: u32, value: &[u8]) {
    out.extend(head.to_be_bytes());
    out.extend((value.len() as u32).to_be_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
}

fn deflated(plain: &[u8]) -> (Vec<u8>, u32) {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    let mut crc = Crc::new();
    crc.update(plain);
    (encoder.finish().unwrap(), crc.sum())
}

/// Compresses as `CompressedBackup=1` does (`ndb_az31.cpp`).
pub(super) fn az31(plain: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 512];
    for (at, byte) in [(0, 254), (1, 3), (2, 1), (3, 16), (6, 2), (22, 2), (77, 1)] {
        out[at] = byte;
    }
    let (packed, crc) = deflated(plain);
    out.extend(packed);
    out.extend(crc.to_le_bytes());
    out.extend((plain.len() as u32).to_le_bytes());
    out.extend(*b"DBDN");
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// Compresses in the newer form (`ndb_ndbxfrm1.h`), or only says that it is encrypted.
pub(super) fn xfrm(plain: &[u8], flags: u64) -> Vec<u8> {
    const LITTLE: u64 = 0xfedc_ba98_7654_3210;
    let mut out = b"NDBXFRM1".to_vec();
    out.extend(LITTLE.to_le_bytes());
    out.extend(512_u32.to_le_bytes());
    out.extend(160_u32.to_le_bytes());
    out.resize(32, 0);
    out.extend(flags.to_le_bytes());
    out.resize(512, 0);
    let (packed, crc) = deflated(plain);
    out.extend(packed);
    // The trailer ends a block.
    let end = (out.len() + 56).next_multiple_of(512);
    out.resize(end - 56, 0);
    out.extend(0x30_u64.to_le_bytes());
    out.extend((plain.len() as u64).to_le_bytes());
    out.extend([0; 4]);
    out.extend(crc.to_le_bytes());
    out.extend([0; 8]);
    out.extend(56_u32.to_le_bytes());
    out.extend(56_u32.to_le_bytes());
    out.extend(LITTLE.to_le_bytes());
    out.extend(*b"NDBXFRM1");
    out
}
