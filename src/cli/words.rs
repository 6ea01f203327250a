//! Flags whose value is one of a few words.

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::mode::Mode;
use crate::product::{self, PRODUCTS, Product};
use crate::run::show::LogFormat;

/// A word, what it stands for, and its help.
type Word<T> = (&'static str, T, Option<&'static str>);

/// How the output is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people
    #[default]
    Text,
    /// JSON
    Json,
}

/// Helm's verbs, and the restore that each means.
pub(super) const MODES: [Word<Mode>; 2] = [
    (Mode::Install.word(), Mode::Install, Some("`helm install`: into a new cluster")),
    (Mode::Upgrade.word(), Mode::Upgrade, Some("`helm upgrade`: in place, onto the running cluster")),
];

/// How the lines of a run are written.
pub(super) const LOG_FORMATS: [Word<LogFormat>; 2] =
    [("text", LogFormat::Text, Some("For people")), ("json", LogFormat::Json, Some("One JSON object a line"))];

/// Takes `--for`.
pub(super) fn mode() -> impl TypedValueParser<Value = Mode> {
    one_of(MODES)
}

/// Takes `--product`.
pub(super) fn product() -> impl TypedValueParser<Value = &'static dyn Product> {
    let names = PRODUCTS.iter().map(|product| PossibleValue::new(product.name()).help(product.title()));
    PossibleValuesParser::new(names).try_map(|name| product::named(&name).ok_or("there is no such product"))
}

/// Takes one of the words.
pub(super) fn one_of<T: Clone + Send + Sync + 'static, const N: usize>(
    words: [Word<T>; N],
) -> impl TypedValueParser<Value = T> {
    let values = words.each_ref().map(|(word, _, help)| PossibleValue::new(*word).help(*help));
    PossibleValuesParser::new(values).try_map(move |given| {
        let found = words.iter().find(|(word, ..)| given == *word);
        found.map(|(_, meaning, _)| meaning.clone()).ok_or("there is no such word")
    })
}
