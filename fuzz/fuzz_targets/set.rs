//! Lines as arguments of the `--set` family, over a values file with all kinds of values.
#![no_main]

use hwdr::values::{self, Helm, ValueInputs, show};
use libfuzzer_sys::fuzz_target;

const BASE: &[u8] =
    b"a: {b: {c: 1}, x: [1, {y: 2}, null]}\nb: [{a: 1}, [1, 2], text]\nc: text\nd: null\n\"\": {a: 1}\n";

fuzz_target!(|text: &str| {
    let mut inputs = ValueInputs { files: vec!["base".to_owned()], ..ValueInputs::default() };
    for (number, line) in text.lines().enumerate() {
        let list = match number % 5 {
            0 => &mut inputs.set,
            1 => &mut inputs.set_json,
            2 => &mut inputs.set_string,
            3 => &mut inputs.set_literal,
            _ => &mut inputs.set_file,
        };
        list.push(line.to_owned());
    }
    for helm in [Helm::V3, Helm::V4] {
        if let Ok(values) = values::read(&inputs, helm, &mut |_| Ok(BASE.to_vec())) {
            show::yaml(&values, true);
            show::origins(&values);
        }
    }
});
