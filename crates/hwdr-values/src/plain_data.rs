//! hwdr's own types as JSON. They contain only texts, numbers, lists and maps with texts as keys, which JSON can always represent.

use serde::Serialize;
use serde_json::Value as Json;

/// As a value.
#[expect(clippy::expect_used, reason = "serde_json fails only for keys that are not texts, and there are none")]
pub fn json(value: &impl Serialize) -> Json {
    serde_json::to_value(value).expect("plain data")
}

/// As bytes on one line.
pub fn bytes(value: &impl Serialize) -> Vec<u8> {
    json(value).to_string().into_bytes()
}

/// As indented text.
pub fn text(value: &impl Serialize) -> String {
    format!("{:#}", json(value))
}
