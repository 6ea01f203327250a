//! Access to objects as JSON.

use serde_json::Value as Json;

/// The items of an array, or nothing.
pub fn items(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

/// The text of a string, or an empty text.
pub fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}
