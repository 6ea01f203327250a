//! Any bytes as a file of an NDB backup, or as a dump: see `properties`.
#![no_main]

#[allow(dead_code, reason = "each target asks one of them")]
#[path = "../properties.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| properties::backup_file(bytes));
