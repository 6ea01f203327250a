//! Any text as a rendered stream: split and joined it is the same, and a restore that is rendered into it twice changes nothing the
//! second time.
#![no_main]

use std::sync::LazyLock;

use hwdr::mode::Mode;
use hwdr::pipeline::{self, Outcome};
use hwdr::product::Request;
use hwdr::stream::{self, Stream};
use hwdr::values;
use libfuzzer_sys::fuzz_target;

static RESTORE: LazyLock<Box<dyn Request>> = LazyLock::new(|| {
    let text =
        [include_str!("../../testdata/values/base.yaml"), include_str!("../../testdata/values/new-cluster.yaml")];
    let inputs = values::ValueInputs { files: vec!["0".to_owned(), "1".to_owned()], ..Default::default() };
    let mut read = |name: &str| Ok(text[usize::from(name == "1")].as_bytes().to_vec());
    let values = values::read(&inputs, values::Helm::V3, &mut read).expect("our own values are right");
    pipeline::restore(&values, Mode::Install).expect("they pass the linter").expect("and ask for a restore")
});

fn rendered(bytes: Vec<u8>) -> Option<Vec<u8>> {
    match pipeline::run(&**RESTORE, Some("hopsworks"), bytes, hwdr::render::Marker::Injected).ok()? {
        Outcome::Unchanged(bytes) => Some(bytes),
        Outcome::Restore { stream, rendered, .. } => {
            let mut out = Vec::new();
            stream::write(&stream, &rendered.edits, &rendered.appended, &mut out).expect("a vector takes all");
            Some(out)
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(stream) = Stream::parse(bytes.to_vec()) else { return };
    assert_eq!(stream.into_bytes(), bytes);
    let Some(once) = rendered(bytes.to_vec()) else { return };
    let twice = rendered(once.clone()).expect("what was rendered can be rendered again");
    assert!(once == twice, "a second pass changes something");
});
