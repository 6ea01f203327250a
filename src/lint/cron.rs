//! Schedules as Kubernetes and Velero read them: both use the Go library robfig/cron, "standard" form.
//!
//! Five fields (minute, hour, day of month, month, day of week), one of `@yearly` … `@hourly`, or `@every` with a Go
//! duration. Extensions of other crons (`7` for Sunday, `L`, `W`, `#`, seconds) are refused, as in robfig/cron.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "pairs have two, and positions were found in this very text"
)]

mod next;

use thiserror::Error;

/// A recurring schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// At these minutes.
    Fields(Fields),
    /// This many seconds after the last time.
    Every(i64),
}

/// The five fields, each as a set of bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Day of month or day of week is `*`: a day must match both. Else one of the two is enough.
    both_days: bool,
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct CronError {
    /// What is wrong.
    pub problem: String,
    /// What was probably meant.
    pub meant: Option<String>,
}

impl From<String> for CronError {
    fn from(problem: String) -> Self {
        Self { problem, meant: None }
    }
}

struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[] },
    Field { name: "hour", min: 0, max: 23, names: &[] },
    Field { name: "day of month", min: 1, max: 31, names: &[] },
    Field { name: "month", min: 1, max: 12, names: MONTHS },
    Field { name: "day of week", min: 0, max: 6, names: WEEKDAYS },
];
const DESCRIPTORS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// If Kubernetes or Velero would refuse it.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        if zoned(text).is_some() {
            return Err("the schedule must not have a time zone: schedules are in UTC".to_owned().into());
        }
        if let Some(duration) = text.strip_prefix("@every ") {
            return match go_seconds(duration) {
                Some(seconds) if seconds >= 1 => Ok(Self::Every(seconds)),
                _ => Err(format!("'{duration}' is not a duration like 12h or 2h30m").into()),
            };
        }
        if text.starts_with('@') {
            return match DESCRIPTORS.iter().find(|(name, _)| *name == text) {
                Some((_, fields)) => Self::parse(fields),
                None => Err(unknown_descriptor(text)),
            };
        }
        let texts: Vec<&str> = text.split_whitespace().collect();
        let Ok([minute, hour, day, month, weekday]) = <[&str; 5]>::try_from(texts.as_slice()) else {
            return Err(format!("a schedule has 5 fields, but this one has {}", texts.len()).into());
        };
        let days = FIELDS[2].parse(day)?;
        let weekdays = FIELDS[4].parse(weekday)?;
        Ok(Self::Fields(Fields {
            minutes: FIELDS[0].parse(minute)?.bits,
            hours: FIELDS[1].parse(hour)?.bits,
            months: FIELDS[3].parse(month)?.bits,
            days: days.bits,
            weekdays: weekdays.bits,
            both_days: days.star || weekdays.star,
        }))
    }

    /// Reads the schedule of an object in the cluster, which may name its time zone first (`CRON_TZ=Europe/Stockholm 0 3 * * *`). robfig/cron and
    /// so Velero take that; Kubernetes refuses it in new CronJobs, and keeps to it in old ones. The zone is none if it is UTC.
    ///
    /// # Errors
    /// If neither would take it.
    pub fn in_zone(text: &str) -> Result<(Self, Option<&str>), CronError> {
        let Some(zoned) = zoned(text) else { return Ok((Self::parse(text)?, None)) };
        let (zone, rest) = zoned.split_once(' ').ok_or_else(|| "there is nothing behind its time zone".to_owned())?;
        let is_utc = matches!(zone, "" | "UTC" | "Etc/UTC");
        Ok((Self::parse(rest.trim())?, Some(zone).filter(|_| !is_utc)))
    }

    /// Whether it never fires.
    pub fn never_fires(&self) -> bool {
        match self {
            Self::Every(_) => false,
            Self::Fields(fields) => !fields.days().any(|day| fields.fires_on(day)),
        }
    }

    /// The longest time, in seconds, between one firing and the next; `None` if it never fires.
    pub fn longest_gap(&self) -> Option<i64> {
        match self {
            Self::Every(seconds) => Some(*seconds),
            Self::Fields(fields) => fields.longest_gap(),
        }
    }
}

impl Fields {
    /// Whether only the day of the week decides: then two weeks show everything.
    fn is_weekly(&self) -> bool {
        let all = |bits: u64, field: &Field| (field.min..=field.max).all(|bit| bits & (1 << bit) != 0);
        all(self.months, &FIELDS[3]) && all(self.days, &FIELDS[2]) && self.both_days
    }

    /// The days that show everything.
    fn days(&self) -> impl Iterator<Item = Day> {
        days().take(if self.is_weekly() { 15 } else { usize::MAX })
    }

    fn fires_on(&self, day: Day) -> bool {
        let by_date = self.days & (1 << day.date) != 0;
        let by_weekday = self.weekdays & (1 << day.weekday) != 0;
        let by_day = if self.both_days { by_date && by_weekday } else { by_date || by_weekday };
        by_day && self.months & (1 << day.month) != 0
    }

