//! What a person sees: compares every rule's page with the rule.

use super::*;
use crate::product::PRODUCTS;
use crate::source::Source;
use crate::values;

/// Fixed, so that "the future" does not move.
fn now() -> jiff::Timestamp {
    "2026-02-20T00:00:00Z".parse().unwrap()
}

fn findings(text: &str, context: &Context) -> Vec<Finding> {
    contents::Contents::read(&Source::new("values.yaml", text)).unwrap().lint(context)
}

/// The context that an example requests: `# helm install` or `# helm upgrade` on top.
fn context_of(example: &str) -> Context {
    let mode = if example.contains("# helm install") {
        Some(Mode::Install)
    } else if example.contains("# helm upgrade") {
        Some(Mode::Upgrade)
    } else {
        None
    };
    Context { mode, whole: true, now: Some(now()), ..Context::default() }
}

#[test]
fn the_examples_of_every_page_are_found_and_what_to_use_instead_is_not() {
    for rule in rules::all() {
        let bad = page::examples(rule.source(), "Example");
        let good = page::examples(rule.source(), "Use instead");
        assert!(!bad.is_empty() && !good.is_empty(), "{}: a page has both", rule.name());
        for example in bad {
            let found = findings(&example, &context_of(&example));
            let own: Vec<_> = found.iter().filter(|finding| finding.rule == rule.name()).collect();
            assert!(!own.is_empty(), "{}: not found in\n{example}{found:?}", rule.name());
            assert!(own.iter().all(|finding| finding.level <= rule.level()), "{}: worse than it says", rule.name());
        }
        for example in good {
            let found = findings(&example, &context_of(&example));
            let bad: Vec<_> =
                found.iter().filter(|f| f.rule == rule.name() || f.level == Level::Error).map(|f| &f.message).collect();
            assert!(bad.is_empty(), "{}: {bad:?} in\n{example}", rule.name());
        }
    }
}

#[test]
fn every_page_has_the_same_parts() {
    for rule in rules::all() {
        let page = page::of(rule.source());
        let parts: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        let expected = ["## What it does", "## Why is this bad", "## Example", "## Use instead", "## Fix"];
        assert_eq!(parts, expected, "{}", rule.name());
        assert_eq!(rule.name().replace('-', "_") + ".rs", file_name(rule), "the file is named as the rule");
        assert!(page::summary(rule.source()).ends_with('.'), "{}", rule.name());
    }
}

fn file_name(rule: &dyn rules::Rule) -> String {
    let source = rule.source();
    let start = source.find("include_str!(\"").unwrap() + "include_str!(\"".len();
    source[start..].split('"').next().unwrap().to_owned()
}

#[test]
fn findings_are_sorted_and_none_is_there_twice() {
    let text = include_str!("../../testdata/lint/wrong.yaml");
    let found = findings(text, &Context { whole: true, ..Context::default() });
    assert!(found.len() > 8);
    assert!(found.windows(2).all(|pair| (pair[0].place.span, pair[0].rule) < (pair[1].place.span, pair[1].rule)));
}

#[test]
fn a_comment_excuses_its_line_from_the_rules_that_it_names() {
    let text = |comment: &str| format!("global:\n  _hopsworks:\n    backups:\n      ttl: 2w {comment}\n");
    let rules = |comment: &str| -> Vec<&str> {
        findings(&text(comment), &Context::default()).iter().map(|finding| finding.rule).collect()
    };
    assert_eq!(rules(""), ["ttl"]);
    assert_eq!(rules("# hwdr: ignore[ttl]"), [""; 0]);
    assert_eq!(rules("# two weeks # hwdr: ignore[schedule, ttl]"), [""; 0]);
    assert_eq!(rules("# hwdr: ignore[schedule]"), ["ttl"]);
    assert_eq!(rules("# hwdr: ignore[tll]"), ["ttl", "ignore-comment"]);
    assert_eq!(rules("# hwdr: ignore"), ["ttl", "ignore-comment"]);
}

