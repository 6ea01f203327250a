//! Unpacking a packed chart, within the limits that Helm sets (`archive.go` in Helm's `pkg/chart/loader`).

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::Files;
use crate::values::ValuesError;

/// How large all files may be together (`MaxDecompressedChartSize`).
const MAX_CHART: u64 = 100 * 1024 * 1024;

/// How large one may be (`MaxDecompressedFileSize`).
const MAX_FILE: u64 = 5 * 1024 * 1024;

/// The files of a packed chart. Only those that may hold values or metadata are kept.
pub(super) fn unpack(bytes: &[u8], label: &str) -> Result<Files, ValuesError> {
    let refused = |message: &str| ValuesError::refused(format!("{label}: {message}"), None);
    let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes));
    let broken = |error: std::io::Error| refused(&format!("no packed chart: {error}"));
    let mut files = Files::new();
    let mut left = MAX_CHART;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if entry.header().entry_type().is_dir() || entry.header().entry_type().is_pax_global_extensions() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).replace('\\', "/");
        let Some((_, path)) = path.split_once('/') else {
            return Err(refused(&format!("a file outside of the chart's folder: {path}")));
        };
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return Err(refused(&format!("an unsafe path: {path}")));
        }
        let size = entry.size();
        if size > MAX_FILE || size >= left {
            return Err(refused(&format!("{path} is larger than Helm takes")));
        }
        left -= size;
        let path: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let path = path.join("/");
        let mut content = Vec::new();
        let wanted = matters(&path);
        let read = entry.by_ref().take(MAX_FILE + 1).read_to_end(&mut content).map_err(broken)?;
        if read as u64 != size {
            return Err(refused(&format!("{path} is cut short")));
        }
        if wanted {
            files.insert(path, content);
        }
    }
    if files.is_empty() { Err(refused("no files in chart archive")) } else { Ok(files) }
}

/// Whether a file of a chart can have a say in values, or says what they may be. (Anything directly in `charts/` counts: Helm takes it for a chart.)
pub fn matters(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let own = path.split("charts/").last().unwrap_or(path);
    matches!(name, "Chart.yaml" | "values.yaml" | "requirements.yaml" | "values.schema.json")
        || name.ends_with(".tgz")
        || (path.contains("charts/") && !own.contains('/'))
}
