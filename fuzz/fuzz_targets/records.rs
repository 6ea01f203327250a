//! Any text as what a cluster says of backups: see `properties`.
#![no_main]

#[allow(dead_code, reason = "each target asks one of them")]
#[path = "../properties.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = properties::records(text);
});
