//! How long backups are kept: `60d`, `36h`.

/// Why a text is no time to live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TtlError {
    /// The text that was probably meant.
    pub meant: Option<String>,
}

/// The seconds that a time to live lasts.
///
/// # Errors
/// Where it is not a number above zero with `d` or `h` behind it.
pub fn parse(text: &str) -> Result<i64, TtlError> {
    let seconds = text.strip_suffix('d').map(|n| (n, 86_400)).or(text.strip_suffix('h').map(|n| (n, 3_600)));
    seconds
        .filter(|(n, _)| n.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|(n, unit)| n.parse::<i64>().ok()?.checked_mul(unit))
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| TtlError { meant: meant(text) })
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
    Some(format!("{number}{unit}"))
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
            ("99999999999999999999d", None),
        ] {
            assert_eq!(parse(text), Err(TtlError { meant: meant.map(str::to_owned) }), "{text}");
        }
    }
}
