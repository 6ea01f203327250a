//! Helm's own record of a revision: `data.release` of its Secret or ConfigMap (pkg/storage/driver/util.go: JSON, gzip, base64; a Secret's
//! data is base64-encoded once more).

#![expect(clippy::indexing_slicing, reason = "reading JSON by a missing key gives null")]

use std::io::{BufReader, Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// No record is larger: it has to fit into an object of 1 MiB, and a chart's text compresses to a tenth or a twentieth.
const LIMIT: u64 = 32 << 20;

/// The patch of a record's object that marks its revision as failed: helm can then upgrade again, or roll back from it. `None`
/// if the record is not understood.
pub fn failed(object: &Json) -> Option<Json> {
    let is_secret = object["kind"] == "Secret" || object["type"] == "helm.sh/release.v1";
    let once = packed(object)?;
    let mut text = Vec::new();
    GzDecoder::new(STANDARD.decode(once).ok()?.as_slice()).take(LIMIT).read_to_end(&mut text).ok()?;
    let mut release: Json = serde_json::from_slice(&text).ok()?;
    let info = release.get_mut("info")?.as_object_mut()?;
    info.insert("status".to_owned(), "failed".into());
    info.insert("description".to_owned(), "cut off: marked as failed by hwdr".into());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(release.to_string().as_bytes()).ok()?;
    let once = STANDARD.encode(gzip.finish().ok()?);
    let data = if is_secret { STANDARD.encode(once) } else { once };
    Some(json!({"metadata": {"labels": {"status": "failed"}}, "data": {"release": data}}))
}

/// What is read of a record: the chart's templates and the manifest are large.
#[derive(Debug, Clone, Deserialize)]
pub struct Recorded {
    /// Its state.
    pub info: Info,
    /// The chart.
    #[serde(default)]
    pub chart: Chart,
    /// The values that helm was given.
    #[serde(default)]
    pub config: Json,
    /// The revision.
    #[serde(default)]
    pub version: u64,
}

/// The state of a revision.
#[derive(Debug, Clone, Deserialize)]
pub struct Info {
    /// When the release was first installed.
    pub first_deployed: Timestamp,
    /// `deployed`, `failed`, …
    #[serde(default)]
    pub status: String,
}

/// A chart.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Chart {
    /// What its Chart.yaml says.
    #[serde(default)]
    pub metadata: Json,
}

/// The record in an object. None if it is not understood.
pub fn read(object: &Json) -> Option<Recorded> {
    let packed = STANDARD.decode(packed(object)?).ok()?;
    serde_json::from_reader(BufReader::new(GzDecoder::new(packed.as_slice()).take(LIMIT))).ok()
}

/// When a release was first installed. None if the record is not understood.
pub fn first_deployed(object: &Json) -> Option<Timestamp> {
    read(object).map(|release| release.info.first_deployed)
}

/// The record of an object, as Helm packs it.
fn packed(object: &Json) -> Option<String> {
    let is_secret = object["kind"] == "Secret" || object["type"] == "helm.sh/release.v1";
    let data = object["data"]["release"].as_str()?;
    if is_secret { String::from_utf8(STANDARD.decode(data).ok()?).ok() } else { Some(data.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_failed_and_otherwise_the_same() {
        let release = json!({"name": "hops", "info": {"status": "pending-upgrade", "first_deployed": "2025-11-24T13:00:00+01:00"}, "manifest": "é\n---\n"});
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(release.to_string().as_bytes()).unwrap();
        let once = STANDARD.encode(gzip.finish().unwrap());
        for (kind, data) in [("Secret", STANDARD.encode(&once)), ("ConfigMap", once)] {
            let patch = failed(&json!({"kind": kind, "data": {"release": data}})).unwrap();
            let mut again = json!({"kind": kind, "data": patch["data"]});
            let first = first_deployed(&json!({"kind": kind, "data": patch["data"]}));
            assert_eq!(first, Some("2025-11-24T13:00:00+01:00".parse().unwrap()));
            // What was written can be read.
            let second = failed(&again).unwrap();
            assert_eq!(patch["data"], second["data"], "{kind}");
            assert_eq!(patch["metadata"]["labels"]["status"], "failed");
            again["data"]["release"] = "broken".into();
            assert_eq!(failed(&again), None);
            assert_eq!(first_deployed(&again), None);
        }
    }
}
