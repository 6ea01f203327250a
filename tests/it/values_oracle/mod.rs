//! Compares hwdr's reading with that of Helm's own packages, for hand-made and for generated cases.
//!
//! `HWDR_ORACLE_CASES` sets the number of generated cases (default 5,000; a tenth for charts), `HWDR_ORACLE_SEED` the first seed.

mod alone;
mod generate;
mod oracle;
mod shrink;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use hwdr::source::Source;
use hwdr::values::chart::Chart;
use hwdr::values::{self, Data, Helm, Value, ValueInputs, ValuesError, show};
use oracle::{Case, Oracle};

/// How a case compares.
enum Verdict {
    Same,
    /// Helm takes it, hwdr refuses it, and that is documented.
    Alone(&'static str),
    Different(String),
}

fn hwdr_reads(case: &Case, helm: Helm) -> Result<Value, ValuesError> {
    let inputs = ValueInputs {
        files: case.files.clone(),
        set: case.set.clone(),
        set_string: case.set_string.clone(),
        set_json: case.set_json.clone(),
        set_file: case.set_file.clone(),
        set_literal: case.set_literal.clone(),
    };
    let mut read = |name: &str| match case.texts.get(name) {
        Some(text) => Ok(text.clone()),
        None if name.trim() == "-" => Ok(Vec::new()),
        None => Err(io::Error::other("no such text")),
    };
    let values = values::read(&inputs, helm, &mut read)?;
    match &case.chart {
        Some(files) => Chart::from_files(files.clone(), "chart", helm)?.values(values, helm),
        None => Ok(values),
    }
}

fn compare(oracle: &mut Oracle, case: &Case, helm: Helm) -> Verdict {
    let answer = oracle.ask(case, if helm == Helm::V3 { 3 } else { 4 });
    match hwdr_reads(case, helm) {
        Ok(_) if !answer.error.is_empty() => Verdict::Different(format!("Helm refuses: {}", answer.error)),
        Ok(value) => {
            let mut ours = String::new();
            typed(&mut ours, &value);
            if ours != answer.typed {
                return Verdict::Different(format!("hwdr: {ours}\nhelm: {}", answer.typed));
            }
            let json: serde_json::Value = serde_json::from_str(&answer.json).expect("Helm prints JSON");
            if json != value.to_json() {
                return Verdict::Different(format!("hwdr: {}\nhelm: {}", value.to_json(), answer.json));
            }
            let printed = Source::new("printed", show::yaml(&value, true));
            match values::read_one(printed.clone()) {
                Ok(again) if as_floats(again.to_json()) == as_floats(json) => Verdict::Same,
                _ => Verdict::Different(format!("printed as YAML it does not read back:\n{}", printed.text)),
            }
        }
        Err(_) if !answer.error.is_empty() => Verdict::Same,
        Err(error) => match alone::reason(&error, case, helm) {
            Some(reason) => Verdict::Alone(reason),
            None => Verdict::Different(format!("hwdr refuses: {error}\nhelm: {}", answer.typed)),
        },
    }
}

/// JSON with every number as the float that it is in a values file.
fn as_floats(json: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match json {
        Json::Number(number) => number.as_f64().into(),
        Json::Array(list) => list.into_iter().map(as_floats).collect(),
        Json::Object(map) => map.into_iter().map(|(name, value)| (name, as_floats(value))).collect(),
        other => other,
    }
}

/// The values with the types that templates see, as `tests/oracle/typed.go` writes them.
fn typed(text: &mut String, value: &Value) {
    match &value.data {
        Data::Null => text.push_str("null"),
        Data::Bool(value) => write!(text, "{value}").unwrap(),
        Data::Number(number @ values::Number::Int(_)) => write!(text, "i{}", number.rendered()).unwrap(),
        Data::Number(number @ values::Number::Float(_)) => write!(text, "f{}", number.rendered()).unwrap(),
        Data::String(string) => quoted(text, string),
        Data::List(list) => {
            text.push('[');
            for item in list {
                typed(text, item);
                text.push(',');
            }
            text.push(']');
        }
        Data::Map(map) => {
            text.push('{');
            for (name, entry) in map {
                quoted(text, name);
                text.push(':');
                typed(text, &entry.value);
                text.push(',');
            }
            text.push('}');
        }
    }
}

fn quoted(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        if c < ' ' || c == '"' || c == '\\' {
            write!(text, "\\x{:02x}", c as u32).unwrap();
        } else {
            text.push(c);
        }
    }
    text.push('"');
}

fn shown(case: &Case) -> String {
    let mut text = String::new();
    for name in &case.files {
        writeln!(text, "  -f {:?}", String::from_utf8_lossy(&case.texts[name])).unwrap();
    }
    for (name, bytes) in case.chart.iter().flatten() {
        writeln!(text, "  {name}: {:?}", String::from_utf8_lossy(bytes)).unwrap();
    }
    for (flag, arguments) in [
        ("set", &case.set),
        ("set-string", &case.set_string),
        ("set-json", &case.set_json),
        ("set-file", &case.set_file),
        ("set-literal", &case.set_literal),
    ] {
        for argument in arguments {
            writeln!(text, "  --{flag} {argument:?}").unwrap();
        }
    }
    text
}

/// Compares all cases and tells about the first differences.
fn all_same(what: &str, cases: impl Iterator<Item = Case>) {
    let mut oracle = Oracle::start();
    let (mut same, mut alone, mut differences) = (0, BTreeMap::<_, usize>::new(), Vec::new());
    for case in cases {
        for helm in [Helm::V3, Helm::V4] {
            match compare(&mut oracle, &case, helm) {
                Verdict::Same => same += 1,
                Verdict::Alone(reason) => *alone.entry(reason).or_default() += 1,
                Verdict::Different(_) => differences.push((case.clone(), helm)),
            }
        }
    }
    println!("{what}: {same} the same, {} different, refused by hwdr alone: {alone:?}", differences.len());
    let mut reports = BTreeSet::new();
    for (case, helm) in differences.iter().take(6) {
        let differs = |oracle: &mut Oracle, case: &Case| matches!(compare(oracle, case, *helm), Verdict::Different(_));
        let small = shrink::shrink(&mut oracle, case.clone(), &differs);
        let Verdict::Different(how) = compare(&mut oracle, &small, *helm) else { unreachable!("shrinking keeps it") };
        reports.insert(format!("{helm:?}\n{}{how}\n", shown(&small)));
    }
    let reports: Vec<_> = reports.into_iter().collect();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), reports.join("\n"));
}

fn number(name: &str, without: u64) -> u64 {
    std::env::var(name).map_or(without, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn generated_cases_read_as_in_helm() {
    let mut random = generate::Random(number("HWDR_ORACLE_SEED", 1));
    all_same("generated", (0..number("HWDR_ORACLE_CASES", 5_000)).map(|_| generate::case(&mut random)));
}

#[test]
fn generated_charts_read_as_in_helm() {
    let mut random = generate::Random(number("HWDR_ORACLE_SEED", 1));
    all_same("charts", (0..number("HWDR_ORACLE_CASES", 5_000) / 10).map(|_| generate::chart(&mut random)));
}

#[test]
fn every_scalar_reads_as_in_helm() {
    all_same(
        "scalars",
        generate::SCALARS.iter().flat_map(|scalar| {
            ["", "!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!timestamp ", "!!binary ", "! ", "!x "].map(
                |tag| {
                    let mut case = Case::default();
                    case.texts.insert("mem:0".to_owned(), format!("a: {tag}{scalar}\n").into_bytes());
                    case.files.push("mem:0".to_owned());
                    case
                },
            )
        }),
    );
}
