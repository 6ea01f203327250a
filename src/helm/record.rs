//! Helm's own record of a revision: `data.release` of its Secret or ConfigMap (pkg/storage/driver/util.go: JSON, gzip, base64; a Secret's
//! data is base64-encoded once more).

#![expect(clippy::indexing_slicing, reason = "reading JSON by a missing key gives null")]

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

/// No record is larger: it has to fit into an object of 1 MiB, and a chart's text compresses to a tenth or a twentieth.
const LIMIT: u64 = 32 << 20;

/// The patch of a record's object that marks its revision as failed: helm can then upgrade again, or roll back from it. `None`
/// if the record is not understood.
pub fn failed(object: &Json) -> Option<Json> {
    let is_secret = object["kind"] == "Secret" || object["type"] == "helm.sh/release.v1";
    let data = object["data"]["release"].as_str()?;
    let once = if is_secret { String::from_utf8(STANDARD.decode(data).ok()?).ok()? } else { data.to_owned() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_failed_and_otherwise_the_same() {
        let release = json!({"name": "hops", "info": {"status": "pending-upgrade", "first_deployed": "x"}, "manifest": "é\n---\n"});
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(release.to_string().as_bytes()).unwrap();
        let once = STANDARD.encode(gzip.finish().unwrap());
        for (kind, data) in [("Secret", STANDARD.encode(&once)), ("ConfigMap", once)] {
            let patch = failed(&json!({"kind": kind, "data": {"release": data}})).unwrap();
            let mut again = json!({"kind": kind, "data": patch["data"]});
            // What was written can be read.
            let second = failed(&again).unwrap();
            assert_eq!(patch["data"], second["data"], "{kind}");
            assert_eq!(patch["metadata"]["labels"]["status"], "failed");
            again["data"]["release"] = "broken".into();
            assert_eq!(failed(&again), None);
        }
    }
}
