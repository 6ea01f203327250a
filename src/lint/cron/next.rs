//! When a schedule fires next.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::{Day, Fields, Schedule};

/// These many days contain a firing of every schedule that fires: two leap years are at most eight years apart.
const DAYS: usize = 9 * 366;

impl Schedule {
    /// The first firing after `after`, in UTC. An `@every` counts from its `last` firing. None if that is not known, or it never fires.
    pub fn next(&self, after: Timestamp, last: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Self::Fields(fields) => fields.next(after),
            Self::Every(seconds) => {
                let last = last?;
                // Whole periods that have passed.
                let periods = after.duration_since(last).as_secs().max(0).checked_div(*seconds)?.checked_add(1)?;
                last.checked_add(SignedDuration::from_secs(seconds.checked_mul(periods)?)).ok()
            }
        }
    }
}

impl Fields {
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let times = self.times();
        let zone = TimeZone::UTC;
        let from = after.to_zoned(zone.clone()).date();
        from.series(Span::new().days(1)).take(DAYS).find_map(|date| {
            let day = Day {
                date: u32::try_from(date.day()).ok()?,
                month: u32::try_from(date.month()).ok()?,
                weekday: u32::try_from(date.weekday().to_sunday_zero_offset()).ok()?,
            };
            if !self.fires_on(day) {
                return None;
            }
            times.iter().find_map(|minute| {
                let time = Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
                let time = date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp();
                (time > after).then_some(time)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_firing_is_the_first_behind_a_time() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        for (schedule, last, expected) in [
            ("@weekly", None, Some("2025-11-30T00:00:00Z")),
            ("@daily", None, Some("2025-11-25T00:00:00Z")),
            ("0 12 * * *", None, Some("2025-11-25T12:00:00Z")),
            ("1 12 * * *", None, Some("2025-11-24T12:01:00Z")),
            ("*/15 * * * *", None, Some("2025-11-24T12:15:00Z")),
            ("0 3 29 2 *", None, Some("2028-02-29T03:00:00Z")),
            ("0 0 30 2 *", None, None),
            ("@every 2h", Some("2025-11-24T07:30:00Z"), Some("2025-11-24T13:30:00Z")),
            ("@every 2h", Some("2025-11-24T10:00:00Z"), Some("2025-11-24T14:00:00Z")),
            ("@every 2h", None, None),
        ] {
            let next = Schedule::parse(schedule).unwrap().next(time("2025-11-24T12:00:00Z"), last.map(time));
            assert_eq!(next, expected.map(time), "{schedule}");
        }
    }
}
