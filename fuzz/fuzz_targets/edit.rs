//! A text of any characters, put into an object of any form: see `properties`.
#![no_main]

#[allow(dead_code, reason = "each target asks one of them")]
#[path = "../properties.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| properties::edit(text));
