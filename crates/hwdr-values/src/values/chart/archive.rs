//! Unpacks a packed chart, within Helm's limits (`archive.go` in Helm's `pkg/chart/loader`).

use std::cell::Cell;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::Files;
use crate::values::ValuesError;

/// The maximum size of all files together (`MaxDecompressedChartSize`).
const MAX_CHART: u64 = 100 * 1024 * 1024;

/// The maximum size of one (`MaxDecompressedFileSize`).
const MAX_FILE: u64 = 5 * 1024 * 1024;

/// How much may come between the contents of two files: their headers, and names too long for one. Go's reader, which Helm uses,
/// accepts as much of a special entry (`maxSpecialFileSize` in its `archive/tar`).
const MAX_HEADERS: u64 = 1024 * 1024;

/// How much a chart may unpack to, together with all packed charts in it and headers. Helm counts each separately, and would unpack
/// a chart that contains itself forever.
const MAX_ALL: u64 = 2 * MAX_CHART;

/// What may still be unpacked for a chart and the packed charts in it.
pub(super) struct Room(Cell<u64>);

impl Room {
    pub(super) fn new() -> Self {
        Self(Cell::new(MAX_ALL))
    }
}

/// Reads no more than there is room for, in total and up to the next file's content.
struct Metered<'r, R> {
    inner: R,
    room: &'r Room,
    step: &'r Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.room.0.get().min(self.step.get());
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("it unpacks to more than Helm accepts"));
        }
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        for cell in [&self.room.0, self.step] {
            cell.set(cell.get().saturating_sub(read as u64));
        }
        Ok(read)
    }
}

/// The files of a packed chart. Only those that may contain values or metadata are kept.
pub(super) fn unpack(bytes: &[u8], label: &str, room: &Room) -> Result<Files, ValuesError> {
    let refused = |message: &str| ValuesError::refused(format!("{label}: {message}"), None);
    let step = Cell::new(MAX_HEADERS);
    let mut archive = tar::Archive::new(Metered { inner: MultiGzDecoder::new(bytes), room, step: &step });
    let broken = |error: io::Error| refused(&format!("not a packed chart: {error}"));
    let mut files = Files::new();
    let mut left = MAX_CHART;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if entry.header().entry_type().is_dir() || entry.header().entry_type().is_pax_global_extensions() {
            step.set(MAX_HEADERS);
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).replace('\\', "/");
        let Some((_, path)) = path.split_once('/') else {
            return Err(refused(&format!("a file outside the chart's folder: {path}")));
        };
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return Err(refused(&format!("an unsafe path: {path}")));
        }
        let size = entry.size();
        if size > MAX_FILE || size >= left {
            return Err(refused(&format!("{path} is larger than Helm accepts")));
        }
        left = left.saturating_sub(size);
        let path: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let path = path.join("/");
        let mut content = Vec::new();
        let wanted = matters(&path);
        step.set(MAX_FILE.saturating_add(MAX_HEADERS));
        let read = entry.by_ref().take(MAX_FILE.saturating_add(1)).read_to_end(&mut content).map_err(broken)?;
        step.set(MAX_HEADERS);
        if read as u64 != size {
            return Err(refused(&format!("{path} is truncated")));
        }
        if wanted {
            files.insert(path, content);
        }
    }
    if files.is_empty() { Err(refused("no files in chart archive")) } else { Ok(files) }
}

/// Whether a file of a chart can affect values or their validation. (Anything directly in `charts/` counts: Helm takes it for a chart.)
pub fn matters(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let own = path.split("charts/").last().unwrap_or(path);
    matches!(name, "Chart.yaml" | "values.yaml" | "requirements.yaml" | "values.schema.json")
        || name.ends_with(".tgz")
        || (path.contains("charts/") && !own.contains('/'))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::Chart;
    use super::*;
    use crate::values::Helm;

    /// An entry that claims `size` bytes of content, and only its header.
    fn entry(kind: tar::EntryType, name: &str, size: u64) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path(name).unwrap();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        header.as_bytes().to_vec()
    }

    fn packed(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for part in parts {
            encoder.write_all(&part).unwrap();
        }
        encoder.finish().unwrap()
    }

    fn file(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = entry(tar::EntryType::Regular, name, content.len() as u64);
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }

    /// Names of a GiB, many headers, and contents with huge claimed sizes: each is refused after a few MiB.
    #[test]
    fn headers_without_end_are_not_read() {
        const LARGE: u64 = 1 << 30;
        let blocks = |count: usize| std::iter::repeat_n(vec![b'a'; 1 << 20], count);
        for kind in [
            tar::EntryType::GNULongName,
            tar::EntryType::GNULongLink,
            tar::EntryType::XHeader,
            tar::EntryType::XGlobalHeader,
            tar::EntryType::Directory,
        ] {
            let bytes = packed(std::iter::once(entry(kind, "x/y", LARGE)).chain(blocks(64)));
            let room = Room::new();
            let error = unpack(&bytes, "chart.tgz", &room).unwrap_err().to_string();
            assert!(error.contains("more than Helm accepts"), "{kind:?}: {error}");
            assert!(MAX_ALL - room.0.get() < 4 << 20, "{kind:?}: {} bytes were read", MAX_ALL - room.0.get());
        }
    }

    #[test]
    fn packed_charts_in_each_other_share_one_room() {
        let metadata = |name: &str| {
            file(&format!("{name}/Chart.yaml"), format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n").as_bytes())
        };
        let mut inner = packed([metadata("a"), vec![0; 1024]]);
        for _ in 0..=super::super::MAX_DEPTH {
            inner = packed([metadata("a"), file("a/charts/a.tgz", &inner), vec![0; 1024]]);
        }
        let error = Chart::from_archive(&inner, "chart.tgz", Helm::V3).unwrap_err().to_string();
        assert!(error.contains("nested charts"), "{error}");
        let mut header = entry(tar::EntryType::GNULongName, "././@LongLink", 90_014);
        header.extend(format!("a/{}values.yaml", "charts/a/".repeat(10_000)).bytes().chain([0]));
        header.resize(header.len().next_multiple_of(512), 0);
        let bytes = packed([metadata("a"), header, file("x", b""), vec![0; 1024]]);
        let error = Chart::from_archive(&bytes, "chart.tgz", Helm::V3).unwrap_err().to_string();
        assert!(error.contains("Chart.yaml") || error.contains("nested charts"), "{error}");
        // Thirty charts that unpack to eight MiB each are too much together, but not separately.
        let eight =
            packed([metadata("b"), file("b/x", &vec![0; 4 << 20]), file("b/y", &vec![0; 4 << 20]), vec![0; 1024]]);
        let charts = |count: usize| {
            let charts = (0..count).map(|number| file(&format!("c/charts/b{number}.tgz"), &eight));
            packed(std::iter::once(metadata("c")).chain(charts).chain([vec![0; 1024]]))
        };
        Chart::from_archive(&charts(2), "chart.tgz", Helm::V3).unwrap();
        let error = Chart::from_archive(&charts(30), "chart.tgz", Helm::V3).unwrap_err().to_string();
        assert!(error.contains("more than Helm accepts"), "{error}");
    }
}
