//! Reads what a broker sent: every length is checked against the bytes that are there before anything is made of it.

/// Why an answer is not what the protocol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The most elements that one answer may hold, over all its lists: some 100 MB in memory.
const MOST_ITEMS: u32 = 2_000_000;

/// A place in an answer.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    flexible: bool,
    items: u32,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], flexible: bool) -> Self {
        Self { rest: bytes, flexible, items: 0 }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn i8(&mut self) -> Result<i8, Malformed> {
        self.array().map(i8::from_be_bytes)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Malformed> {
        self.i8().map(|byte| byte != 0)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    /// A number in groups of seven bits, at most `bits` of them.
    fn unsigned(&mut self, bits: u32) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        let mut shift = 0;
        while shift < bits {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift = shift.saturating_add(7);
        }
        Err(Malformed("a number is too long"))
    }

    /// A signed number in zigzag, as records have it.
    pub(crate) fn varint(&mut self) -> Result<i64, Malformed> {
        let value = self.unsigned(64)?;
        Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
    }

    /// A length of bytes or of text; none where it is null.
    fn length(&mut self, short: bool) -> Result<Option<usize>, Malformed> {
        if self.flexible {
            return Ok(usize::try_from(self.unsigned(32)?)
                .map_err(|_| Malformed("a length is too big"))?
                .checked_sub(1));
        }
        let length = if short { i32::from(self.i16()?) } else { self.i32()? };
        match length {
            -1 => Ok(None),
            length => usize::try_from(length).map(Some).map_err(|_| Malformed("a length is negative")),
        }
    }

    pub(crate) fn nullable_string(&mut self) -> Result<Option<String>, Malformed> {
        let Some(length) = self.length(true)? else { return Ok(None) };
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Malformed("a text is not UTF-8"))?;
        Ok(Some(text.to_owned()))
    }

    pub(crate) fn string(&mut self) -> Result<String, Malformed> {
        self.nullable_string()?.ok_or(Malformed("a text is missing"))
    }

    pub(crate) fn nullable_bytes(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.length(false)? {
            Some(length) => self.take(length).map(Some),
            None => Ok(None),
        }
    }

    /// A list. Its length is not believed: it grows as its elements are read, and each takes a byte at least.
    pub(crate) fn list<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let Some(count) = self.length(false)? else { return Ok(Vec::new()) };
        if count > self.rest.len() {
            return Err(Malformed("a list is longer than the answer"));
        }
        let mut list = Vec::new();
        for _ in 0..count {
            self.items = self.items.saturating_add(1);
            if self.items > MOST_ITEMS {
                return Err(Malformed("it has too many elements"));
            }
            list.push(one(self)?);
        }
        Ok(list)
    }

    /// Skips a list's elements.
    pub(crate) fn skip_list(&mut self, one: impl FnMut(&mut Self) -> Result<(), Malformed>) -> Result<(), Malformed> {
        self.list(one).map(drop)
    }

    /// Skips tagged fields, where there can be some.
    pub(crate) fn tags(&mut self) -> Result<(), Malformed> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.unsigned(32)? {
            self.unsigned(32)?;
            let size = usize::try_from(self.unsigned(32)?).map_err(|_| Malformed("a length is too big"))?;
            self.take(size)?;
        }
        Ok(())
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed("it goes on after its end")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_that_lies_about_its_length() {
        let mut reader = Reader::new(&[0x7f, 0xff, 0xff, 0xff, 1, 2, 3], false);
        assert_eq!(reader.list(Reader::i8), Err(Malformed("a list is longer than the answer")));
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1], true);
        assert_eq!(reader.list(Reader::i8), Err(Malformed("a list is longer than the answer")));
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], true);
        assert_eq!(reader.nullable_bytes(), Err(Malformed("a number is too long")));
    }

    #[test]
    fn zigzag() {
        // The examples of Protocol Buffers, whose encoding KIP-98 takes.
        for (bytes, value) in [
            (&[0][..], 0),
            (&[1], -1),
            (&[2], 1),
            (&[0xac, 0x02], 150),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], -2_147_483_648),
        ] {
            assert_eq!(Reader::new(bytes, false).varint(), Ok(value));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), flexible: bool) {
            let mut reader = Reader::new(&bytes, flexible);
            let _ = reader.list(|r| { r.string()?; r.varint()?; r.tags()?; r.nullable_bytes().map(drop) });
        }
    }
}
