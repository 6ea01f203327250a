//! Recognises go-yaml's timestamps. Values keep their text, so this only decides which texts `!!timestamp` accepts.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

/// Whether one of the four layouts in go-yaml's `resolve.go` fits, by the rules of Go's `time.Parse`: four digits of year, one or two of
/// month, day, hour, minute and second, then any number for the fraction.
pub(super) fn is_timestamp(text: &str) -> bool {
    let mut cursor = Cursor(text);
    let Some((year, month, day)) = date(&mut cursor) else {
        return false;
    };
    let fits = match cursor.0.as_bytes().first() {
        None => true,
        Some(b'T' | b't') => {
            cursor.skip(1);
            clock(&mut cursor).is_some() && zone(&mut cursor).is_some()
        }
        Some(b' ') => {
            // A space in a layout matches any number of spaces, also none.
            cursor.0 = cursor.0.trim_start_matches(' ');
            clock(&mut cursor).is_some()
        }
        Some(_) => false,
    };
    fits && cursor.0.is_empty() && (1..=days_in(month, year)).contains(&day)
}

/// The rest of the text.
struct Cursor<'t>(&'t str);

impl Cursor<'_> {
    fn skip(&mut self, bytes: usize) {
        self.0 = &self.0[bytes..];
    }

    fn literal(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// One or two digits.
    fn number(&mut self) -> Option<u32> {
        let digits = self.0.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let number = self.0[..digits].parse().ok()?;
        self.skip(digits);
        Some(number)
    }

    /// Exactly two digits.
    fn two(&mut self) -> Option<u32> {
        let bytes = self.0.as_bytes();
        if bytes.len() < 2 || !bytes[..2].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = self.0[..2].parse().ok()?;
        self.skip(2);
        Some(number)
    }
}

fn date(cursor: &mut Cursor<'_>) -> Option<(u32, u32, u32)> {
    let digits = cursor.0.bytes().take_while(u8::is_ascii_digit).count();
    if digits != 4 {
        return None;
    }
    let year = cursor.0[..4].parse().ok()?;
    cursor.skip(4);
    cursor.literal("-")?;
    let month = cursor.number().filter(|month| (1..=12).contains(month))?;
    cursor.literal("-")?;
    Some((year, month, cursor.number()?))
}

fn clock(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.number().filter(|hour| *hour < 24)?;
    cursor.literal(":")?;
    cursor.number().filter(|minute| *minute < 60)?;
    cursor.literal(":")?;
    cursor.number().filter(|second| *second < 60)?;
    if let Some(fraction) = cursor.0.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            cursor.skip(1 + digits);
        }
    }
    Some(())
}

fn zone(cursor: &mut Cursor<'_>) -> Option<()> {
    if cursor.literal("Z").is_some() {
        return Some(());
    }
    cursor.0 = cursor.0.strip_prefix(['+', '-'])?;
    cursor.two().filter(|hours| *hours <= 24)?;
    cursor.literal(":")?;
    cursor.two().filter(|minutes| *minutes <= 60)?;
    Some(())
}

fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::is_timestamp;

    #[test]
    fn layouts_are_those_of_go_yaml() {
        for text in [
            "2001-12-14",
            "2001-1-1",
            "2001-12-14T21:59:43.10-05:00",
            "2001-12-14t21:59:43Z",
            "2001-12-14 21:59:43.1",
            "2000-02-29",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in
            ["2001-12-14 21:59:43.10 -5", "2001-13-14", "2001-02-29", "01-1-1", "2001-12-14T21:59:43", "2001", "2001-"]
        {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
