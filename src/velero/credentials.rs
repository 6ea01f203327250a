//! Credentials in the form of AWS's credentials file, which is what Velero's plugin reads. Never printed.

use std::fmt;

use crate::refusal::Refusal;

/// The text of a credentials file, with a profile `default`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(String);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

impl Credentials {
    /// The text of a credentials file.
    ///
    /// # Errors
    /// If its profile `default` has no key pair: Velero would answer with a long message, minutes later.
    pub fn from_file(text: &str) -> Result<Self, Refusal> {
        let mut in_default = false;
        let mut keys = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(profile) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                in_default = profile.trim() == "default";
            } else if let Some((key, value)) = line.split_once('=')
                && in_default
                && !value.trim().is_empty()
            {
                keys.push(key.trim().to_ascii_lowercase());
            }
        }
        for needed in ["aws_access_key_id", "aws_secret_access_key"] {
            if !keys.iter().any(|key| key == needed) {
                return Err(Refusal::new(format!("there is no {needed} in a profile [default]"))
                    .help("it should be like\n[default]\naws_access_key_id=…\naws_secret_access_key=…"));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// What AWS's tools take from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN` if it is set.
    ///
    /// # Errors
    /// If one of the first two is not set.
    pub fn from_environment(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Refusal> {
        let mut text = "[default]\n".to_owned();
        for (name, key, is_needed) in [
            ("AWS_ACCESS_KEY_ID", "aws_access_key_id", true),
            ("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key", true),
            ("AWS_SESSION_TOKEN", "aws_session_token", false),
        ] {
            let value = env(name).unwrap_or_default();
            if value.is_empty() && !is_needed {
                continue;
            }
            if value.is_empty() || value.contains(['\n', '\r']) {
                return Err(Refusal::new(format!("{name} is empty, or contains a line break"))
                    .help("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and export them"));
            }
            text = format!("{text}{key}={value}\n");
        }
        Ok(Self(text))
    }

    /// Whether they expire by themselves after some hours: a session's.
    pub fn are_temporary(&self) -> bool {
        self.0.lines().any(|line| line.trim().to_ascii_lowercase().starts_with("aws_session_token"))
    }

    /// The text, only for the Secret.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_needs_a_whole_default_profile() {
        for (text, expected) in [
            ("[default]\naws_access_key_id=A\naws_secret_access_key=B\n", None),
            ("# c\n[other]\nx=y\n[ default ]\n AWS_ACCESS_KEY_ID = A\naws_secret_access_key = B", None),
            ("[default]\naws_access_key_id=A\n", Some("aws_secret_access_key")),
            ("[default]\naws_access_key_id=\naws_secret_access_key=B", Some("aws_access_key_id")),
            ("[prod]\naws_access_key_id=A\naws_secret_access_key=B\n", Some("aws_access_key_id")),
            ("", Some("aws_access_key_id")),
        ] {
            let problem = Credentials::from_file(text).err().map(|refusal| refusal.problem);
            assert_eq!(problem.as_deref().map(|why| why.split(' ').nth(3).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn the_environment_makes_a_file() {
        let from = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Credentials::from_environment(&|name| pairs.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone()))
        };
        let two = [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "B")];
        assert_eq!(from(&two).unwrap().text(), "[default]\naws_access_key_id=A\naws_secret_access_key=B\n");
        assert!(!from(&two).unwrap().are_temporary());
        assert!(from(&[two[0], two[1], ("AWS_SESSION_TOKEN", "T")]).unwrap().are_temporary());
        for (pairs, name) in [
            (&two[..1], "AWS_SECRET_ACCESS_KEY"),
            (&[("AWS_ACCESS_KEY_ID", "A\nrole_arn=x"), two[1]], "AWS_ACCESS_KEY_ID"),
        ] {
            assert!(from(pairs).unwrap_err().problem.starts_with(&format!("{name} is empty")));
        }
        assert_eq!(format!("{:?}", from(&two)), "Ok(Credentials(hidden))");
    }
}
