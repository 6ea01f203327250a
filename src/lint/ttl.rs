//! How long backups are kept: `60d`, `36h`.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

/// The longest time that Velero accepts, in hours: Go counts durations in nanoseconds, in 64 bits. That is 292 years.
const LONGEST_HOURS: i64 = 2_562_047;

/// Why a text is not a time to live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TtlError {
    /// The text that was probably meant.
    pub meant: Option<String>,
    /// It is one, but longer than Velero accepts.
    pub too_long: bool,
}

/// The seconds that a time to live lasts.
///
/// # Errors
/// If it is not a number above zero followed by `d` or `h`.
pub fn parse(text: &str) -> Result<i64, TtlError> {
    match hours(text) {
        Some(hours @ 1..=LONGEST_HOURS) => Ok(hours * 3_600),
        Some(hours) if hours > LONGEST_HOURS => Err(TtlError { meant: None, too_long: true }),
        _ => Err(TtlError { meant: meant(text), too_long: false }),
    }
}

/// The hours of a number followed by `d` or `h`; capped at what can be counted.
fn hours(text: &str) -> Option<i64> {
    let (number, unit) = text.strip_suffix('d').map(|n| (n, 24)).or(text.strip_suffix('h').map(|n| (n, 1)))?;
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| number.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(unit))
}

/// What `2w`, `60 days` or `1440h0m0s` was meant to be.
fn meant(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..digits].parse::<i64>().ok().filter(|n| *n > 0)?;
    let (number, unit) = match text[digits..].trim() {
        "d" | "day" | "days" => (number, 'd'),
        "h" | "hr" | "hrs" | "hour" | "hours" | "h0m" | "h0m0s" => (number, 'h'),
        "w" | "week" | "weeks" => (number.checked_mul(7)?, 'd'),
        "y" | "year" | "years" => (number.checked_mul(365)?, 'd'),
        _ => return None,
    };
    Some(format!("{number}{unit}")).filter(|meant| hours(meant).is_some_and(|hours| hours <= LONGEST_HOURS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_only() {
        for (text, expected) in [("60d", Ok(5_184_000)), ("36h", Ok(129_600)), ("1h", Ok(3_600))] {
            assert_eq!(parse(text), expected, "{text}");
        }
        for (text, meant) in [
            ("60 days", Some("60d")),
            ("60D", Some("60d")),
            ("2w", Some("14d")),
            ("1440h0m0s", Some("1440h")),
            ("60", None),
            ("0d", None),
            ("-1d", None),
            ("1.5d", None),
            ("90m", None),
            ("", None),
            ("d", None),
            ("999999999999w", None),
        ] {
            assert_eq!(parse(text), Err(TtlError { meant: meant.map(str::to_owned), too_long: false }), "{text}");
        }
        for text in ["106752d", "2562048h", "999999999999d", "99999999999999999999d"] {
            assert_eq!(parse(text), Err(TtlError { meant: None, too_long: true }), "{text}");
        }
        assert_eq!((parse("106751d").is_ok(), parse("2562047h").is_ok()), (true, true));
    }
}
