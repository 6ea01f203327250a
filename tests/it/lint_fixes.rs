//! Fixes on files of every shape: every fix is made, and no other byte changes.

use std::sync::Arc;

use hwdr::lint::{Context, fix, lint};
use hwdr::source::Source;
use hwdr::values;
use proptest::prelude::*;

/// The text after its fixes, if it can be read and there is something to fix.
fn fixed(text: &str) -> Option<(Arc<Source>, Vec<hwdr::lint::Finding>, String)> {
    let source = Source::new("values.yaml", text);
    let findings = lint(&values::read_one(source.clone()).ok()?, &Context { whole: true, ..Context::default() });
    let (after, _) = fix::apply(&source, &findings)?;
    Some((source, findings, after))
}

/// Checks that the two texts are the same but for the places that the fixes name.
fn only_the_edits_differ(source: &Source, findings: &[hwdr::lint::Finding], after: &str) {
    let mut edits: Vec<_> =
        findings.iter().filter_map(|finding| finding.fix.as_ref()).flat_map(|fix| &fix.edits).collect();
    edits.sort_by_key(|edit| edit.place.span);
    let (mut old, mut new) = (0, 0);
    for edit in edits {
        let kept = &source.text[old..edit.place.span.start];
        assert_eq!(kept, &after[new..new + kept.len()]);
        new += kept.len() + edit.text.len();
        old = edit.place.span.end;
    }
    assert_eq!(&source.text[old..], &after[new..]);
}

fn scalar() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "254811200",
        "\"254811200\"",
        "'no'",
        "\"true\"",
        "yes",
        "2w",
        "60 days",
        "'60D'",
        "\"@Daily\"",
        "@weekly",
        "null",
        "~",
        "",
        "[1, 2]",
        "{a: b}",
        "0x1F",
        "1_000",
        "!!str 12",
        "&anchor 254811200",
        "*anchor",
        "|\n            text",
        "é",
        "\"\\u00e9\"",
    ])
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "backupId",
        "inPlace",
        "forceDataClear",
        "enabled",
        "schedule",
        "ttl",
        "schedul",
        "metadataStore",
        "password",
        "\"ttl\"",
        "<<",
    ])
}

/// A values file as a person might write it: blocks, flow, comments, blank lines, either kind of line break.
fn values_file() -> impl Strategy<Value = String> {
    let entry = (key(), scalar(), prop::sample::select(vec!["", " # a comment", "   ", " # hwdr: ignore[ttl]"]));
    let block =
        (prop::sample::select(vec!["backups", "restoreFromBackup"]), prop::collection::vec(entry, 0..5), any::<bool>());
    (prop::collection::vec(block, 0..4), any::<bool>(), any::<bool>()).prop_map(|(blocks, windows, bom)| {
        let mut text = String::from("# values\nglobal:\n  _hopsworks:\n");
        for (name, entries, flow) in blocks {
            if flow {
                let inner: Vec<String> = entries.iter().map(|(key, value, _)| format!("{key}: {value}")).collect();
                text.push_str(&format!("    {name}: {{{}}}\n", inner.join(", ")));
            } else {
                text.push_str(&format!("    {name}:\n"));
                for (key, value, comment) in entries {
                    text.push_str(&format!("      {key}: {value}{comment}\n"));
                }
            }
        }
        if windows {
            text = text.replace('\n', "\r\n");
        }
        if bom { format!("\u{feff}{text}") } else { text }
    })
}

/// `PROPTEST_CASES` asks for more than a test run has time for.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn a_fixed_file_reads_and_needs_no_more_fixing(text in values_file()) {
        let Some((source, findings, after)) = fixed(&text) else { return Ok(()) };
        only_the_edits_differ(&source, &findings, &after);
        let again = values::read_one(Source::new("values.yaml", after.clone()));
        prop_assert!(again.is_ok(), "{after}");
        // What was hidden is mended in a later round.
        if !findings.iter().any(|finding| finding.hides) {
            prop_assert!(fixed(&after).is_none(), "{after}");
        }
    }

    #[test]
    fn no_text_makes_the_linter_panic(text in "[ a-z:{}\\[\\],\"'#&*|>!\\-\n0-9@é_.]{0,200}") {
        let _ = fixed(&text);
        let _ = fixed(&format!("global:\n  _hopsworks:\n    backups: {text}"));
    }
}
