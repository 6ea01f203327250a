//! The JSON of `--set-json`, as Go's `encoding/json` reads it, with the place of each value.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use std::sync::Arc;

use super::{Data, Entry, MAX_DEPTH, Map, Number, Value, ValuesError};
use crate::source::{Place, Source, Span};

/// Reads the JSON value at byte `start` of the source, and returns where it ends: more text may follow.
pub(super) fn read(source: &Arc<Source>, start: usize) -> Result<(Value, usize), ValuesError> {
    let mut reader = Reader { source, at: start, depth: 0 };
    let value = reader.value()?;
    Ok((value, reader.at))
}

/// Reads an argument that is one JSON object, as Helm 4 accepts it for `--set-json`.
pub(super) fn read_object(name: &str, text: &str) -> Result<Map, ValuesError> {
    let source = Source::new(name, text);
    // Helm trims all Unicode blanks before and after the object.
    let start = text.len() - text.trim_start().len();
    let mut reader = Reader { source: &source, at: start, depth: 0 };
    let value = reader.value()?;
    if reader.at < text.trim_end().len() {
        return Err(reader.error("more text after the JSON object"));
    }
    match value.data {
        Data::Map(map) => Ok(map),
        _ => Err(ValuesError::refused("a JSON object is expected here", Some(value.place))),
    }
}

struct Reader<'s> {
    source: &'s Arc<Source>,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, ValuesError> {
        self.blanks();
        let start = self.at;
        let data = match self.peek() {
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => Data::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ if self.taken("null") => Data::Null,
            _ if self.taken("true") => Data::Bool(true),
            _ if self.taken("false") => Data::Bool(false),
            _ => return Err(self.error("a JSON value is expected here")),
        };
        Ok(Value { data, place: self.place(start) })
    }

    fn object(&mut self) -> Result<Data, ValuesError> {
        self.enter()?;
        let mut map = Map::new();
        self.blanks();
        if !self.taken("}") {
            loop {
                self.blanks();
                let start = self.at;
                let name = self.string()?;
                let key = self.place(start);
                self.blanks();
                self.expect(":")?;
                map.insert(name, Entry { key, value: self.value()? });
                self.blanks();
                if self.taken("}") {
                    break;
                }
                self.expect(",")?;
            }
        }
        self.depth -= 1;
        Ok(Data::Map(map))
    }

    fn array(&mut self) -> Result<Data, ValuesError> {
        self.enter()?;
        let mut list = Vec::new();
        self.blanks();
        if !self.taken("]") {
            loop {
                list.push(self.value()?);
                self.blanks();
                if self.taken("]") {
                    break;
                }
                self.expect(",")?;
            }
        }
        self.depth -= 1;
        Ok(Data::List(list))
    }

    fn number(&mut self) -> Result<Data, ValuesError> {
        let start = self.at;
        self.taken("-");
        if !self.taken("0") {
            self.digits()?;
        }
        if self.taken(".") {
            self.digits()?;
        }
        if self.taken("e") || self.taken("E") {
            let _ = self.taken("+") || self.taken("-");
            self.digits()?;
        }
        let text = &self.source.text[start..self.at];
        let float = text.parse::<f64>().ok().filter(|float| float.is_finite());
        float.map(|float| Data::Number(Number::Float(float))).ok_or_else(|| self.error("this number is out of range"))
    }

    fn digits(&mut self) -> Result<(), ValuesError> {
        let rest = self.rest().as_bytes();
        match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => Err(self.error("a digit is expected here")),
            digits => {
                self.at += digits;
                Ok(())
            }
        }
    }

    fn string(&mut self) -> Result<String, ValuesError> {
        self.expect("\"")?;
        let mut text = String::new();
        loop {
            let Some(next) = self.rest().chars().next() else {
                return Err(self.error("the JSON ends inside a string"));
            };
            match next {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escape()?),
                '\0'..='\x1f' => return Err(self.error("a control character inside a JSON string")),
                _ => {
                    text.push(next);
                    self.at += next.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, ValuesError> {
        let escaped = match self.rest().as_bytes().get(1) {
            Some(b'u') => return self.unicode_escape(),
            Some(quoted @ (b'"' | b'\\' | b'/')) => char::from(*quoted),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.error("not a JSON escape")),
        };
        self.at += 2;
        Ok(escaped)
    }

    /// `\uXXXX`, or two of them for one character. An unpaired half becomes U+FFFD, as in Go.
    fn unicode_escape(&mut self) -> Result<char, ValuesError> {
        let first = self.unit(self.at).ok_or_else(|| self.error("four hexadecimal digits are expected here"))?;
        let second = self.unit(self.at + 6);
        self.at += 6;
        let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
        match (char::from_u32(u32::from(first)), pair) {
            (Some(single), _) => Ok(single),
            (None, Some(pair)) => {
                self.at += 6;
                Ok(pair)
            }
            (None, None) => Ok('\u{fffd}'),
        }
    }

    /// The number in a `\uXXXX` at `at`.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.source.text.get(at..at + 6)?.strip_prefix("\\u")?;
        if digits.starts_with('+') { None } else { u16::from_str_radix(digits, 16).ok() }
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn peek(&self) -> Option<u8> {
        self.rest().as_bytes().first().copied()
    }

    fn taken(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), ValuesError> {
        if self.taken(token) { Ok(()) } else { Err(self.error(&format!("`{token}` is expected here"))) }
    }

    fn rest(&self) -> &str {
        &self.source.text[self.at..]
    }

    fn enter(&mut self) -> Result<(), ValuesError> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(ValuesError::unsupported(message, Some(self.place(self.at))));
        }
        Ok(())
    }

    fn error(&self, message: &str) -> ValuesError {
        ValuesError::refused(message, Some(self.place(self.at)))
    }

    /// From `start` to the current position.
    fn place(&self, start: usize) -> Place {
        Place::new(Arc::clone(self.source), Span::new(start, self.at))
    }
}
