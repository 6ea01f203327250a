//! Any bytes as two values files: read as both Helms do, merged, and printed so that they read back.
#![no_main]

use hwdr::source::Source;
use hwdr::values::{self, Helm, ValueInputs, show};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let inputs = ValueInputs { files: vec!["a".to_owned(), "b".to_owned()], ..ValueInputs::default() };
    let (one, other) = bytes.split_at(bytes.len() / 2);
    for helm in [Helm::V3, Helm::V4] {
        let mut read = |name: &str| Ok(if name == "a" { one.to_vec() } else { other.to_vec() });
        let Ok(values) = values::read(&inputs, helm, &mut read) else { continue };
        let printed = show::yaml(&values, true);
        let again = values::read_one(Source::new("printed", printed)).expect("what is printed can be read");
        assert_eq!(again.to_json(), values.to_json());
    }
});
