//! The language of `--set` and related flags, as Helm's `pkg/strvals` parses it, quirks included: `a.b=1,c[0]=x,d={e,f}`.
//!
//! Helm changes the values while it parses, and so does this: if an argument ends early, the changes
//! so far stay. All keys and values get their place in the argument.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

use std::io;
use std::sync::Arc;

use super::documents::set_file_text;
use super::{Data, Entry, Helm, Map, Number, Read, Value, ValuesError, json};
use crate::source::{Place, Source, Span};

/// The highest index of a list (`MaxIndex`).
const MAX_INDEX: usize = 65_536;

/// How many dots a name may have (`MaxNestedNameLevel`).
const MAX_NAME_LEVEL: usize = 30;

/// How many indexes may follow each other. Helm has no such limit.
const MAX_INDEX_LEVEL: usize = 100;

/// The kind of value after the `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    /// `--set`: booleans, `null` and whole numbers are recognised.
    Set,
    /// `--set-string`: everything is text.
    SetString,
    /// `--set-file`: the contents of the named file.
    SetFile,
    /// `--set-json`: a JSON value.
    SetJson,
    /// `--set-literal`: the rest of the argument is text, with no special characters.
    SetLiteral,
}

impl Flag {
    /// As it is written on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Flag::Set => "--set",
            Flag::SetString => "--set-string",
            Flag::SetFile => "--set-file",
            Flag::SetJson => "--set-json",
            Flag::SetLiteral => "--set-literal",
        }
    }
}

/// Applies one argument of `flag` to the values.
pub(super) fn apply(
    flag: Flag,
    argument: &str,
    values: &mut Map,
    helm: Helm,
    read: &mut Read<'_>,
) -> Result<(), ValuesError> {
    let source = Source::new(flag.name(), argument);
    Parser { flag, source: &source, at: 0, read, files: Vec::new() }.all(values, helm)
}

/// An argument of `--set-file` with other files: `other` returns the new name of each.
///
/// # Errors
/// If the argument is invalid, or `other` fails.
pub fn rename_files(
    argument: &str,
    other: &mut dyn FnMut(&str) -> Result<String, ValuesError>,
) -> Result<String, ValuesError> {
    let source = Source::new(Flag::SetFile.name(), argument);
    let read: &mut Read<'_> = &mut |_| Ok(Vec::new());
    let mut parser = Parser { flag: Flag::SetFile, source: &source, at: 0, read, files: Vec::new() };
    parser.all(&mut Map::new(), Helm::V4)?;
    let (mut renamed, mut at) = (String::new(), 0);
    for (span, name) in &parser.files {
        renamed.push_str(argument.get(at..span.start).unwrap_or_default());
        for character in other(name)?.chars() {
            // A backslash changes nothing before a character without a special meaning.
            if !character.is_ascii_alphanumeric() {
                renamed.push('\\');
            }
            renamed.push(character);
        }
        at = span.end;
    }
    renamed.push_str(argument.get(at..).unwrap_or_default());
    Ok(renamed)
}

/// Why parsing stops.
enum Stop {
    /// The text has ended.
    End,
    /// The text has ended inside an index.
    EndInIndex,
    /// Something is wrong.
    Error(Box<ValuesError>),
}

impl From<ValuesError> for Stop {
    fn from(error: ValuesError) -> Self {
        Stop::Error(Box::new(error))
    }
}

/// A piece of the argument, without its backslashes.
struct Piece {
    text: String,
    span: Span,
    /// The character that ends it, which is not part of it; `None` at the end of the argument.
    end: Option<char>,
}

/// A value after the `=`, or the end of the argument.
enum Taken {
    Value(Value),
    Nothing,
}

struct Parser<'p, 'r> {
    flag: Flag,
    source: &'p Arc<Source>,
    at: usize,
    read: &'p mut Read<'r>,
    /// The named files, and where.
    files: Vec<(Span, String)>,
}

impl Parser<'_, '_> {
    /// The whole argument.
    fn all(&mut self, values: &mut Map, helm: Helm) -> Result<(), ValuesError> {
        loop {
            match self.key(values, 0) {
                Ok(()) => {}
                Err(Stop::End) => return Ok(()),
                // Helm 4 checks whether an error *wraps* the end of the text, and so takes `a[1` for the end of the argument.
                Err(Stop::EndInIndex) if helm == Helm::V4 => return Ok(()),
                Err(Stop::EndInIndex) => return Err(self.refused("the argument ends inside an index", self.at)),
                Err(Stop::Error(error)) => return Err(*error),
            }
        }
    }

