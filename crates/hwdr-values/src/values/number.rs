//! Numbers as Go reads and prints them: the parts of Go's `strconv` that matter to go-yaml and templates.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

/// `strconv.ParseInt(text, 0, 64)` on a text without underscores: an optional sign, then decimal, `0x`, `0o`, `0b`, or octal by a leading zero.
pub(super) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = i128::from(parse_uint(digits)?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// `strconv.ParseUint(text, 0, 64)` on a text without underscores: the same without a sign.
pub(super) fn parse_uint(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let (base, digits) = match bytes {
        [] => return None,
        [b'0', b'b' | b'B', _, ..] => (2, &text[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &text[2..]),
        [b'0', b'x' | b'X', _, ..] => (16, &text[2..]),
        [b'0'] => return Some(0),
        [b'0', ..] => (8, &text[1..]),
        _ => (10, text),
    };
    parse_digits(digits, base)
}

/// Digits of a base and nothing else; refuses a sign, which Rust's own function accepts.
fn parse_digits(digits: &str, base: u32) -> Option<u64> {
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, base).ok() }
}

/// `strconv.ParseInt(text, 2, 64)`: an optional sign and binary digits.
pub(super) fn parse_binary(text: &str) -> Option<i64> {
    i64::from_str_radix(text, 2).ok()
}

/// `strconv.ParseFloat(text, 64)` for a decimal number without underscores: `None` if out of range.
/// The caller has checked that the text looks like a float.
pub(super) fn parse_decimal(text: &str) -> Option<f64> {
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// Whether a text matches the pattern for floats in go-yaml's `resolve.go`:
/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
pub(super) fn looks_like_float(text: &str) -> bool {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(text);
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if whole + length == 0 {
            return false;
        }
        rest = &fraction[length..];
    } else if whole == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
    }
}

/// `strconv.ParseFloat(text, 64)` for a text that starts with a point. Underscores are allowed between digits, as in Go's own literals.
pub(super) fn parse_point_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    for (index, _) in text.match_indices('_') {
        let after_digit = index > 0 && is_digit(index - 1);
        if !(after_digit && is_digit(index + 1)) {
            return None;
        }
    }
    let plain = text.replace('_', "");
    if looks_like_float(&plain) { parse_decimal(&plain) } else { None }
}

/// What Go's `fmt` prints for a `float64` with `%v`, and so what a template prints: `2.548112e+08`.
pub(super) fn go_float(float: f64) -> String {
    go_shortest(float, format!("{float:e}"))
}

/// `strconv.FormatFloat(float, 'g', -1, 32)`: how a float that is a map's key becomes a string.
pub(super) fn go_float_key(float: f64) -> String {
    #[allow(clippy::cast_possible_truncation)] // Go does the same.
    let single = float as f32;
    match go_shortest(f64::from(single), format!("{single:e}")).as_str() {
        "+Inf" => ".inf".to_owned(),
        "-Inf" => "-.inf".to_owned(),
        "NaN" => ".nan".to_owned(),
        finite => finite.to_owned(),
    }
}

/// Go's format `g` at the shortest precision, given Rust's shortest digits in exponent notation (`2.548112e8`).
fn go_shortest(float: f64, shortest: String) -> String {
    if float.is_nan() {
        return "NaN".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let (mantissa, exponent) = parts(&shortest);
    if (-4..6).contains(&exponent) { plain_notation(mantissa, exponent) } else { exponent_notation(mantissa, exponent) }
}

/// Mantissa and exponent of Rust's exponent notation.
fn parts(notation: &str) -> (&str, i32) {
    let (mantissa, exponent) = notation.split_once('e').unwrap_or((notation, "0"));
    (mantissa, exponent.parse().unwrap_or_default())
}

/// What Go's `encoding/json` prints for a `float64`: exponents only below 1e-6 and from 1e21 on.
pub(super) fn json_float(float: f64) -> String {
    let shortest = format!("{float:e}");
    let (mantissa, exponent) = parts(&shortest);
    if float == 0.0 || (-6..21).contains(&exponent) {
        plain_notation(mantissa, exponent)
    } else if exponent < 0 {
        format!("{mantissa}e{exponent}") // Go cleans up e-09 to e-9 here, unlike in templates.
    } else {
        format!("{mantissa}e+{exponent}")
    }
}

fn exponent_notation(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn plain_notation(mantissa: &str, exponent: i32) -> String {
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let Ok(whole) = usize::try_from(exponent) else {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    };
    if digits.len() <= whole + 1 {
        format!("{sign}{digits}{}", "0".repeat(whole + 1 - digits.len()))
    } else {
        format!("{sign}{}.{}", &digits[..=whole], &digits[whole + 1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_go() {
        for (float, printed, key, json) in [
            (254_811_200.0, "2.548112e+08", "2.548112e+08", "254811200"),
            (1e5, "100000", "100000", "100000"),
            (1e6, "1e+06", "1e+06", "1000000"),
            (1_234_567.5, "1.2345675e+06", "1.2345675e+06", "1234567.5"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17", "1.2345679e+17", "123456789012345680"),
            (1e20, "1e+20", "1e+20", "100000000000000000000"),
            (1e21, "1e+21", "1e+21", "1e+21"),
            (0.0001, "0.0001", "0.0001", "0.0001"),
            (0.000_01, "1e-05", "1e-05", "0.00001"),
            (1e-7, "1e-07", "1e-07", "1e-7"),
            (1.5, "1.5", "1.5", "1.5"),
            (-21.25, "-21.25", "-21.25", "-21.25"),
            (0.0, "0", "0", "0"),
            (-0.0, "-0", "-0", "-0"),
            (0.1, "0.1", "0.1", "0.1"),
        ] {
            assert_eq!(
                (go_float(float), go_float_key(float), json_float(float)),
                (printed.into(), key.into(), json.into())
            );
        }
    }

    #[test]
    fn integers_have_gos_prefixes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0777", Some(511)),
            ("0o17", Some(15)),
            ("0O17", Some(15)),
            ("-0x1F", Some(-31)),
            ("+0b11", Some(3)),
            ("08", None),
            ("0x", None),
            ("", None),
            ("+", None),
            ("--1", None),
            ("0x-1", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
        ] {
            assert_eq!(parse_int(text), expected, "{text}");
        }
        assert_eq!(parse_uint("18446744073709551615"), Some(u64::MAX));
    }
}
