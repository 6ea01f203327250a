//! Identifies an object of a cluster: its kind and its name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind and the name of an object, written `Kind/name`. The context gives its namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ObjectId {
    /// The kind; empty if a text names none.
    pub kind: String,
    /// The name.
    pub name: String,
}

impl ObjectId {
    /// The object of this kind and name.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }

    /// The name of an object of this kind; `None` for any other.
    pub fn name_of(&self, kind: &str) -> Option<&str> {
        (self.kind == kind).then_some(self.name.as_str())
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.kind.is_empty() { "" } else { "/" };
        write!(f, "{}{slash}{}", self.kind, self.name)
    }
}

impl From<&str> for ObjectId {
    fn from(text: &str) -> Self {
        let (kind, name) = text.split_once('/').unwrap_or(("", text));
        Self::new(kind, name)
    }
}

impl From<String> for ObjectId {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_it_is_read() {
        for text in ["Job/restore-254811200", "a", "Job/", "Job/../x", ""] {
            assert_eq!(ObjectId::from(text).to_string(), text);
        }
        let id = ObjectId::new("Job", "restore");
        assert_eq!((id.name_of("Job"), id.name_of("Restore")), (Some("restore"), None));
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"Job/restore\"");
        assert_eq!(serde_json::from_str::<ObjectId>("\"Job/restore\"").unwrap(), id);
    }
}
