//! Reads blocks and single settings. What is wrong is collected, so that the linter can report all of it at once.

use super::names::Setting;
use crate::lint::rules::nearest_of;
use crate::refusal::Refusal;
use crate::source::Place;
use crate::values::{Data, Value};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, where, and what to do about it.
    pub refusal: Refusal,
    /// Whether something is missing: another values file may have it.
    pub is_missing: bool,
}

/// A map in the values, and where it is.
pub(super) struct Block<'v> {
    value: &'v Value,
    /// Its path, dotted.
    path: String,
    /// Its key.
    key: Place,
}

impl<'v> Block<'v> {
    /// All values.
    pub(super) fn of(values: &'v Value) -> Option<Self> {
        let is_map = matches!(values.data, Data::Map(_));
        is_map.then(|| Self { value: values, path: String::new(), key: values.place.clone() })
    }

    /// Whether it has something at `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value.entry(key).is_some_and(|entry| entry.value.data != Data::Null)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// Reads settings, and keeps what is wrong with them.
#[derive(Default)]
pub(super) struct Reader {
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    /// The map at `key`, whatever it holds. Null counts as absent, as it does in Helm.
    pub(super) fn any<'v>(&mut self, parent: Option<&Block<'v>>, key: &str) -> Option<Block<'v>> {
        let parent = parent?;
        let entry = parent.value.entry(key).filter(|entry| entry.value.data != Data::Null)?;
        let path = parent.path_of(key);
        match entry.value.data {
            Data::Map(_) => Some(Block { value: &entry.value, path, key: entry.key.clone() }),
            _ => {
                self.push(&path, "expected a map", &entry.value.place, "write its settings below it, indented");
                None
            }
        }
    }

    /// The map at `key`, in which only `keys` may stand.
    pub(super) fn block<'v>(&mut self, parent: Option<&Block<'v>>, key: &str, keys: &[&str]) -> Option<Block<'v>> {
        let block = self.any(parent, key)?;
        let Data::Map(map) = &block.value.data else { return None };
        for (name, entry) in map.iter().filter(|(name, _)| !keys.contains(&name.as_str())) {
            let help = match nearest_of(name, keys.iter().copied(), 3) {
                Some(known) => format!("did you mean '{known}'?"),
                None => format!("its keys are {}", keys.join(", ")),
            };
            self.push(&block.path, &format!("there is no key '{name}' here"), &entry.key, &help);
        }
        Some(block)
    }

    /// The setting `key`, if it is given. An empty text counts as not given, as in Helm's templates.
    pub(super) fn get<T: Setting>(&mut self, block: Option<&Block<'_>>, key: &str) -> Option<T> {
        let block = block?;
        let value = &block.value.entry(key)?.value;
        match &value.data {
            Data::Null => None,
            Data::String(text) if text.is_empty() => None,
            _ => self.parse(&block.path_of(key), value),
        }
    }

    /// The setting `key`, which must be given.
    pub(super) fn required<T: Setting>(&mut self, block: &Block<'_>, key: &str) -> Option<T> {
        let before = self.problems.len();
        let found = self.get(Some(block), key);
        if found.is_none() && self.problems.len() == before {
            return self.missing(block, key, &format!("{key}: {}", T::EXAMPLE));
        }
        found
    }

    /// The list `key`, if it is given: an empty one is.
    pub(super) fn list<T: Setting>(&mut self, block: Option<&Block<'_>>, key: &str) -> Option<Vec<T>> {
        let block = block?;
        let value = &block.value.entry(key)?.value;
        let path = block.path_of(key);
        match &value.data {
            Data::Null => None,
            Data::List(items) => Some(items.iter().filter_map(|item| self.parse(&path, item)).collect()),
            _ => {
                self.push(&path, "expected a list", &value.place, &format!("write it as a list: [{}]", T::EXAMPLE));
                None
            }
        }
    }

    /// The whole number `key` from 1 to `most`, if it is given.
    pub(super) fn number(&mut self, block: Option<&Block<'_>>, key: &str, most: u16) -> Option<u16> {
        let block = block?;
        let value = &block.value.entry(key)?.value;
        let number = match &value.data {
            Data::Null => return None,
            Data::Number(number) => Some(number.as_f64()),
            _ => None,
        };
        let fits = number.filter(|number| number.fract() == 0.0 && (1.0..=f64::from(most)).contains(number));
        if fits.is_none() {
            let problem = format!("expected a whole number from 1 to {most}");
            self.push(&block.path_of(key), &problem, &value.place, "write it without quotes");
        }
        // Whole, and within the bounds of the type.
        fits.map(|number| number as u16)
    }

    /// The switch `key`, if it is given.
    pub(super) fn switch(&mut self, block: Option<&Block<'_>>, key: &str) -> Option<bool> {
        let block = block?;
        let value = &block.value.entry(key)?.value;
        match value.data {
            Data::Null => None,
            Data::Bool(on) => Some(on),
            _ => {
                self.push(&block.path_of(key), "expected true or false", &value.place, "write it without quotes");
                None
            }
        }
    }

    /// Notes that `key` is missing; nothing is found.
    pub(super) fn missing<T>(&mut self, block: &Block<'_>, key: &str, example: &str) -> Option<T> {
        self.incomplete(block, &format!("{key} is missing"), &format!("for example {example}"));
        None
    }

    /// Notes that a block is not complete.
    pub(super) fn incomplete(&mut self, block: &Block<'_>, problem: &str, help: &str) {
        self.push(&block.path, problem, &block.key, help);
        if let Some(last) = self.problems.last_mut() {
            last.is_missing = true;
        }
    }

    /// Notes that the setting `key` contradicts another one.
    pub(super) fn wrong(&mut self, block: &Block<'_>, key: &str, problem: &str, help: &str) {
        let place = block.value.entry(key).map_or(&block.key, |entry| &entry.value.place);
        self.push(&block.path_of(key), problem, place, help);
    }

    fn parse<T: Setting>(&mut self, path: &str, value: &Value) -> Option<T> {
        let found = value.as_str().and_then(T::parse);
        if found.is_none() {
            let help = format!("for example {}", T::EXAMPLE);
            self.push(path, &format!("expected {}", T::EXPECTED), &value.place, &help);
        }
        found
    }

    fn push(&mut self, path: &str, problem: &str, place: &Place, help: &str) {
        let refusal = Refusal::new(format!("{path}: {problem}")).at(Some(place.clone())).help(help);
        self.problems.push(Problem { refusal, is_missing: false });
    }
}
