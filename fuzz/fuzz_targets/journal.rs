//! Any text as what a bucket's journal holds: see `properties`.
#![no_main]

#[allow(dead_code, reason = "each target asks one of them")]
#[path = "../properties.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| properties::journal(text));
