//! Any bytes as a dump of Superset's, or the manifest beside it: see `properties`.
#![no_main]

#[allow(dead_code, reason = "each target asks one of them")]
#[path = "../properties.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = properties::superset(bytes);
});
