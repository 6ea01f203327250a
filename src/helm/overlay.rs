//! A values file of a chart's own, which the chart wants beside those of the operator while it restores: hwdr adds it, and knows what the chart is
//! like without it.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value as Json;

use super::run::{Helm, HelmError};
use crate::mode::Mode;
use crate::product::Barrier;
use crate::source::Source;
use crate::values::{self, Value};

/// Adds the chart's overlay to helm's values, if the chart has one. Returns what the chart renders without the restore.
///
/// # Errors
/// If helm refuses.
pub async fn raise(helm: &mut Helm, barrier: &Barrier, mode: Mode, namespace: &str) -> Result<Vec<u8>, HelmError> {
    let mut without = helm.values().clone();
    without.set.push(barrier.off.to_owned());
    let mut rendering = helm.render_with(&without, mode, namespace).await?;
    let overlay = rendering.files.iter().find(|(name, _)| name == barrier.overlay).map(|(_, bytes)| bytes.clone());
    let Some(overlay) = overlay else { return Ok(rendering.stream) };
    let wanted = leaves(&overlay);
    let before = without.files.len();
    without.files.retain(|file| leaves_of(file) != wanted);
    if without.files.len() < before {
        rendering = helm.render_with(&without, mode, namespace).await?;
    }
    // Where it is there already, once more does no harm: behind all others it counts.
    helm.add_values(&overlay)?;
    Ok(rendering.stream)
}

/// What is left in helm's values when a restore is over.
#[derive(Debug, Default)]
pub struct Lowered {
    /// The overlay was among them: what it holds is to run again.
    pub was_there: bool,
    /// What the chart renders now, if the values hold anything at zero.
    pub stream: Option<Vec<u8>>,
}

/// Takes such an overlay out of helm's values. `merged` are all of them, with those of `--set`.
///
/// # Errors
/// If helm refuses.
pub async fn lower(helm: &mut Helm, barrier: &Barrier, merged: &Value, namespace: &str) -> Result<Lowered, HelmError> {
    let holds = |value: &Json| value == 0 || *value == Json::Bool(false);
    let may_be = |leaves: &BTreeMap<_, Json>| leaves.values().any(holds);
    let mut all = BTreeMap::new();
    collect(&merged.to_json(), &mut Vec::new(), &mut all);
    if !may_be(&all) && !helm.values().files.iter().any(|file| may_be(&leaves_of(file))) {
        return Ok(Lowered::default());
    }
    let rendering = helm.render(Mode::Upgrade, namespace).await?;
    let mut lowered = Lowered { was_there: false, stream: Some(rendering.stream) };
    let Some((_, overlay)) = rendering.files.iter().find(|(name, _)| name == barrier.overlay) else {
        return Ok(lowered);
    };
    let wanted = leaves(overlay);
    let before = helm.values().files.len();
    helm.keep_values(|file| wanted.is_empty() || leaves_of(file) != wanted);
    if helm.values().files.len() < before {
        lowered = Lowered { was_there: true, stream: Some(helm.render(Mode::Upgrade, namespace).await?.stream) };
    }
    Ok(lowered)
}

fn leaves_of(file: &str) -> BTreeMap<Vec<String>, Json> {
    fs::read(file).map(|bytes| leaves(&bytes)).unwrap_or_default()
}

/// What a values file sets, by path; nothing if it cannot be read.
fn leaves(bytes: &[u8]) -> BTreeMap<Vec<String>, Json> {
    let mut found = BTreeMap::new();
    let text = String::from_utf8_lossy(bytes).into_owned();
    if let Ok(read) = values::read_one(Source::new("overlay", text)) {
        collect(&read.to_json(), &mut Vec::new(), &mut found);
    }
    found
}

fn collect(value: &Json, path: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, Json>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                path.push(key.clone());
                collect(value, path, found);
                path.pop();
            }
        }
        other => {
            found.insert(path.clone(), other.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_what_it_sets() {
        let of = |text: &str| leaves(text.as_bytes());
        assert_eq!(of("a: {b: 0, c: {d: false}}\n"), of("# zero\na:\n  c:\n    d: false\n  b: 0\n"));
        assert_ne!(of("a: {b: 0}\n"), of("a: {b: 1}\n"));
        assert!(of("").is_empty() && of("a: [").is_empty() && of("a: {}").is_empty());
        // A part of it may be the operator's own.
        for other in ["a: {b: 0}", "a: {b: 0, c: {d: false}, e: 1}"] {
            assert_ne!(of(other), of("a: {b: 0, c: {d: false}}"), "{other}");
        }
    }
}
