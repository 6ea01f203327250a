//! Backup ids: by them RonDB, OpenSearch and HopsFS name a backup.

#![expect(clippy::string_slice, reason = "digits are counted when an id is made")]

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::tz::TimeZone;
use serde::Serialize;
use thiserror::Error;

use crate::product::request::Backup;

/// A backup id: digits that RonDB takes as an unsigned 32-bit number.
///
/// Hopsworks 4 makes them with `date -u +%y%V%u%H%M`: two-digit year, ISO week, ISO weekday, hour, minute, in UTC, so
/// `254811200` is 2025, week 48, Monday, 12:00. The year is the calendar's, not that of the ISO week (`%g`): see [`BackupId::time`]. Hopsworks 3 made ten
/// digits with `%y%m%d%H%M`.
/// Checked once, at the edge; never a bare string afterwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct BackupId(String);

/// Why a text is not a backup id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BackupIdError {
    /// Nothing there.
    #[error("the backup id is empty")]
    Empty,
    /// Something that is not a digit.
    #[error("a backup id is digits only, like 254811200")]
    NotDigits,
    /// `ndb_restore --backupid` and `START BACKUP` take an unsigned 32-bit number.
    #[error("RonDB takes backup ids up to 4294967295 (an unsigned 32-bit number)")]
    TooLarge,
    /// RonDB would drop the zeros, and look for a folder that is not in the bucket.
    #[error("a backup id does not start with a zero: RonDB would drop it")]
    LeadingZero,
}

impl BackupId {
    /// Takes the digits as they are written in the values.
    ///
    /// # Errors
    /// If RonDB would not take them.
    pub fn parse(text: &str) -> Result<Self, BackupIdError> {
        if text.is_empty() {
            return Err(BackupIdError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BackupIdError::NotDigits);
        }
        if text.starts_with('0') {
            return Err(BackupIdError::LeadingZero);
        }
        if text.parse::<u32>().is_err() {
            return Err(BackupIdError::TooLarge);
        }
        Ok(Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The minute that the id names, or none if its digits are not one point in time.
    ///
    /// Around New Year a day is in a week of the other year: 2025-12-29, Monday of week 1 of 2026, is `25011`, and 2027-01-01, Friday of week 53 of 2026,
    /// is `27535`. In some years the first and the last days share their digits: `25013` is 2025-01-01 and 2025-12-31. Only the record of such a backup
    /// says which one is meant.
    ///
    /// ```
    /// use hwdr::product::hopsworks::backup_id::BackupId;
    /// let id = BackupId::parse("254811200").unwrap();
    /// assert_eq!(id.time().unwrap().to_string(), "2025-11-24T12:00:00Z");
    /// ```
    pub fn time(&self) -> Option<Timestamp> {
        let field = |from: usize, to: usize| self.0[from..to].parse::<i8>().ok();
        let (date, rest) = match self.0.len() {
            9 => {
                let year = 2000 + i16::from(field(0, 2)?);
                (only_day(year, field(2, 4)?, Weekday::from_monday_one_offset(field(4, 5)?).ok()?)?, 5)
            }
            10 => {
                let year = 2000 + i16::from(field(0, 2)?);
                (Date::new(year, field(2, 4)?, field(4, 6)?).ok()?, 6)
            }
            _ => return None,
        };
        let time = Time::new(field(rest, rest + 2)?, field(rest + 2, rest + 4)?, 0, 0).ok()?;
        let zoned = date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
        Some(zoned.timestamp())
    }
}

/// The only day of a calendar year that is this weekday of an ISO week with this number.
fn only_day(year: i16, week: i8, weekday: Weekday) -> Option<Date> {
    let of = |iso_year| Some(ISOWeekDate::new(iso_year, week, weekday).ok()?.date());
    let mut days = [year - 1, year, year + 1].into_iter().filter_map(of).filter(|date| date.year() == year);
    let day = days.next()?;
    days.next().is_none().then_some(day)
}

impl From<&BackupId> for Backup {
    fn from(id: &BackupId) -> Self {
        Self { id: id.0.clone(), time: id.time() }
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_digits_that_fit_rondb() {
        for (text, expected) in [
            ("254811200", Ok(())),
            ("4294967295", Ok(())),
            ("4294967296", Err(BackupIdError::TooLarge)),
            ("", Err(BackupIdError::Empty)),
            ("2.548112e+08", Err(BackupIdError::NotDigits)),
            ("254811200\n", Err(BackupIdError::NotDigits)),
            ("$(reboot)", Err(BackupIdError::NotDigits)),
            ("٢٥٤٨١١٢٠٠", Err(BackupIdError::NotDigits)),
            ("054811200", Err(BackupIdError::LeadingZero)),
        ] {
            assert_eq!(BackupId::parse(text).map(drop), expected, "{text:?}");
        }
        assert_eq!(BackupId::parse(&"9".repeat(300)), Err(BackupIdError::TooLarge));
    }

    #[test]
    fn ids_name_a_minute() {
        for (text, expected) in [
            ("254811200", Some("2025-11-24T12:00:00Z")),
            ("255372359", None), // 2025 has no week 53
            // As `date -u +%y%V%u%H%M` writes them: 2026 has 53 weeks.
            ("250110000", Some("2025-12-29T00:00:00Z")),
            ("260140000", Some("2026-01-01T00:00:00Z")),
            ("265342359", Some("2026-12-31T23:59:00Z")),
            ("275350000", Some("2027-01-01T00:00:00Z")),
            ("275370000", Some("2027-01-03T00:00:00Z")),
            ("265370000", None), // 2027-01-03 is not in 2026
            ("260110000", None), // 2025-12-29 is not in 2026
            ("250131200", None), // 2025-01-01 or 2025-12-31
            ("254881200", None),
            ("254802460", None),
            ("2511241200", Some("2025-11-24T12:00:00Z")),
            ("2513241200", None),
            ("1", None),
        ] {
            let time = BackupId::parse(text).unwrap().time().map(|t| t.to_string());
            assert_eq!(time.as_deref(), expected, "{text}");
        }
    }
}
