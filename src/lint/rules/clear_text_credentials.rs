//! A password or key in clear text.
//!
//! ## What it does
//! Looks, anywhere in the values, for a text under a key such as `password`, `secretKey`, `secretAccessKey` or
//! `sessionToken`. Keys that only name where a credential is kept (`passwordKey`, `secretName`) are not meant.
//!
//! ## Why is this bad
//! Values files go into Git, and Helm stores all values in the cluster with each revision of the release; whoever may
//! read either can read, and delete, the backups. Excerpts in the linter's own output mask the text.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     managedObjectStorage:
//!       s3:
//!         secretAccessKey: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
//! ```
//!
//! ## Use instead
//! A Secret in the cluster, named in the values:
//! ```yaml
//! global:
//!   _hopsworks:
//!     managedObjectStorage:
//!       s3:
//!         secret:
//!           name: aws-credentials
//! ```
//!
//! ## Fix
//! None. A credential that was in Git has to be replaced.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::values::{Data, Value};

const ENDINGS: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secretkey",
    "secretaccesskey",
    "sessiontoken",
    "accesstoken",
    "authtoken",
    "privatekey",
];

/// See the head of this file.
pub struct ClearTextCredentials;

impl Rule for ClearTextCredentials {
    fn name(&self) -> &'static str {
        "clear-text-credentials"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("clear_text_credentials.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let mut open = vec![values];
        while let Some(value) = open.pop() {
            match &value.data {
                Data::List(items) => open.extend(items),
                Data::Map(map) => {
                    for (key, entry) in map {
                        if is_credential(key) && entry.value.as_str().is_some_and(is_secret) {
                            findings.push(
                                Finding::warning(self.name(), &entry.key, format!("{key} is here for everyone to read"))
                                    .help("put it into a Secret, and name the Secret in the values"),
                            );
                        }
                        open.push(&entry.value);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a key is one that holds a credential.
pub fn is_credential(key: &str) -> bool {
    let plain: String = key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

/// Texts that are no credential, whatever their key: nothing, a reference, the name of a key inside a Secret.
fn is_secret(text: &str) -> bool {
    let reference = text.starts_with("{{") || text.starts_with("${") || text.starts_with("ref+") || text.starts_with("vault:");
    let name = text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    !text.is_empty() && !reference && !name
}
