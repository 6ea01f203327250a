//! A password or key in clear text.
//!
//! ## What it does
//! Searches all values for a text under a key such as `password`, `secretKey`, `secretAccessKey` or
//! `sessionToken`. It ignores keys that only name where a credential is kept (`passwordKey`, `existingSecretKey: password`),
//! encrypted values and placeholders. A single file is checked only if it is for Hopsworks.
//!
//! ## Why is this bad
//! Values files go into Git, and Helm stores all values in the cluster with each revision of the release. Whoever may
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
use crate::lint::{Context, Finding, Level, placeholder, view};
use crate::product;
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

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        if !context.whole && !product::is_known(values) {
            return;
        }
        let mut open = vec![values];
        while let Some(value) = open.pop() {
            match &value.data {
                Data::List(items) => open.extend(items),
                Data::Map(map) => {
                    for (key, entry) in map {
                        if is_credential(key) && is_secret(key, &entry.value) {
                            findings.push(
                                Finding::warning(self.name(), &entry.key, format!("{key} is stored in clear text"))
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

/// Whether a key holds a credential.
pub fn is_credential(key: &str) -> bool {
    let plain = plain(key);
    ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

/// A key's letters and digits, in lower case.
fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a text is a credential: not empty, a switch, a reference, or the name of a Secret or of a key in one.
fn is_secret(key: &str, value: &Value) -> bool {
    let Some(text) = value.as_str().filter(|text| !text.is_empty() && view::boolean_word(text).is_none()) else {
        return false;
    };
    let key = plain(key);
    let secret_name = text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    // `secretKey` is a credential of S3, and elsewhere, as `tokenSecretKey`, the key inside a Secret.
    let of_key = key.ends_with("secretkey") || key.ends_with("privatekey");
    let key_name = of_key && text.bytes().all(|b| b.is_ascii_alphabetic() || b"-_.".contains(&b));
    let variable = text.strip_prefix('$').is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    });
    let reference = text.contains("{{") || variable || placeholder::is_unknown(value) || key.starts_with("existing");
    !secret_name && !key_name && !reference
}
