//! Looking into an object that was made JSON.

use serde_json::Value as Json;

/// The items of an array, or nothing.
pub fn items(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

/// The text of a string, or nothing.
pub fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}
