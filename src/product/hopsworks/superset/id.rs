//! Ids of Superset's backups.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::Serialize;
use thiserror::Error;

use crate::product::request::Backup;

/// How many digits the time has.
const TIME: usize = 14;
/// The longest id: it becomes part of the name of a Job, whose pods have names of at most 63 characters.
const LONGEST: usize = 32;

/// The id of a backup of Superset: when it began, in UTC, to the second, and a number: `20260722215632-2116913658`
/// (docs.hopsworks.ai, "Disaster Recovery", 5.2). No other service has ids of this form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SupersetId(String);

/// Why a text is not the id of a backup of Superset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SupersetIdError {
    /// Nothing there.
    #[error("the backup id is empty")]
    Empty,
    /// An id of RonDB, OpenSearch and HopsFS, or another number.
    #[error("this is not an id of Superset's own: those have a time and a number, like 20260722215632-2116913658")]
    OtherService,
    /// Anything else.
    #[error("a backup id of Superset is a time of 14 digits, a dash and a number, like 20260722215632-2116913658")]
    Form,
    /// Digits that are no time.
    #[error("its first 14 digits are not a time (year, month, day, hour, minute, second)")]
    NoTime,
}

impl SupersetId {
    /// Takes an id as it stands in the values, or as a key in a ConfigMap.
    ///
    /// # Errors
    /// If it is not such an id.
    pub fn parse(text: &str) -> Result<Self, SupersetIdError> {
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match text.split_once('-') {
            _ if text.is_empty() => Err(SupersetIdError::Empty),
            None if is_digits(text) => Err(SupersetIdError::OtherService),
            Some((time, number))
                if text.len() <= LONGEST && time.len() == TIME && is_digits(time) && is_digits(number) =>
            {
                let id = Self(text.to_owned());
                id.read_time().map(|_| id).ok_or(SupersetIdError::NoTime)
            }
            _ => Err(SupersetIdError::Form),
        }
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The second that the id names.
    ///
    /// ```
    /// use hwdr::product::hopsworks::superset::id::SupersetId;
    /// let id = SupersetId::parse("20260722215632-2116913658").unwrap();
    /// assert_eq!(id.time().to_string(), "2026-07-22T21:56:32Z");
    /// ```
    pub fn time(&self) -> Timestamp {
        self.read_time().unwrap_or_default()
    }

    fn read_time(&self) -> Option<Timestamp> {
        let time = DateTime::strptime("%Y%m%d%H%M%S", self.0.get(..TIME)?).ok()?;
        Offset::UTC.to_timestamp(time).ok()
    }
}

impl From<&SupersetId> for Backup {
    fn from(id: &SupersetId) -> Self {
        Self { id: id.0.clone(), time: Some(id.time()) }
    }
}

impl fmt::Display for SupersetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_a_time_and_a_number() {
        for (text, expected) in [
            ("20260722215632-2116913658", Ok(())),
            ("20260722215632-7", Ok(())),
            ("", Err(SupersetIdError::Empty)),
            ("254811200", Err(SupersetIdError::OtherService)),
            ("20260722215632", Err(SupersetIdError::OtherService)),
            ("20260722215632-", Err(SupersetIdError::Form)),
            ("2026072221563-2116913658", Err(SupersetIdError::Form)),
            ("20260722215632-2116913658-1", Err(SupersetIdError::Form)),
            ("20260722215632-$(reboot)", Err(SupersetIdError::Form)),
            ("20260722215632-٢", Err(SupersetIdError::Form)),
            ("20260722215632-12345678901234567890", Err(SupersetIdError::Form)),
            ("20261322215632-1", Err(SupersetIdError::NoTime)),
            ("20260230000000-1", Err(SupersetIdError::NoTime)),
            ("latest", Err(SupersetIdError::Form)),
        ] {
            assert_eq!(SupersetId::parse(text).map(drop), expected, "{text:?}");
        }
    }
}