    /// A key, up to the next special character, and what follows it.
    fn key(&mut self, map: &mut Map, level: usize) -> Result<(), Stop> {
        let stops: &[char] = if self.flag == Flag::SetLiteral { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let key = self.until(stops);
        match key.end {
            None if key.text.is_empty() => Err(Stop::End),
            None => Err(self.bad(format!("key \"{}\" has no value", key.text), key.span)),
            Some('[') => self.list(map, key, level),
            Some('.') => self.map(map, key, level + 1),
            Some(',') => Err(self.bad(format!("key \"{}\" has no value (cannot end with ,)", key.text), key.span)),
            Some(_) => match self.value()? {
                Taken::Value(value) => {
                    set(map, &key, self.place(key.span), value);
                    Ok(())
                }
                Taken::Nothing => {
                    set(map, &key, self.place(key.span), self.empty());
                    Err(Stop::End)
                }
            },
        }
    }

    /// After `key.`: the rest of the name, in the map of that name, which may be new.
    fn map(&mut self, map: &mut Map, key: Piece, level: usize) -> Result<(), Stop> {
        if level > MAX_NAME_LEVEL {
            let message = format!("a name has more than {MAX_NAME_LEVEL} dots");
            return Err(self.bad(message, key.span));
        }
        let place = self.place(key.span);
        if let Some(entry) = map.get_mut(&key.text) {
            let Data::Map(inner) = &mut entry.value.data else {
                return Err(self.not_a("map", &key, &entry.value));
            };
            let result = self.key(inner, level);
            if result.is_ok() && inner.is_empty() {
                return Err(self.bad(format!("key map \"{}\" has no value", key.text), key.span));
            }
            return result;
        }
        let mut inner = Map::new();
        let result = self.key(&mut inner, level);
        if inner.is_empty() {
            result?;
            return Err(self.bad(format!("key map \"{}\" has no value", key.text), key.span));
        }
        set(map, &key, place.clone(), Value { data: Data::Map(inner), place });
        result
    }

    /// After `key[`: the index and what follows it, in the list of that name, which may be new.
    fn list(&mut self, map: &mut Map, key: Piece, level: usize) -> Result<(), Stop> {
        let index = self.index()?;
        let place = self.place(key.span);
        if let Some(entry) = map.get_mut(&key.text) {
            let Data::List(list) = &mut entry.value.data else {
                return Err(self.not_a("list", &key, &entry.value));
            };
            let before = list.len();
            let result = self.item(list, index, level, 1);
            if key.text.is_empty() {
                list.truncate(before); // Go grows a copy, which the empty key does not keep.
            }
            return result;
        }
        let mut list = Vec::new();
        let result = self.item(&mut list, index, level, 1);
        set(map, &key, place.clone(), Value { data: Data::List(list), place });
        result
    }

    /// After `[index]`: another index, a name inside the item, or its value.
    fn item(&mut self, list: &mut Vec<Value>, index: Index, level: usize, depth: usize) -> Result<(), Stop> {
        if index.number < 0 {
            return Err(self.bad(format!("negative {} index not allowed", index.number), index.span));
        }
        if depth > MAX_INDEX_LEVEL {
            let message = format!("more than {MAX_INDEX_LEVEL} indexes in a row");
            return Err(ValuesError::unsupported(message, Some(self.place(index.span))).into());
        }
        let rest = self.until(&['[', '.', '=']);
        if !rest.text.is_empty() {
            return Err(self.bad(format!("unexpected data at end of array index: \"{}\"", rest.text), rest.span));
        }
        let place = self.place(index.span);
        // An index that is too large is refused only when a value is stored there.
        let position = usize::try_from(index.number).unwrap_or(usize::MAX);
        match rest.end {
            None => Err(Stop::End),
            Some('[') => {
                let next = self.index()?;
                match list.get_mut(position).map(|item| (&mut item.data, &item.place)) {
                    Some((Data::List(inner), _)) => self.item(inner, next, level, depth + 1),
                    None | Some((Data::Null, _)) => {
                        let mut inner = Vec::new();
                        self.item(&mut inner, next, level, depth + 1)?;
                        self.set_index(list, index, Value { data: Data::List(inner), place })
                    }
                    Some(_) => Err(self.bad("this item is not a list".to_owned(), index.span)),
                }
            }
            Some('.') => {
                if let Some(item) = list.get_mut(position) {
                    if let Data::Map(inner) = &mut item.data {
                        return self.key(inner, level);
                    }
                    let mut inner = Map::new();
                    let result = self.key(&mut inner, level);
                    *item = Value { data: Data::Map(inner), place };
                    return result;
                }
                let mut inner = Map::new();
                self.key(&mut inner, level)?;
                self.set_index(list, index, Value { data: Data::Map(inner), place })
            }
            Some(_) => {
                let value = match self.value()? {
                    Taken::Value(value) => value,
                    Taken::Nothing => self.empty(),
                };
                self.set_index(list, index, value)
            }
        }
    }

    /// Stores a value in a list; nulls fill the gap before it.
    fn set_index(&self, list: &mut Vec<Value>, index: Index, value: Value) -> Result<(), Stop> {
        let position = usize::try_from(index.number).unwrap_or(usize::MAX);
        if position > MAX_INDEX {
            let message = format!("index of {} is greater than maximum supported index of {MAX_INDEX}", index.number);
            return Err(self.bad(message, index.span));
        }
        if list.len() <= position {
            list.resize(position + 1, Value { data: Data::Null, place: self.place(index.span) });
        }
        list[position] = value;
        Ok(())
    }

    /// The number up to `]`, as Go's `strconv.Atoi` reads it.
    fn index(&mut self) -> Result<Index, Stop> {
        let piece = self.until(&[']']);
        if piece.end.is_none() {
            return Err(Stop::EndInIndex);
        }
        match piece.text.parse() {
            Ok(number) => Ok(Index { number, span: piece.span }),
            Err(_) => Err(self.bad(format!("\"{}\" is not an index", piece.text), piece.span)),
        }
    }

    /// The value after `=`.
    fn value(&mut self) -> Result<Taken, Stop> {
        match self.flag {
            Flag::SetJson => self.json().map(Taken::Value),
            Flag::SetLiteral => {
                let span = Span::new(self.at, self.source.text.len());
                let text = self.source.text[self.at..].to_owned();
                self.at = span.end;
                Ok(Taken::Value(Value { data: Data::String(text), place: self.place(span) }))
            }
            _ => match self.rest().chars().next() {
                None => Ok(Taken::Nothing),
                Some('{') => self.braces().map(Taken::Value),
                Some(_) => {
                    let piece = self.until(&[',']);
                    self.convert(piece).map(Taken::Value)
                }
            },
        }
    }

    /// A list in braces: `{a,b}`. (`{}` is a list of one empty text.)
    fn braces(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        self.at += 1;
        let mut list = Vec::new();
        loop {
            let piece = self.until(&[',', '}']);
            let end = piece.end;
            if end.is_none() {
                return Err(self.bad("list must terminate with '}'".to_owned(), Span::new(start, self.at)));
            }
            list.push(self.convert(piece)?);
            if end == Some('}') {
                let place = self.place(Span::new(start, self.at));
                if self.rest().starts_with(',') {
                    self.at += 1;
                }
                return Ok(Value { data: Data::List(list), place });
            }
        }
    }

    /// A JSON value. Blanks and one comma may follow; nothing, or only a comma, is `null`.
    fn json(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        if self.blank() {
            return Ok(Value { data: Data::Null, place: self.place(Span::new(start, start)) });
        }
        let (value, end) = json::read(self.source, self.at)?;
        self.at = end;
        self.blank();
        Ok(value)
    }

    /// Skips blanks and the comma after them. Returns whether the argument, or this part of it, ends there.
    fn blank(&mut self) -> bool {
        while let Some(next) = self.rest().chars().next() {
            if next == ',' {
                self.at += 1;
                return true;
            }
            if !next.is_whitespace() {
                return false;
            }
            self.at += next.len_utf8();
        }
        true
    }

    /// What a piece of text means to the flag.
    fn convert(&mut self, piece: Piece) -> Result<Value, Stop> {
        let place = self.place(piece.span);
        let data = match self.flag {
            Flag::Set => typed(piece.text),
            Flag::SetFile => match (self.read)(&piece.text) {
                Ok(bytes) => {
                    self.files.push((piece.span, piece.text));
                    Data::String(set_file_text(&bytes))
                }
                Err(error) => return Err(unreadable(&piece.text, &error, place).into()),
            },
            _ => Data::String(piece.text),
        };
        Ok(Value { data, place })
    }

    /// The text up to one of `stops`, which is consumed. A backslash takes the next character literally (not for `--set-literal`).
    fn until(&mut self, stops: &[char]) -> Piece {
        let start = self.at;
        let mut text = String::new();
        let mut end = None;
        let mut stopped_at = self.source.text.len();
        let mut rest = self.source.text[start..].char_indices();
        while let Some((offset, next)) = rest.next() {
            if stops.contains(&next) {
                end = Some(next);
                stopped_at = start + offset;
                break;
            }
            if next == '\\' && self.flag != Flag::SetLiteral {
                text.extend(rest.next().map(|(_, escaped)| escaped));
            } else {
                text.push(next);
            }
        }
        self.at = stopped_at + end.map_or(0, char::len_utf8);
        Piece { text, span: Span::new(start, stopped_at), end }
    }

    /// The empty text, at the end of the argument.
    fn empty(&self) -> Value {
        Value { data: Data::String(String::new()), place: self.place(Span::new(self.at, self.at)) }
    }

    fn rest(&self) -> &str {
        &self.source.text[self.at..]
    }

    fn place(&self, span: Span) -> Place {
        Place::new(Arc::clone(self.source), span)
    }

    fn not_a(&self, wanted: &str, key: &Piece, value: &Value) -> Stop {
        let message = format!("\"{}\" is {} already ({}), not a {wanted}", key.text, value.data.kind(), value.place);
        self.bad(message, key.span)
    }

    fn bad(&self, message: String, span: Span) -> Stop {
        ValuesError::refused(message, Some(self.place(span))).into()
    }

    fn refused(&self, message: &str, at: usize) -> ValuesError {
        ValuesError::refused(message, Some(self.place(Span::new(at, at))))
    }
}

/// An index of a list, and where it was written.
#[derive(Clone, Copy)]
struct Index {
    number: i64,
    span: Span,
}

/// Sets a key; an empty one is silently ignored.
fn set(map: &mut Map, key: &Piece, place: Place, value: Value) {
    if !key.text.is_empty() {
        map.insert(key.text.clone(), Entry { key: place, value });
    }
}

/// The type that `--set` gives a text (`typedVal`): numbers with leading zeros stay text, and so does everything but whole
/// numbers within 64 bits.
fn typed(text: String) -> Data {
    // Go folds case by Unicode, where the long s is an s.
    match text.replace('ſ', "s").to_ascii_lowercase().as_str() {
        "true" => return Data::Bool(true),
        "false" => return Data::Bool(false),
        "null" => return Data::Null,
        "0" => return Data::Number(Number::Int(0)),
        _ => {}
    }
    match text.parse() {
        Ok(int) if !text.starts_with('0') => Data::Number(Number::Int(int)),
        _ => Data::String(text),
    }
}

fn unreadable(name: &str, error: &io::Error, place: Place) -> ValuesError {
    ValuesError { place: Some(place), ..ValuesError::unreadable(format!("cannot read {name}: {error}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_an_argument_get_other_names() {
        for (argument, expected) in [
            ("a=f", r"a=\/c\,0"),
            ("a=f,b.c[1]=g", r"a=\/c\,0,b.c[1]=\/c\,1"),
            (r"a\,b=x\,y,c={f,g}", r"a\,b=\/c\,0,c={\/c\,1,\/c\,2}"),
            ("a=", "a="),
            ("a=/dev/fd/63", r"a=\/c\,0"),
        ] {
            let mut names = Vec::new();
            let renamed = rename_files(argument, &mut |name| {
                names.push(name.to_owned());
                Ok(format!("/c,{}", names.len() - 1))
            });
            assert_eq!(renamed.unwrap(), expected, "{argument}");
            let mut read = Vec::new();
            apply(Flag::SetFile, expected, &mut Map::new(), Helm::V3, &mut |name| {
                read.push(name.to_owned());
                Ok(Vec::new())
            })
            .unwrap();
            assert_eq!(read, (0..names.len()).map(|number| format!("/c,{number}")).collect::<Vec<_>>(), "{argument}");
        }
        assert!(rename_files("a", &mut |name| Ok(name.to_owned())).is_err());
    }
}
