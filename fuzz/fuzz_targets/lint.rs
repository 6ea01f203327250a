//! Any text as a values file: linted, reported in every format, and fixed.
#![no_main]

use hwdr::lint::report::{LintRun, github, human, json, sarif};
use hwdr::lint::{Context, fix, lint};
use hwdr::source::Source;
use hwdr::values;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source::new("values.yaml", text);
    let Ok(read) = values::read_one(source.clone()) else { return };
    for whole in [false, true] {
        let findings = lint(&read, &Context { whole, ..Context::default() });
        if let Some((after, mended)) = fix::apply(&source, &findings) {
            assert!(mended > 0 && after != text);
        }
        human::render(&findings, human::Look { width: 80, colour: false });
        let run = LintRun { findings, files: 1, ..LintRun::default() };
        let _ = (json::render(&run), sarif::render(&run, None), github::render(&run));
    }
});
