//! How long something takes, or how far apart two times are.

/// A number of seconds, in the two largest units that count: `52 s`, `3 h 20 min`, `1 day 4 h`, `60 days`.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let (whole, rest, unit) = match days {
        0 if minutes == 0 => (format!("{seconds} s"), 0, ""),
        0 if hours == 0 => (format!("{minutes} min"), seconds % 60, "s"),
        0 => (format!("{hours} h"), minutes % 60, "min"),
        1 => ("1 day".to_owned(), hours % 24, "h"),
        // Hours do not matter any more.
        10.. => (format!("{days} days"), 0, ""),
        _ => (format!("{days} days"), hours % 24, "h"),
    };
    if rest == 0 { whole } else { format!("{whole} {rest} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn two_units_at_the_most() {
        const HOUR: u64 = 3_600;
        const DAY: u64 = 24 * HOUR;
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (313, "5 min 13 s"),
            (HOUR, "1 h"),
            (HOUR + 59, "1 h"),
            (3 * HOUR + 1_200, "3 h 20 min"),
            (DAY, "1 day"),
            (DAY + 4 * HOUR + 60, "1 day 4 h"),
            (9 * DAY + 23 * HOUR, "9 days 23 h"),
            (60 * DAY + HOUR, "60 days"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