/// The linter reports everything that a general validator refuses, and the validator refuses every error of shape.
#[test]
fn a_general_validator_agrees() {
    let schema: serde_json::Value = serde_json::from_str(PRODUCTS[0].schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (text, good) in [
        ("{}", true),
        ("global: {_hopsworks: {backups: {enabled: true, schedule: '@weekly', ttl: 60d}}}", true),
        ("global: {_hopsworks: {restoreFromBackup: {backupId: null, inPlace: null}}}", true),
        ("global: {_hopsworks: {restoreFromBackup: null, anything: [1]}}", true),
        ("global: {_hopsworks: {backups: {schedule: '@every 12h', ttl: null}}}", true),
        ("other: {deep: {key: 1}}", true),
        ("rondb: {rondb: {restoreFromBackup: {excludeTables: [a.b]}}}", true),
        ("global: []", false),
        ("global: {_hopsworks: {backups: on}}", false),
        ("global: {_hopsworks: {backups: {enabled: 'true'}}}", false),
        ("global: {_hopsworks: {backups: {schedule: often}}}", false),
        ("global: {_hopsworks: {backups: {ttl: 60}}}", false),
        ("global: {_hopsworks: {backups: {ttl: 2w}}}", false),
        ("global: {_hopsworks: {backups: {tll: 60d}}}", false),
        ("global: {_hopsworks: {backups: {metadataStore: {maxKeys: 0}}}}", false),
        ("global: {_hopsworks: {backups: {metadataStore: {maxKeys: 1.5}}}}", false),
        ("global: {_hopsworks: {mode: reinstall}}", false),
        ("global: {_hopsworks: {restoreFromBackup: {backupId: 254811200}}}", false),
        ("global: {_hopsworks: {restoreFromBackup: {backupId: 'x'}}}", false),
        ("rondb: {rondb: {restoreFromBackup: {excludeTables: [1]}}}", false),
        ("hopsworks: {velero: {restore: {mainScheduleBackup: x}}}", false),
        ("jobs: {ttlSecondsAfterFinished: -1}", false),
        ("global: {_hopsworks: {backups: {ttl: 999999999999d}}}", false),
        ("global: {_hopsworks: {restoreFromBackup: {superset: {enabled: 'true'}}}}", false),
        ("global: {_hopsworks: {restoreFromBackup: {superset: {enabled: true, backupId: '20260213153627-1'}}}}", true),
        ("global: {_hopsworks: {restoreFromBackup: {superset: {enabled: true, backupId: '260751536'}}}}", false),
        ("global: {_hopsworks: {restoreFromBackup: {superset: {enabled: true, backupId: 20260213153627}}}}", false),
        ("global: {_hopsworks: {restoreFromBackup: {superset: {enabled: false, backupId: null}}}}", true),
        ("superset: {backups: {schedule: '@daily', ttl: 60d, ttlSecondsAfterFinished: null}}", true),
        ("superset: {backups: {schedule: often}}", false),
        ("superset: {backups: {ttl: 2w}}", false),
        ("superset: {auth: {createSecrets: 'no'}}", false),
        ("superset: {restoreFromBackup: {backupId: '20260213153627-1'}}", false),
        ("superset.backups.ttl: 60d", false),
        ("rondb: {rondb: {restoreFromBackup: {backupId: 12345}}}", true),
        ("backups: {schedule: '@daily'}", false),
        ("_hopsworks: {backups: {}}", false),
        ("global: {restoreFromBackup: {backupId: '254811200'}}", false),
        ("hopsworks: {restoreFromBackup: {inPlace: true}}", false),
        ("global._hopsworks.backups.ttl: 60d", false),
        ("velero: {enabled: true}", true),
        ("backups: [1]", true),
        ("global:\n_hopsworks:\nbackups:\nenabled: true\nrestoreFromBackup:\nbackupId: '254811200'\n", false),
    ] {
        let values = values::read_one(Source::new("values.yaml", text)).unwrap();
        let theirs = validator.is_valid(&values.to_json());
        let ours = lint(&values, &Context { mode: Some(Mode::Install), ..Context::default() });
        assert_eq!(theirs, good, "the validator: {text}");
        let errors = ours.iter().filter(|finding| finding.level == Level::Error).count();
        assert_eq!(errors == 0, good, "the linter: {text}: {ours:?}");
    }
}

/// The values of the Hopsworks docs: none of them is an error, alone or merged. With one exception: the docs'
/// Velero names end in `T153627Z`, which Kubernetes refuses.
#[test]
fn the_examples_of_the_docs_are_no_errors() {
    let backups = "global: {_hopsworks: {backups: {enabled: true, schedule: '@weekly', ttl: 60d}, ";
    let restore = "restoreFromBackup: {backupId: '254811200'}}}\n";
    let in_place = "restoreFromBackup: {backupId: '254811200', inPlace: true, forceDataClear: true}}}\n";
    let rondb = "rondb: {rondb: {restoreFromBackup: {backupId: '254811140'}}}\n";
    let snapshot = "olk: {opensearch: {restore: {repositories: {default: {snapshots: {default: \
                    {snapshot_name: '254811140', payload: {indices: '-myindex'}}}}}}}}\n";
    let velero = "hopsworks: {velero: {restore: {mainScheduleBackupId: k8s-backups-main-20260213153627, \
                  usersScheduleBackupId: k8s-backups-users-resources-20260213153627}}}\n";
    for (mode, text) in [
        (Mode::Install, format!("{backups}}}}}\n")),
        (Mode::Upgrade, format!("{backups}}}}}\n")),
        (Mode::Install, format!("{backups}{restore}")),
        (Mode::Install, format!("{backups}{restore}{rondb}")),
        (Mode::Install, format!("{backups}{restore}{snapshot}")),
        (Mode::Upgrade, format!("{backups}{in_place}{velero}")),
        (Mode::Upgrade, format!("{backups}{in_place}{rondb}{snapshot}")),
    ] {
        for whole in [true, false] {
            let context = Context { mode: Some(mode), whole, now: Some(now()), ..Context::default() };
            let errors: Vec<_> = findings(&text, &context).into_iter().filter(|f| f.level == Level::Error).collect();
            assert!(errors.is_empty(), "{text}{errors:?}");
        }
    }
}

/// The findings in the example of every page, as a person sees them: `testdata/lint/examples.human.txt`, to read in review.
#[test]
fn the_examples_look_like_this() {
    let mut text = String::new();
    for rule in rules::all() {
        for example in page::examples(rule.source(), "Example") {
            let mut found = findings(&example, &context_of(&example));
            found.retain(|finding| finding.rule == rule.name());
            text.push_str(&report::human::render(&found, report::human::Look::default()));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/lint/examples.human.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "{}", similar::TextDiff::from_lines(&kept, &text).unified_diff());
}
