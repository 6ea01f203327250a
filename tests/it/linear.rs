//! Reading and linting take time proportional to the text, whatever it contains: 16 MiB are accepted, and must not take quadratic time.

use std::sync::Arc;

use hwdr::lint::report::{LintRun, github, human, json};
use hwdr::lint::{Context, fix, lint};
use hwdr::source::Source;
use hwdr::values::{self, Helm, ValueInputs, show};

/// The nanoseconds of processor time that this thread has had: others on the machine make no difference.
fn spent() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// All that is done with a file: read, linted, told in three forms, mended, printed.
fn work(text: &str) -> u64 {
    let before = spent();
    let source = Source::new("values.yaml", text);
    if let Ok(values) = values::read_one(source.clone()) {
        let context = Context { whole: true, ..Context::default() };
        let findings = lint(&values, &context);
        let lint = |source: &Arc<Source>| Some(lint(&values::read_one(source.clone()).ok()?, &context));
        let _ = fix::all(&source, &findings, &lint);
        human::render(&findings, human::Look::default());
        let run = LintRun { findings, ..LintRun::default() };
        json::render(&run);
        github::render(&run);
        show::yaml(&values, true);
    } else {
        values::pasted::mended(&source);
    }
    spent() - before
}

fn many(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(line).collect()
}

type Make = fn(usize) -> String;

/// Files that would take a square of their length somewhere, each about `n` times ten bytes.
const FILES: [(&str, Make); 20] = [
    ("one line of what a shell would act on", |n| {
        format!("global: {{_hopsworks: {{backups: {{l: [{}]}}}}}}", "\\$,".repeat(n))
    }),
    ("lines of it", |n| format!("global:\n  _hopsworks:\n    backups:\n      l:\n{}", "      - a$b\n".repeat(n))),
    ("unknown keys", |n| format!("global:\n  _hopsworks:\n    backups:\n{}", many(n, |i| format!("      k{i}: 1\n")))),
    ("unknown keys on one line", |n| {
        format!("global: {{_hopsworks: {{backups: {{{}}}}}}}", many(n, |i| format!("k{i}: é,")))
    }),
    ("values of wrong types", |n| {
        format!("rondb: {{rondb: {{restoreFromBackup: {{excludeTables: [{}]}}}}}}", "1,".repeat(n))
    }),
    ("switches as text", |n| {
        format!("olk: {{opensearch: {{restore: {{repositories: {{{}}}}}}}}}", many(n, |i| format!("r{i}: 'no',")))
    }),
    ("ids without quotes", |n| {
        let snapshots = many(n, |i| format!("s{i}: {{snapshot_name: 254811200}},"));
        format!("olk: {{opensearch: {{restore: {{repositories: {{d: {{snapshots: {{{snapshots}}}}}}}}}}}}}")
    }),
    ("passwords", |n| many(n, |i| format!("p{i}_password: hunter{i}\n"))),
    ("excuses", |n| "a: 1 # hwdr: ignore[ttl]\n".repeat(n)),
    ("excuses on one line", |n| format!("a: 1 {}", "# hwdr: ignore[tll] ".repeat(n))),
    ("one key again and again", |n| "a: 1\n".repeat(n)),
    ("one block again and again", |n| "global: {_hopsworks: {backups: {ttl: 60d}}}\n".repeat(n / 4)),
    ("zeros as keys", |n| many(n, |i| format!("k{i}: 1\n0.0: 1\n"))),
    ("keys with dots", |n| many(n, |i| format!("global._hopsworks.k{i}: 1\n"))),
    ("no-break spaces", |n| many(n, |i| format!("\u{a0}k{i}: 1\n"))),
    ("no indentation", |n| format!("global:\n_hopsworks:\nbackups:\n{}", many(n, |i| format!("k{i}: 1\n")))),
    ("empty blocks", |n| "global:\n_hopsworks:\n".repeat(n)),
    ("a long key", |n| format!("global: {{_hopsworks: {{backups: {{\"{}\": 1}}}}}}", "é".repeat(n * 4))),
    ("documents", |n| "a: 1\n---\n".repeat(n)),
    ("aliases", |n| format!("a: &a 2w\nglobal: {{_hopsworks: {{backups: {{ttl: *a, l: [{}]}}}}}}", "*a,".repeat(n))),
];

#[test]
fn four_times_the_text_takes_about_four_times_as_long() {
    for (what, make) in FILES {
        let (small, large) = (make(1_500), make(6_000));
        let (once, four) = (work(&small), work(&large));
        assert!(
            four < 8 * once + 200_000_000,
            "{what}: {once} ns for {} bytes, {four} for {}",
            small.len(),
            large.len()
        );
    }
}

#[test]
fn many_layers_and_flags_are_no_square_either() {
    let spend = |n: usize| {
        let before = spent();
        let inputs = ValueInputs {
            files: vec!["a.yaml".into(); n / 100],
            set: (0..n).map(|i| format!("global._hopsworks.backups.k{i}=$")).collect(),
            ..ValueInputs::default()
        };
        let mut read = |_: &str| Ok(b"global: {_hopsworks: {backups: {ttl: 2w}}}\n".to_vec());
        let values = values::read(&inputs, Helm::V3, &mut read).unwrap();
        let findings = lint(&values, &Context { whole: true, ..Context::default() });
        assert!(findings.len() > n);
        json::render(&LintRun { findings, ..LintRun::default() });
        spent() - before
    };
    let (once, four) = (spend(1_000), spend(4_000));
    assert!(four < 8 * once + 200_000_000, "{once} ns and {four} ns");
}
