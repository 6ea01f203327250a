//! `--for`: which of the two restores is meant.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::mode::Mode;

/// Takes Helm's word for a mode.
pub fn parser() -> impl TypedValueParser<Value = Mode> {
    let help = |mode| match mode {
        Mode::Install => "`helm install`: into a new cluster",
        Mode::Upgrade => "`helm upgrade`: in place, onto the running cluster",
    };
    let values = Mode::ALL.map(|mode| PossibleValue::new(mode.word()).help(help(mode)));
    PossibleValuesParser::new(values).try_map(|word| Mode::of(&word).ok_or("no mode"))
}
