//! What Helm accepts but hwdr refuses: the list in `docs/values.md`. Each entry checks the case itself, so that a mistake of hwdr's cannot
//! hide behind a message.

use std::collections::BTreeMap;

use hwdr::values::{Helm, Kind, ValuesError};

use super::oracle::Case;

/// Why hwdr may refuse the case where Helm does not; none if it may not.
pub(super) fn reason(error: &ValuesError, case: &Case, helm: Helm) -> Option<&'static str> {
    if error.kind != Kind::Unsupported {
        return None;
    }
    // What the error points at, and the text that it is in.
    let (at, text) = error.place.as_ref().map_or(("", ""), |place| (place.text(), place.source.text.as_str()));
    let rest = error.place.as_ref().and_then(|place| text.get(place.span.start..)).unwrap_or_default();
    let before = text.strip_suffix(rest).unwrap_or_default();
    let reasons = [
        ("byte order mark inside", at == "\u{feff}"),
        (
            "comma in a tag",
            text.split([' ', '\t', '\n', '[', '{']).any(|word| word.starts_with('!') && word.contains(',')),
        ),
        ("comma behind a tag", at == "," && error.message.contains("the tag")),
        ("bracket behind a tag", error.message.contains("a tag") && rest.starts_with([',', '[', ']'])),
        ("colon before a bracket", error.message.contains("unexpected ':'") && has_colon_bracket(text)),
        ("long key", text.lines().any(|line| line.len() > 1024 && !line.is_ascii())),
        (
            "collection as a key",
            error.message.contains("map key") && rest.starts_with(['{', '[', '&', '!', '*', '-', '?']),
        ),
        ("text behind a collection", error.message.contains("stops at the end") && before.contains(['}', ']'])),
        ("text behind a collection", has_text_behind_collection(text)),
        ("two keys at random", error.message.contains("at random")),
        ("UTF-16 in Helm 4", helm == Helm::V4 && error.message.contains("UTF-16") && starts_as_utf16(case)),
        (
            "subchart under two names",
            error.message.contains("two names") && case.chart.as_ref().is_some_and(has_two_names),
        ),
        ("indexes in a row", error.message.contains("indexes in a row") && text.matches('[').count() > 100),
    ];
    reasons.into_iter().find(|(_, holds)| *holds).map(|(reason, _)| reason)
}

fn has_colon_bracket(text: &str) -> bool {
    [":,", ":?", ":[", ":]", ":{", ":}"].iter().any(|pair| text.contains(pair))
}

fn has_text_behind_collection(text: &str) -> bool {
    let text = text.trim_end();
    let opens = text.find(['{', '[']).is_some_and(|at| !text[..at].contains(": "));
    opens && text.find(['}', ']']).is_some_and(|at| at + 1 < text.len())
}

fn starts_as_utf16(case: &Case) -> bool {
    let marked = |text: &Vec<u8>| matches!(text.get(..2), Some([0xff, 0xfe] | [0xfe, 0xff]));
    case.texts.values().chain(case.chart.iter().flat_map(|chart| chart.values())).any(marked)
}

fn has_two_names(files: &BTreeMap<String, Vec<u8>>) -> bool {
    let aliases = |text: &Vec<u8>| String::from_utf8_lossy(text).matches("alias:").count();
    files.iter().filter(|(name, _)| name.ends_with("Chart.yaml")).any(|(_, text)| aliases(text) > 0)
}
