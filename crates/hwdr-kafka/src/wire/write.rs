//! Writes requests.

/// A request that is being written.
pub(crate) struct Writer {
    bytes: Vec<u8>,
    pub(super) flexible: bool,
}

impl Writer {
    pub(crate) fn new(flexible: bool) -> Self {
        // Room for the length.
        Self { bytes: vec![0; 4], flexible }
    }

    /// The whole, with its length.
    pub(crate) fn framed(mut self) -> Vec<u8> {
        let length = i32::try_from(self.bytes.len().saturating_sub(4)).unwrap_or(i32::MAX);
        for (place, byte) in self.bytes.iter_mut().zip(length.to_be_bytes()) {
            *place = byte;
        }
        self.bytes
    }

    pub(crate) fn i8(&mut self, value: i8) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.i8(i8::from(value));
    }

    pub(crate) fn i16(&mut self, value: i16) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(crate) fn i32(&mut self, value: i32) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.bytes.extend(value.to_be_bytes());
    }

    fn unsigned(&mut self, mut value: usize) {
        while value >= 0x80 {
            self.bytes.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
            value >>= 7;
        }
        self.bytes.push(u8::try_from(value).unwrap_or(0));
    }

    fn length(&mut self, length: Option<usize>, short: bool) {
        if self.flexible {
            self.unsigned(length.map_or(0, |length| length.saturating_add(1)));
        } else if short {
            self.i16(length.map_or(-1, |length| i16::try_from(length).unwrap_or(i16::MAX)));
        } else {
            self.i32(length.map_or(-1, |length| i32::try_from(length).unwrap_or(i32::MAX)));
        }
    }

    pub(crate) fn nullable_string(&mut self, text: Option<&str>) {
        // Longer than Kafka takes for any name: cut, so that the length stays true, and refused by the broker.
        let text = text.map(|text| text.get(..text.floor_char_boundary(32_000)).unwrap_or(text));
        self.length(text.map(str::len), true);
        self.bytes.extend(text.unwrap_or_default().bytes());
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.nullable_string(Some(text));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.length(Some(bytes.len()), false);
        self.bytes.extend(bytes);
    }

    pub(crate) fn list<T>(&mut self, list: &[T], mut one: impl FnMut(&mut Self, &T)) {
        self.length(Some(list.len()), false);
        for element in list {
            one(self, element);
        }
    }

    pub(crate) fn null_list(&mut self) {
        self.length(None, false);
    }

    /// No tagged fields, where there can be some.
    pub(crate) fn tags(&mut self) {
        if self.flexible {
            self.bytes.push(0);
        }
    }
}
