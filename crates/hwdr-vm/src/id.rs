//! Ids of backups.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The id of a backup. RonDB takes it as 32 bits, without a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BackupId(u32);

impl BackupId {
    /// The id of a backup that is made now, in the documentation's form: `%y%m%d%H%M`. After 2042 it has more than 32 bits.
    pub fn of(time: DateTime) -> Option<Self> {
        time.strftime("%y%m%d%H%M").to_string().parse().ok()
    }

    /// The time that it has in that form, as far as it is one.
    pub fn time(self) -> Option<Timestamp> {
        let time = DateTime::strptime("%y%m%d%H%M", format!("{:010}", self.0)).ok()?;
        time.to_zoned(TimeZone::system()).ok().map(|time| time.timestamp())
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl FromStr for BackupId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not the id of a backup: expected a number from 1 to {}", u32::MAX);
        let number: u32 = text.parse().map_err(|_| wrong())?;
        match number > 0 && number.to_string() == text {
            true => Ok(Self(number)),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_positive_number_of_32_bits() {
        assert_eq!("2611302017".parse::<BackupId>().unwrap().number(), 2_611_302_017);
        for bad in ["", "0", "-1", "+1", "01", "4294967296", "1 ", "x", "2611302017; DROP"] {
            assert!(bad.parse::<BackupId>().is_err(), "{bad}");
        }
        let time: DateTime = "2026-11-30T20:17:00".parse().unwrap();
        assert_eq!(BackupId::of(time).unwrap().to_string(), "2611302017");
        let late: DateTime = "2043-01-01T00:00:00".parse().unwrap();
        assert_eq!(BackupId::of(late), None);
    }
}