    /// The minutes of a day at which it fires.
    fn times(&self) -> Vec<i64> {
        let bits = |set: u64, max: i64| (0..=max).filter(move |bit| set & (1 << bit) != 0);
        bits(self.hours, 23).flat_map(|hour| bits(self.minutes, 59).map(move |minute| hour * 60 + minute)).collect()
    }

    fn longest_gap(&self) -> Option<i64> {
        let times = self.times();
        let (earliest, latest) = (*times.first()?, *times.last()?);
        let mut longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        let mut previous: Option<i64> = None;
        for (midnight, _) in (0..).step_by(1_440).zip(self.days()).filter(|(_, day)| self.fires_on(*day)) {
            if let Some(previous) = previous {
                longest = longest.max(midnight + earliest - previous);
            }
            previous = Some(midnight + latest);
        }
        previous.map(|_| longest * 60)
    }
}

/// A day in the terms of the fields.
#[derive(Debug, Clone, Copy)]
struct Day {
    date: u32,
    month: u32,
    weekday: u32,
}

/// The days of nine years: they include every date, two leap years, and, as a day of the week is never required
/// together with a date, every distance between two firings. A plain count, because a calendar library is slow at it.
fn days() -> impl Iterator<Item = Day> {
    let mut weekday = 0; // 2024 starts on a Monday.
    (2024..2033)
        .flat_map(|year| {
            let february = if year % 4 == 0 { 29 } else { 28 };
            (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
        })
        .flat_map(|(month, length)| (1..=length).map(move |date| (date, month)))
        .map(move |(date, month)| {
            weekday = (weekday + 1) % 7;
            Day { date, month, weekday }
        })
}

struct Parsed {
    bits: u64,
    star: bool,
}

impl Field {
    fn parse(&self, text: &str) -> Result<Parsed, CronError> {
        let mut parsed = Parsed { bits: 0, star: false };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            self.add(part, &mut parsed)?;
        }
        if parsed.bits == 0 {
            return Err(format!("{} '{text}' is unknown", self.name).into());
        }
        Ok(parsed)
    }

    fn add(&self, part: &str, parsed: &mut Parsed) -> Result<(), CronError> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.number(step)?)),
            None => (part, None),
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" || range == "?" => {
                parsed.star |= step.unwrap_or(1) <= 1;
                (self.min, self.max)
            }
            Some((low, high)) => (self.value(low)?, self.value(high)?),
            None => {
                let low = self.value(range)?;
                (low, if step.is_some() { self.max } else { low })
            }
        };
        if low < self.min || high > self.max {
            let wrong = if low < self.min { low } else { high };
            let mut error =
                CronError::from(format!("{} {wrong} is not between {} and {}", self.name, self.min, self.max));
            if self.names == WEEKDAYS && wrong == 7 {
                error.problem.push_str(": Sunday is 0");
            }
            return Err(error);
        }
        if low > high {
            return Err(format!("{} '{range}' ends before it starts", self.name).into());
        }
        match step {
            Some(0) => return Err(format!("{} '{part}' has a step of 0", self.name).into()),
            step => (low..=high).step_by(step.unwrap_or(1) as usize).for_each(|bit| parsed.bits |= 1 << bit),
        }
        Ok(())
    }

    fn value(&self, text: &str) -> Result<u32, CronError> {
        let lower = text.to_ascii_lowercase();
        match self.names.iter().position(|name| *name == lower) {
            Some(at) => Ok(self.min.saturating_add(u32::try_from(at).unwrap_or(u32::MAX))),
            None => self.number(text),
        }
    }

    fn number(&self, text: &str) -> Result<u32, CronError> {
        text.parse().map_err(|_| format!("{} '{text}' is not a number", self.name).into())
    }
}

/// What is behind `TZ=` or `CRON_TZ=`, if the schedule begins with one.
pub fn zoned(text: &str) -> Option<&str> {
    text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ="))
}

fn unknown_descriptor(text: &str) -> CronError {
    let lower = text.trim().to_ascii_lowercase();
    let meant = DESCRIPTORS
        .iter()
        .map(|(name, _)| (strsim::damerau_levenshtein(name, &lower), *name))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, name)| name.to_owned());
    CronError { problem: format!("there is no schedule called {text}"), meant }
}

