//! Names, checked once: they go into calls, tags and suggested commands.

use std::fmt;
use std::str::FromStr;

use hwdr_values::shown::plain;
use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not {what}: {rule}", plain(.given))]
pub struct InvalidName {
    /// What was given.
    pub given: String,
    /// What it should be.
    pub what: &'static str,
    /// The rule.
    pub rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> Option<String> = $check;
                check(text)
                    .map(Self)
                    .ok_or_else(|| InvalidName { given: text.to_owned(), what: $what, rule: $rule })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The identifier of an instance, in lower case, as RDS keeps it.
    InstanceId,
    "the identifier of an RDS instance",
    "1 to 63 letters, digits and single hyphens; the first a letter, the last not a hyphen",
    |text| is_id(text, 63).then(|| text.to_ascii_lowercase())
}

name! {
    /// The identifier of a snapshot: of one's own (`before-upgrade`), an automatic one (`rds:events-2026-01-01-04-00`), or the ARN
    /// of a shared one.
    SnapshotId,
    "the identifier of an RDS snapshot",
    "1 to 255 letters, digits, single hyphens and colons, the first a letter; or the ARN of a shared snapshot",
    |text| is_snapshot(text).then(|| if is_arn(text) { text.to_owned() } else { text.to_ascii_lowercase() })
}

name! {
    /// The id of a run, which becomes the value of a tag.
    RunId,
    "the id of a run",
    "1 to 128 letters, digits and - _ . : / = + @",
    |text| {
        let good = |c: char| c.is_ascii_alphanumeric() || "-_.:/=+@".contains(c);
        ((1..=128).contains(&text.len()) && text.chars().all(good)).then(|| text.to_owned())
    }
}

impl SnapshotId {
    /// Whether a new snapshot may have this name: RDS keeps colons to itself.
    pub fn may_be_new(&self) -> bool {
        is_id(&self.0, 255)
    }
}

/// The rule for identifiers (CreateDBInstance and CreateDBSnapshot, API reference).
fn is_id(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with('-')
        && !text.contains("--")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn is_snapshot(text: &str) -> bool {
    if text.starts_with("arn:") {
        return is_arn(text);
    }
    text.split(':').all(|part| !part.is_empty()) && is_id(&text.replace(':', "-x-"), 300)
}

/// `arn:aws:rds:eu-north-1:123456789012:snapshot:NAME`.
fn is_arn(text: &str) -> bool {
    let mut parts = text.splitn(7, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (arn, partition, service, region, account, kind, name) =
        (next(), next(), next(), next(), next(), next(), next());
    arn == "arn"
        && partition.starts_with("aws")
        && service == "rds"
        && kind == "snapshot"
        && [partition, region].iter().all(|part| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        && account.chars().all(|c| c.is_ascii_digit())
        && is_id(&name.replace(':', "-x-"), 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_have_names() {
        for (text, kept) in [
            ("events", Some("events")),
            ("Events-2", Some("events-2")),
            ("a", Some("a")),
            (&"a".repeat(63), Some(&*"a".repeat(63))),
            (&"a".repeat(64), None),
            ("", None),
            ("2events", None),
            ("-events", None),
            ("events-", None),
            ("stre--ams", None),
            ("stre_ams", None),
            ("stréams", None),
            ("events\n", None),
            ("events; rm -rf", None),
        ] {
            assert_eq!(text.parse::<InstanceId>().ok().as_ref().map(InstanceId::as_str), kept, "{text:?}");
        }
    }

    #[test]
    fn snapshots_have_names() {
        for (text, valid, new) in [
            ("before-upgrade", true, true),
            ("rds:events-2026-01-01-04-00", true, false),
            ("awsbackup:job-0a1b", true, false),
            ("arn:aws:rds:eu-north-1:123456789012:snapshot:shared", true, false),
            ("arn:aws:rds:eu-north-1:123456789012:db:events", false, false),
            ("arn:aws:s3:::bucket", false, false),
            ("rds:", false, false),
            (":events", false, false),
            ("a--b", false, false),
            ("", false, false),
            ("$(id)", false, false),
        ] {
            let id = text.parse::<SnapshotId>();
            assert_eq!(id.is_ok(), valid, "{text:?}");
            assert_eq!(id.is_ok_and(|id| id.may_be_new()), new, "{text:?}");
        }
    }

    #[test]
    fn a_record_cannot_bring_in_an_invalid_name() {
        assert!(serde_json::from_str::<InstanceId>("\"a\"").is_ok());
        let error = serde_json::from_str::<InstanceId>("\"a b\\u001b\"").unwrap_err().to_string();
        assert!(error.contains("is not the identifier of an RDS instance"), "{error}");
        assert!(!error.contains('\u{1b}'), "{error}");
        assert!("2026-01-01/x".parse::<RunId>().is_ok());
        assert!("a b".parse::<RunId>().is_err());
    }
}