/// The whole seconds of a Go duration (`2h30m`, `1.5h`); `None` if it is not one.
pub fn go_seconds(text: &str) -> Option<i64> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit] {
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" | "μs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    // Go's durations end at 2^63 nanoseconds.
    (seconds < 9.2e9).then_some(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn gaps() {
        for (text, expected) in [
            ("@hourly", Some(3_600)),
            ("@daily", Some(DAY)),
            ("@weekly", Some(7 * DAY)),
            ("@monthly", Some(31 * DAY)),
            ("@yearly", Some(366 * DAY)),
            ("@every 2h30m", Some(9_000)),
            ("@every 1.5h", Some(5_400)),
            ("*/15 * * * *", Some(900)),
            ("0 3 * * *", Some(DAY)),
            ("0 3 * * MON-FRI", Some(3 * DAY)),
            ("0 3,15 * * *", Some(DAY / 2)),
            ("50 22 * * *", Some(DAY)),
            ("0 0 29 2 *", Some(4 * 365 * DAY + DAY)),
            ("0 0 31 * *", Some(61 * DAY)),
            ("0 0 1 * SUN", Some(7 * DAY)),
            ("0 0 30 2 *", None),
            ("0 0 31 4,6,9,11 *", None),
            ("0 0 30 2 1", Some(350 * DAY)),
        ] {
            let schedule = Schedule::parse(text).unwrap();
            assert_eq!(schedule.longest_gap(), expected, "{text}");
            assert_eq!(schedule.never_fires(), expected.is_none(), "{text}");
        }
    }

    #[test]
    fn refusals() {
        for (text, problem) in [
            ("", "a schedule has 5 fields, but this one has 0"),
            ("0 0 * *", "a schedule has 5 fields, but this one has 4"),
            ("0 0 0 * * *", "a schedule has 5 fields, but this one has 6"),
            ("60 0 * * *", "minute 60 is not between 0 and 59"),
            ("0 24 * * *", "hour 24 is not between 0 and 23"),
            ("0 0 0 * *", "day of month 0 is not between 1 and 31"),
            ("0 0 * * 7", "day of week 7 is not between 0 and 6: Sunday is 0"),
            ("0 0 * * FRI-MON", "day of week 'FRI-MON' ends before it starts"),
            ("0 0 L * *", "day of month 'L' is not a number"),
            ("*/0 * * * *", "minute '*/0' has a step of 0"),
            ("1-2-3 * * * *", "minute '2-3' is not a number"),
            ("@fortnightly", "there is no schedule called @fortnightly"),
            ("@every", "there is no schedule called @every"),
            ("@every 2d", "'2d' is not a duration like 12h or 2h30m"),
            ("@every -1h", "'-1h' is not a duration like 12h or 2h30m"),
            ("TZ=UTC 0 0 * * *", "the schedule must not have a time zone: schedules are in UTC"),
        ] {
            assert_eq!(Schedule::parse(text).unwrap_err().problem, problem, "{text}");
        }
        assert_eq!(Schedule::parse("@Weekly").unwrap_err().meant.as_deref(), Some("@weekly"));
    }

    #[test]
    fn a_time_zone_is_read_where_the_cluster_has_it() {
        for (text, expected) in [
            ("0 3 * * *", Ok((Some(DAY), None))),
            ("CRON_TZ=Europe/Stockholm 0 3 * * *", Ok((Some(DAY), Some("Europe/Stockholm")))),
            ("TZ=UTC  @weekly", Ok((Some(7 * DAY), None))),
            ("CRON_TZ=UTC TZ=UTC 0 3 * * *", Err("the schedule must not have a time zone: schedules are in UTC")),
            ("TZ=UTC", Err("there is nothing behind its time zone")),
            ("TZ=Europe/Stockholm 0 3 * *", Err("a schedule has 5 fields, but this one has 4")),
        ] {
            let found = Schedule::in_zone(text);
            let found = found.as_ref().map(|(schedule, zone)| (schedule.longest_gap(), *zone));
            assert_eq!(found.map_err(|error| error.problem.as_str()), expected, "{text}");
        }
    }

    /// Another library's reading of the same fields: it must find the same next firings.
    #[test]
    fn croner_agrees_on_when_it_fires() {
        use std::str::FromStr;
        for text in
            ["0 3 * * MON-FRI", "*/20 1-5 * * *", "15 4 1,15 * 3", "0 0 29 2 *", "7 0-23/5 * JAN-MAR *", "0 0 */10 * 2"]
        {
            let Schedule::Fields(fields) = Schedule::parse(text).unwrap() else { unreachable!() };
            let times = fields.times();
            let cron = croner::Cron::from_str(text).unwrap();
            let start = jiff::civil::date(2024, 1, 1);
            let start_of = start.to_datetime(jiff::civil::Time::midnight()).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
            let theirs: Vec<String> = cron
                .iter_from(start_of, croner::Direction::Forward)
                .take(200)
                .map(|time| time.datetime().to_string())
                .collect();
            let ours: Vec<String> = start
                .series(jiff::Span::new().days(1))
                .zip(days())
                .filter(|(_, day)| fields.fires_on(*day))
                .flat_map(|(date, _)| {
                    times.iter().map(move |minute| date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0).to_string())
                })
                .take(theirs.len().min(200))
                .collect();
            let theirs = &theirs[..ours.len()];
            assert!(ours.len() > 2, "{text}");
            assert_eq!(ours, theirs, "{text}");
        }
    }
}
