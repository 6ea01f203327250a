//! What each rule finds, and what it leaves alone. A row: what is linted, and the rules that speak.

use crate::lint::Level::{Error, Warning};
use crate::lint::contents::Contents;
use crate::lint::{Context, IdKind, fix, lint};
use crate::mode::Mode;
use crate::source::Source;
use crate::values::{self, Helm, ValueInputs};

/// The rules that find something in `text`, as a fragment (`one overlay`) or whole, for a run or at rest.
fn rules(text: &str, whole: bool, mode: Option<Mode>) -> Vec<&'static str> {
    let now = Some("2026-02-20T00:00:00Z".parse().unwrap());
    let values = values::read_one(Source::new("values.yaml", text)).unwrap();
    let found = lint(&values, &Context { mode, whole, now, ..Context::default() });
    let mut names: Vec<_> = found.iter().map(|finding| finding.rule).collect();
    names.dedup();
    names
}

const ON: &str = "backups: {enabled: true, schedule: '@weekly', ttl: 60d}";

/// Values under `global._hopsworks`, with backups on.
fn global(inside: &str) -> String {
    format!("global: {{_hopsworks: {{{ON}, {inside}}}}}\n")
}

#[test]
fn backup_ids() {
    for (id, expected) in [
        ("'260751536'", &[][..]),
        ("260751536", &["backup-id-number"]),
        ("2.60751536e+08", &["backup-id-number"]),
        ("0x1F", &["backup-id-number", "backup-id-time"]),
        ("''", &[]),
        ("null", &[]),
        ("'26075153'", &["backup-id-time"]),
        ("'268011200'", &["backup-id-time"]),
        ("'260751536 '", &["backup-id-form"]),
        ("'4294967296'", &["backup-id-form"]),
        ("'060751536'", &["backup-id-form"]),
        ("'$(reboot)'", &["backup-id-form"]),
        ("\"26\\n07\"", &["backup-id-form"]),
        ("'260851536'", &["backup-id-time"]), // two days after the clock of these tests
        ("[260751536]", &["wrong-type"]),
        ("true", &["wrong-type"]),
    ] {
        let text = global(&format!("restoreFromBackup: {{backupId: {id}}}"));
        let found = rules(&text, true, Some(Mode::Install));
        assert_eq!(found, expected, "{id}");
    }
}

#[test]
fn restores_by_mode() {
    let (install, upgrade) = (Some(Mode::Install), Some(Mode::Upgrade));
    for (block, mode, whole, expected) in [
        ("backupId: '260751536'", install, true, &[][..]),
        ("backupId: '260751536'", upgrade, true, &["restore-on-upgrade"]),
        ("backupId: '260751536'", upgrade, false, &[]), // inPlace may be in another file
        ("backupId: '260751536', inPlace: false", upgrade, false, &["restore-on-upgrade"]),
        ("backupId: '260751536'", None, true, &[]),
        ("backupId: '260751536'", None, false, &["leftover-restore"]),
        ("backupId: '260751536', inPlace: true, forceDataClear: true", upgrade, true, &[]),
        ("backupId: '260751536', inPlace: true, forceDataClear: true", install, true, &["in-place-on-install"]),
        ("backupId: '260751536', inPlace: true", upgrade, true, &["in-place-unconfirmed"]),
        ("backupId: '260751536', inPlace: true", upgrade, false, &[]),
        ("backupId: '260751536', inPlace: true, forceDataClear: false", upgrade, false, &["in-place-unconfirmed"]),
        ("inPlace: true, forceDataClear: true", upgrade, true, &["in-place-without-id"]),
        ("inPlace: true, forceDataClear: true", upgrade, false, &[]),
        ("backupId: '260751536', forceDataClear: true", install, true, &["force-data-clear-alone"]),
        ("inPlace: false, forceDataClear: false", upgrade, true, &["leftover-restore"]),
        ("inPlace: 'true', backupId: '260751536', forceDataClear: true", upgrade, true, &["boolean-text"]),
        ("inPlace: 1, backupId: '260751536'", install, true, &["wrong-type"]),
        ("inplace: true, backupId: '260751536'", install, true, &["unknown-key"]),
    ] {
        let text = global(&format!("restoreFromBackup: {{{block}}}"));
        assert_eq!(rules(&text, whole, mode), expected, "{block} {mode:?} whole: {whole}");
    }
    // The mode in the values overrides that of the command line.
    let text = global("mode: install, restoreFromBackup: {backupId: '260751536', inPlace: true, forceDataClear: true}");
    assert_eq!(rules(&text, true, upgrade), ["in-place-on-install"]);
}

#[test]
fn ids_and_names_of_single_services() {
    let restore = global("restoreFromBackup: {backupId: '260751536'}");
    let rondb = |id: &str| format!("rondb: {{rondb: {{restoreFromBackup: {{backupId: {id}}}}}}}\n");
    let snapshot = |name: &str| {
        format!(
            "olk: {{opensearch: {{restore: {{repositories: {{default: {{snapshots: {{default: {{snapshot_name: {name}}}}}}}}}}}}}}}\n"
        )
    };
    let velero = |names: &str| format!("hopsworks: {{velero: {{restore: {{{names}}}}}}}\n");
    let (main, users) = ("k8s-backups-main-20260213153627", "k8s-backups-users-resources-20260213153627");
    for (text, expected) in [
        (rondb("'260751500'"), &[][..]),
        (rondb("260751500"), &["backup-id-number"]),
        (rondb("'260651536'"), &["ids-far-apart"]),
        (snapshot("'260751500'"), &[]),
        (snapshot("260751500"), &["backup-id-number"]),
        (snapshot("my-own-snapshot"), &[]),
        (snapshot("'a;b'"), &["unsafe-characters"]),
        (velero(&format!("mainScheduleBackupId: {main}, usersScheduleBackupId: {users}")), &[]),
        (velero(&format!("mainScheduleBackupId: {main}")), &["velero-name-alone"]),
        (velero(&format!("mainScheduleBackupId: {users}, usersScheduleBackupId: {main}")), &["velero-name"]),
        (
            velero(&format!("mainScheduleBackupId: k8s-backups-main-20260213t153627z, usersScheduleBackupId: {users}")),
            &["velero-name"],
        ),
        (
            "hopsworks: {velero: {backup: {mainScheduleName: mine, usersScheduleName: mine-too}, restore: \
             {mainScheduleBackupId: mine-20260213153627, usersScheduleBackupId: mine-too-20260213153627}}}\n"
                .to_owned(),
            &[],
        ),
        (
            "hopsworks: {velero: {backup: {mainScheduleName: mine, usersScheduleName: mine-too}, restore: \
             {mainScheduleBackupId: mine-too-20260213153627, usersScheduleBackupId: mine-20260213153627}}}\n"
                .to_owned(),
            &["velero-name"],
        ),
        (
            velero("mainScheduleBackupId: k8s-backups-main-20260213T153627Z, usersScheduleBackupId: ''"),
            &["velero-name", "velero-name-alone"],
        ),
        (
            velero(&format!("mainScheduleBackupId: k8s-backups-main-before, usersScheduleBackupId: {users}")),
            &["velero-name"],
        ),
        (
            velero(&format!("mainScheduleBackupId: k8s-backups-main-20260213010000, usersScheduleBackupId: {users}")),
            &["ids-far-apart"],
        ),
    ] {
        let text = format!("{restore}{text}");
        let mut found = rules(&text, true, Some(Mode::Install));
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(rules(&rondb("'260751536'"), true, None), ["override-without-global-id"]);
    assert_eq!(rules(&rondb("'260751536'"), false, None), [""; 0]);
    assert_eq!(rules(&velero(&format!("mainScheduleBackupId: {main}")), false, None), [""; 0]);
}

#[test]
fn backups() {
    let storage = "managedObjectStorage: {enabled: true}";
    for (inside, expected) in [
        ("backups: {enabled: true, schedule: '@weekly', ttl: 60d}", &[][..]),
        ("backups: {enabled: true, schedule: '@weekly', ttl: 7d}", &["ttl-too-short"]),
        ("backups: {enabled: true, schedule: '@weekly', ttl: 8d}", &[]),
        ("backups: {enabled: true, ttl: 6d}", &["ttl-too-short"]), // @weekly is the default
        ("backups: {enabled: true, schedule: '0 0 1 * *', ttl: 30d}", &["ttl-too-short"]),
        ("backups: {enabled: true, schedule: '0 0 1 * *', ttl: 32d}", &[]),
        ("backups: {enabled: true, schedule: '@every 12h', ttl: 10h}", &["schedule", "ttl-too-short"]),
        ("backups: {enabled: true, schedule: 5}", &["wrong-type"]),
        ("backups: {enabled: true, schedule: '0 0 31 2 *'}", &["schedule"]),
        ("backups: {enabled: true, schedule: null, ttl: null}", &[]),
        ("backups: {enabled: true, ttl: 60}", &["ttl"]),
        ("backups: {enabled: yes}", &[]),
        ("backups: {enabled: 'yes'}", &["boolean-text"]),
        ("backups: {enabled: true, retention: 60d}", &["unknown-key"]),
        ("backups: {enabled: true}, managedObjectStorage: {enabled: false}", &["backups-without-storage"]),
        (
            "backups: {enabled: true}, managedObjectStorage: {enabled: false}, minio: {enabled: true, hopsfs: {enabled: true}}",
            &[],
        ),
        (
            "backups: {enabled: true}, managedObjectStorage: {enabled: false}, minio: {enabled: true, hopsfs: {enabled: false}}",
            &["backups-without-storage"],
        ),
        ("backups: {enabled: false}, managedObjectStorage: {enabled: false}", &[]),
        ("backup: {enabled: true}", &["unknown-key"]),
    ] {
        let inside = if inside.contains("ObjectStorage") { inside.to_owned() } else { format!("{inside}, {storage}") };
        assert_eq!(rules(&format!("global: {{_hopsworks: {{{inside}}}}}\n"), true, None), expected, "{inside}");
    }
}

#[test]
fn places_where_nothing_reads() {
    for text in [
        "restoreFromBackup: {backupId: '260751536'}",
        "global: {restoreFromBackup: {backupId: '260751536'}}",
        "global: {hopsworks: {restoreFromBackup: {backupId: '260751536'}}}",
        "global: {_hopswork: {backups: {enabled: true}}}",
        "_hopsworks: {backups: {enabled: true}}",
        "global: {_hopsworks: {backupId: '260751536'}}",
        "rondb: {restoreFromBackup: {backupId: '260751536'}}",
        "opensearch: {restore: {}}",
        "velero: {restore: {mainScheduleBackupId: x}}",
        "hopsworks: {velero: {mainScheduleBackupId: x}}",
        "backupId: '254811200'",
        "mainScheduleBackupId: x",
    ] {
        let found = rules(text, false, None);
        assert_eq!(found.first(), Some(&"misplaced-key"), "{text}: {found:?}");
    }
    for text in [
        "velero: {enabled: true}",    // another chart's
        "backups: [1, 2]",            // not like ours
        "opensearch: {replicas: 1}",  // another chart's
        "global: {hops: {other: 1}}", // far from _hopsworks
        "global: {imageRegistry: x, storageClass: y}",
    ] {
        assert_eq!(rules(text, false, None), [""; 0], "{text}");
    }
}

#[test]
fn credentials_and_what_only_looks_like_them() {
    for (text, found) in [
        ("mysql: {password: hunter2}", true),
        ("s3: {secretAccessKey: 'x y'}", true),
        ("list: [{db_password: hunter2}]", true),
        ("mysql: {password: ''}", false),
        ("mysql: {password: null}", false),
        ("mysql: {passwordKey: root-password}", false),
        ("mysql: {password: root-password}", false),
        ("mysql: {passwordSecret: {name: x}}", false),
        ("mysql: {password: '{{ .Values.other }}'}", false),
        ("tokens: 5", false),
    ] {
        assert_eq!(rules(text, true, None).contains(&"clear-text-credentials"), found, "{text}");
    }
}

/// Flags are linted as they are given: the place is in the flag, and the help is a flag.
#[test]
fn flags() {
    let inputs = ValueInputs {
        set: vec!["global._hopsworks.restoreFromBackup.backupId=260751536".into()],
        set_string: vec!["global._hopsworks.restoreFromBackup.inPlace=true".into()],
        ..ValueInputs::default()
    };
    let values = values::read(&inputs, Helm::V3, &mut |_| unreachable!()).unwrap();
    let found = lint(&values, &Context { mode: Some(Mode::Upgrade), ..Context::default() });
    let text: Vec<String> =
        found.iter().map(|f| format!("{} {} {}", f.place, f.rule, f.help.as_deref().unwrap_or_default())).collect();
    assert!(
        text[0].starts_with("--set:1:46 backup-id-number give it as text: --set-string global._hopsworks."),
        "{text:?}"
    );
    assert!(
        text.iter().any(|t| t.contains("--set-string:1:") && t.contains("boolean-text give it as a boolean: --set ")),
        "{text:?}"
    );
    assert!(found.iter().all(|finding| finding.fix.is_none()), "a flag cannot be fixed");
}

/// Duplicate keys: a row is a text, and the level and help of the finding.
#[test]
fn keys_that_are_there_twice() {
    let restore = "{restoreFromBackup: {backupId: '260751536'}}";
    for (text, level, help) in [
        (
            format!("global: {{_hopsworks: {restore}}}\nglobal: {{_hopsworks: {{{ON}}}}}\n"),
            Error,
            "lost: global._hopsworks.restoreFromBackup.backupId. Put",
        ),
        (
            format!("global:\n  _hopsworks: {restore}\n  _hopsworks: {{{ON}}}\n"),
            Error,
            "lost: global._hopsworks.restore",
        ),
        (
            "global: {_hopsworks: {backups: {schedule: '@daily', schedule: '@weekly'}}}".to_owned(),
            Error,
            "lost: global._hopsworks.backups.schedule",
        ),
        ("global: {_hopsworks: {backups: {schedule: '@daily', schedule: '@daily'}}}".to_owned(), Warning, "keep one"),
        (format!("x: &x {restore}\nglobal: {{_hopsworks: *x}}\nglobal: {{a: b}}\n"), Error, "lost: global._hopsworks"),
        (
            format!("global: {{_hopsworks: {{{ON}}}}}\nglobal: {{_hopsworks: {restore}}}\n"),
            Error,
            "backups.schedule, global._hopsworks.backups.ttl. Put all",
        ),
        ("hopsworks: {replicas: 2}\nhopsworks: {velero: {backup: {enabled: true}}}\n".to_owned(), Warning, "keep one"),
        ("global: {}\nglobal: {a: 1}\n".to_owned(), Warning, "keep one"),
        ("other: [{a: 1, a: 2}]\n".to_owned(), Warning, "keep one"),
    ] {
        let values = values::read_one(Source::new("values.yaml", text.as_str())).unwrap();
        let mut found = lint(&values, &Context::default());
        found.retain(|finding| finding.rule == "duplicate-key");
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].level, level, "{text}: {found:?}");
        assert!(found[0].help.as_deref().unwrap().contains(help), "{text}: {found:?}");
        assert_eq!(found[0].related.len(), 1);
    }
    for text in ["a: {<<: {b: 1}, <<: {b: 2}}", "a: {b: 1}\nc: {b: 1}\n"] {
        assert_eq!(rules(text, false, None), [""; 0], "{text}");
    }
    // Each layer alone: another file may repeat a key, to override it.
    let mut read = |name: &str| Ok(if name == "a" { "a: 1\na: 2\n" } else { "a: 3\n" }.as_bytes().to_vec());
    let inputs = ValueInputs { files: vec!["a".into(), "b".into()], ..ValueInputs::default() };
    let values = values::read(&inputs, Helm::V3, &mut read).unwrap();
    let found = lint(&values, &Context { whole: true, ..Context::default() });
    assert_eq!(
        found.iter().map(|f| (f.rule, f.place.to_string())).collect::<Vec<_>>(),
        [("duplicate-key", "a:1:1".to_owned())]
    );
}

/// The text after all fixes.
fn fixed(text: &str) -> Option<String> {
    let lint =
        |source: &std::sync::Arc<Source>| Some(lint(&values::read_one(source.clone()).ok()?, &Context::default()));
    let source = Source::new("values.yaml", text);
    let findings = lint(&source).unwrap();
    fix::all(&source, &findings, &lint).map(|fixed| fixed.source.text.clone())
}

/// The page of the docs, as it looks when copied.
const PASTED: &str = "global:\n_hopsworks:\nbackups:\nenabled: true\nschedule: \"@weekly\"\nrestoreFromBackup:\nbackupId: \"254811200\"\n\
    inPlace: true\nforceDataClear: true\n# Optional: specify Velero backup IDs.\nhopsworks:\nvelero:\nrestore:\n\
    mainScheduleBackupId: \"k8s-backups-main-20260213153627\"\nrondb:\nrondb:\nrestoreFromBackup:\nbackupId: \"254811140\"\n\
    olk:\nopensearch:\nrestore:\nrepositories:\ndefault:\nsnapshots:\ndefault:\nsnapshot_name: \"254811140\"\npayload:\nindices: \"-myindex\"\n";

#[test]
fn indentation_that_was_lost_is_given_back() {
    let expected = "global:\n  _hopsworks:\n    backups:\n      enabled: true\n      schedule: \"@weekly\"\n    restoreFromBackup:\n      \
        backupId: \"254811200\"\n      inPlace: true\n      forceDataClear: true\n# Optional: specify Velero backup IDs.\nhopsworks:\n  \
        velero:\n    restore:\n      mainScheduleBackupId: \"k8s-backups-main-20260213153627\"\nrondb:\n  rondb:\n    restoreFromBackup:\n      \
        backupId: \"254811140\"\nolk:\n  opensearch:\n    restore:\n      repositories:\n        default:\n          snapshots:\n            \
        default:\n              snapshot_name: \"254811140\"\n              payload:\n                indices: \"-myindex\"\n";
    assert_eq!(rules(PASTED, false, None), ["lost-indentation"]);
    assert_eq!(fixed(PASTED).as_deref(), Some(expected));
    assert_eq!(fixed(&PASTED.replace('\n', "\r\n")).as_deref(), Some(expected.replace('\n', "\r\n").as_str()));
    for (text, expected) in [
        // Only a part of it.
        (
            "global:\n  _hopsworks:\nbackups:\n  enabled: true\n  ttl: 2w\nother: 1\n",
            Some("global:\n  _hopsworks:\n    backups:\n      enabled: true\n      ttl: 14d\nother: 1\n"),
        ),
        (
            "global:\n  _hopsworks:\n  restoreFromBackup:\n    backupId: '254811200'\n",
            Some("global:\n  _hopsworks:\n    restoreFromBackup:\n      backupId: '254811200'\n"),
        ),
        // It is not certain what is meant.
        ("global:\n_hopsworks:\ncloud: aws\nbackups:\nenabled: true\n", None),
        ("_hopsworks:\nbackups:\nenabled: true\n", None),
        ("global:\n_hopsworks:\njobs:\n  ttlSecondsAfterFinished: 5\n", None),
    ] {
        let found = rules(text, false, None);
        assert_eq!(found.first(), Some(&"lost-indentation"), "{text}: {found:?}");
        assert_eq!(fixed(text).as_deref(), expected, "{text}");
    }
    // Blocks that are empty on purpose.
    for text in [
        "rondb:\nolk:\n  opensearch: {}\nglobal:\n",
        "global:\n  _hopsworks:\n    restoreFromBackup:\n    superset:\n      enabled: true\n",
        "hopsworks:\nenabled: true\nschedule: x\n",
    ] {
        assert_eq!(rules(text, false, None), [""; 0], "{text}");
    }
}

#[test]
fn paths_and_blanks_of_other_places() {
    for (text, rule, expected) in [
        (
            "global._hopsworks.restoreFromBackup.backupId: \"254811200\" # kept\nglobal._hopsworks.restoreFromBackup.inPlace: true\nglobal._hopsworks.backups.ttl: 2w\n",
            "dotted-key",
            Some(
                "global:\n  _hopsworks:\n    restoreFromBackup:\n      backupId: \"254811200\" # kept\n      inPlace: true\n    backups:\n      ttl: 14d\n",
            ),
        ),
        (
            "global:\n  _hopsworks.backups.enabled: true\n  other: 1\n",
            "dotted-key",
            Some("global:\n  _hopsworks:\n    backups:\n      enabled: true\n  other: 1\n"),
        ),
        ("global: {a: 1}\nglobal._hopsworks.mode: auto\n", "dotted-key", None),
        ("global._hopsworks.mode: auto\na: 1\nglobal._hopsworks.jobs: {}\n", "dotted-key", None),
        (
            "global:\n\u{a0}\u{a0}_hopsworks:\n\u{a0} \u{a0} backups:\n\u{a0}     ttl: 60d\n",
            "odd-blank",
            Some("global:\n  _hopsworks:\n    backups:\n      ttl: 60d\n"),
        ),
        (
            "global: {_hopsworks: {backups: {ttl: 60d\u{a0}}}}\n",
            "odd-blank",
            Some("global: {_hopsworks: {backups: {ttl: 60d }}}\n"),
        ),
        (
            "global: {_hopsworks: {backups: {\u{200b}ttl: 60d}}}\n",
            "odd-blank",
            Some("global: {_hopsworks: {backups: {ttl: 60d}}}\n"),
        ),
    ] {
        let found = rules(text, false, None);
        assert!(found.contains(&rule), "{text}: {found:?}");
        assert_eq!(fixed(text).as_deref(), expected, "{text}");
    }
    for text in [
        "nginx.ingress.kubernetes.io/x: 1\n",
        "a.b: {global.x: 1}\n",
        "note: 'a\u{a0}b'\ntext: a\u{a0}b\n\"k\u{a0}\": 1\n",
    ] {
        assert_eq!(rules(text, false, None), [""; 0], "{text}");
    }
}

/// Typographic quotes are fixed if it is certain what was meant, and are the only finding about the value.
#[test]
fn typographic_quotes() {
    for (inside, expected) in [
        ("restoreFromBackup: {backupId: “254811200”}", Some("restoreFromBackup: {backupId: \"254811200\"}")),
        ("restoreFromBackup: {backupId: \"“254811200”\"}", Some("restoreFromBackup: {backupId: \"254811200\"}")),
        ("restoreFromBackup: {backupId: ‘254811200’}", Some("restoreFromBackup: {backupId: \"254811200\"}")),
        ("restoreFromBackup: {“backupId”: '254811200'}", Some("restoreFromBackup: {backupId: '254811200'}")),
        ("backups: {enabled: “true”}", Some("backups: {enabled: true}")),
        ("backups: {schedule: “@weekly”, ttl: «60d»}", Some("backups: {schedule: \"@weekly\", ttl: \"60d\"}")),
        ("restoreFromBackup: {backupId: “254811200}", None),
        ("restoreFromBackup: {backupId: ““254811200””}", Some("restoreFromBackup: {backupId: \"254811200\"}")),
        ("restoreFromBackup: {backupId: &x “254811200”}, y: *x", None),
    ] {
        let text = format!("global: {{_hopsworks: {{{inside}}}}}\n");
        let found = rules(&text, false, Some(Mode::Install));
        assert_eq!(found, ["typographic-quote"], "{inside}");
        let expected = expected.map(|expected| format!("global: {{_hopsworks: {{{expected}}}}}\n"));
        assert_eq!(fixed(&text), expected, "{inside}");
    }
    // Elsewhere they are plain letters.
    for text in ["note: “so”\nmotd: {text: 'it’s'}\n", "“a”: 1\n"] {
        assert_eq!(rules(text, false, None), [""; 0], "{text}");
    }
    let flag = ValueInputs {
        set: vec!["global._hopsworks.restoreFromBackup.backupId=“254811200”".to_owned()],
        ..ValueInputs::default()
    };
    let values = values::read(&flag, Helm::V3, &mut |_| Ok(Vec::new())).unwrap();
    let found = lint(&values, &Context { mode: Some(Mode::Install), whole: true, ..Context::default() });
    let said = found.iter().find(|finding| finding.rule == "typographic-quote").unwrap();
    assert!(said.fix.is_none() && said.help.as_deref() == Some("write it without these quotes: 254811200"), "{said:?}");
}

/// A missing space turns settings, or a list, into one text.
#[test]
fn a_lost_space_is_told() {
    let help = |text: &str| {
        let found = lint(&values::read_one(Source::new("values.yaml", text)).unwrap(), &Context::default());
        found.iter().find(|finding| finding.rule == "wrong-type").and_then(|finding| finding.help.clone())
    };
    let colon = help("global: {_hopsworks: {backups: ttl:60d}}\n");
    assert_eq!(colon.as_deref(), Some("if it is a setting, a space is missing after the colon: ttl: 60d"));
    let dash =
        help("rondb:\n  rondb:\n    restoreFromBackup:\n      excludeDatabases:\n        -test\n        -other\n");
    assert_eq!(dash.as_deref(), Some("if it is a list, a space is missing after the dash: - test"));
    assert!(!help("global: {_hopsworks: {backups: 'ttl:60d'}}\n").is_some_and(|help| help.contains("space")));
}

/// A row: what is below `restoreFromBackup`, what is beside it, and the rules that speak in an upgrade of the whole values.
#[test]
fn restores_of_superset() {
    let id = "backupId: '20260213153627-2116913658'";
    let asked = format!("superset: {{enabled: true, {id}, initiatedBy: 'ops: 2973', activeDeadlineSeconds: 14400}}");
    let in_place = |rest: &str| format!("backupId: '260751536', inPlace: true, forceDataClear: true, {rest}");
    for (restore, beside, expected) in [
        (asked.clone(), "", &[][..]),
        (asked.clone(), "superset: {enabled: true}", &[]),
        ("superset: {enabled: false}".to_owned(), "", &[]),
        (format!("superset: {{enabled: false, {id}}}"), "", &[]), // as the docs leave it after a restore
        (format!("superset: {{{id}}}"), "", &["superset-restores-nothing"]),
        ("superset: {enabled: true}".to_owned(), "", &["superset-restores-nothing"]),
        (asked.clone(), "superset: {enabled: false}", &["superset-restores-nothing"]),
        (asked.clone(), "full_platform: false", &["superset-restores-nothing"]),
        (asked.clone(), "full_platform: false, superset: {enabled: true}", &[]),
        (asked.clone(), "full_platform: true, superset: {enabled: null}", &[]),
        ("superset: {enable: true}".to_owned(), "", &["unknown-key"]),
        ("superset: {enabled: 'true', backupId: 20260213153627-1}".to_owned(), "", &["boolean-text"]),
        // Ids.
        ("superset: {enabled: true, backupId: '260751536'}".to_owned(), "", &["backup-id-form"]),
        ("superset: {enabled: true, backupId: 260751536}".to_owned(), "", &["backup-id-form"]),
        ("superset: {enabled: true, backupId: 20260213153627}".to_owned(), "", &["backup-id-form"]),
        ("superset: {enabled: true, backupId: '20261313153627-1'}".to_owned(), "", &["backup-id-form"]),
        ("superset: {enabled: true, backupId: '20260213153627-1 '}".to_owned(), "", &["backup-id-form"]),
        ("superset: {enabled: true, backupId: '20260213153627-$(reboot)'}".to_owned(), "", &["backup-id-form"]),
        ("superset: {enabled: true, backupId: latest}".to_owned(), "", &["backup-id-form"]),
        ("superset: {enabled: true, backupId: [1]}".to_owned(), "", &["wrong-type"]),
        ("superset: {enabled: true, backupId: '20260722215632-2116913658'}".to_owned(), "", &["backup-id-time"]),
        (in_place("").replace("260751536", "20260213153627-2116913658"), "", &["backup-id-form"]),
        // With the cluster.
        (in_place(&asked), "superset: {enabled: true}", &[]),
        (in_place(""), "superset: {enabled: true}", &["superset-not-restored"]),
        (in_place("superset: {enabled: false}"), "superset: {enabled: true}", &["superset-not-restored"]),
        (in_place(""), "superset: {enabled: false}", &[]),
        (in_place(""), "", &[]), // charts before 5.2 have no backups of Superset
        (in_place(&asked.replace("20260213", "20260212")), "", &["ids-far-apart"]),
        (in_place(&asked.replace("true", "false").replace("20260213", "20260212")), "", &[]),
        // Older than backups are kept (60 days).
        (asked.replace("20260213", "20251213"), "", &["leftover-restore"]),
    ] {
        let text = global(&format!("restoreFromBackup: {{{restore}}}, {beside}"));
        assert_eq!(rules(&text, true, Some(Mode::Upgrade)), expected, "{text}");
    }
    // One file of several: the rest may be in another, and the file is used again.
    let full = global(&format!("restoreFromBackup: {{{asked}}}"));
    for (text, mode, expected) in [
        (full.clone(), None, &["leftover-restore"][..]),
        (full.clone(), Some(Mode::Upgrade), &[]),
        (global(&format!("restoreFromBackup: {{superset: {{{id}}}}}")), None, &[]),
        (global("restoreFromBackup: {superset: {enabled: true}}"), Some(Mode::Upgrade), &[]),
        (global(&format!("restoreFromBackup: {{{asked}}}, full_platform: false")), Some(Mode::Upgrade), &[]),
        (
            global(&format!("restoreFromBackup: {{{asked}}}, superset: {{enabled: false}}")),
            Some(Mode::Upgrade),
            &["superset-restores-nothing"],
        ),
        (full.clone() + "superset: {mysql: {enabled: false}}\n", Some(Mode::Install), &["superset-restores-nothing"]),
        (global("superset: {enabled: true}, restoreFromBackup: {backupId: '260751536'}"), Some(Mode::Install), &[]),
    ] {
        assert_eq!(rules(&text, false, mode), expected, "{text} {mode:?}");
    }
    // Switched off elsewhere, an id is meant.
    let mut read = |name: &str| {
        let inside = if name == "base" { "enabled: false" } else { id };
        Ok(global(&format!("restoreFromBackup: {{superset: {{{inside}}}}}")).into_bytes())
    };
    let inputs = ValueInputs { files: vec!["base".into(), "restore".into()], ..ValueInputs::default() };
    let values = values::read(&inputs, Helm::V3, &mut read).unwrap();
    let found = lint(&values, &Context { whole: true, ..Context::default() });
    assert_eq!(found.iter().map(|f| f.rule).collect::<Vec<_>>(), ["superset-restores-nothing"]);
}

/// A row: what is below `superset`, the values of the cluster, and the rules that speak about the whole values.
#[test]
fn superset_as_it_is_kept() {
    let on = "superset: {enabled: true}";
    let replicas = |count: &str| format!("superset: {{supersetNode: {{replicas: {{{count}}}}}}}");
    let restore = "restoreFromBackup: {superset: {enabled: true, backupId: '20260213153627-1'}}";
    for (superset, cluster, expected) in [
        ("backups: {schedule: null, ttl: null}".to_owned(), on, &[][..]),
        ("backups: {schedule: '@daily', ttl: 30d}".to_owned(), on, &[]),
        ("backups: {schedule: '@Daily'}".to_owned(), on, &["schedule"]),
        ("backups: {schedule: '0 0 30 2 *'}".to_owned(), on, &["schedule"]),
        ("backups: {schedule: '@every 12h'}".to_owned(), on, &["schedule"]),
        ("backups: {ttl: 2w}".to_owned(), on, &["ttl"]),
        ("backups: {ttl: 60}".to_owned(), on, &["ttl"]),
        ("backups: {ttl: 3d}".to_owned(), on, &["ttl-too-short"]),
        ("backups: {ttl: 3d, schedule: '@daily'}".to_owned(), on, &[]),
        ("backups: {schedule: '0 0 1 1 *'}".to_owned(), on, &["ttl-too-short"]),
        ("backups: {pathPrefix: 'a;b'}".to_owned(), on, &["unsafe-characters"]),
        ("backups: {enabled: false}".to_owned(), on, &["superset-not-backed-up"]),
        ("backups: {enabled: false}".to_owned(), "", &["superset-not-backed-up"]),
        ("backups: {enabled: false}".to_owned(), "superset: {enabled: false}", &[]),
        ("backups: {enabled: false}".to_owned(), "full_platform: false", &[]),
        ("auth: {createSecrets: false}".to_owned(), on, &["superset-not-backed-up"]),
        ("auth: {createSecrets: false}".to_owned(), "superset: {enabled: false}", &[]),
        ("auth: {createSecrets: true, createSecretEnvs: false}".to_owned(), on, &[]),
        (replicas("enabled: true, replicaCount: 0"), on, &["superset-at-zero"]),
        (replicas("replicaCount: 0"), on, &["superset-at-zero"]),
        (replicas("enabled: true, replicaCount: 0"), restore, &[]),
        (replicas("enabled: true, replicaCount: 0"), "superset: {enabled: false}", &[]),
        (replicas("enabled: false, replicaCount: 0"), on, &[]),
        (replicas("enabled: true, replicaCount: 2"), on, &[]),
        ("superset: {supersetWorker: {replicas: {enabled: true, replicaCount: 0}}}".to_owned(), on, &[]),
        ("restoreFromBackup: {backupId: x}".to_owned(), on, &["misplaced-key"]),
    ] {
        let text = global(cluster) + &format!("superset: {{{superset}}}\n");
        assert_eq!(rules(&text, true, Some(Mode::Upgrade)), expected, "{text}");
    }
    // The overlay alone: what asks for the restore is in another file.
    let overlay = format!("superset: {{{}}}\n", replicas("enabled: true, replicaCount: 0"));
    assert_eq!(rules(&overlay, false, None), [""; 0]);
    let off = "backups: {enabled: false}, superset: {enabled: true}";
    let text = format!("global: {{_hopsworks: {{{off}}}}}\nsuperset: {{auth: {{createSecrets: false}}}}\n");
    assert_eq!(rules(&text, true, None), [""; 0]);
    // The command names the Secrets as the values do.
    let text = "superset: {auth: {createSecrets: false, secretKeySecretName: our-key}}\n";
    let found = lint(&values::read_one(Source::new("values.yaml", text)).unwrap(), &Context::default());
    assert_eq!(
        found[0].help.as_deref(),
        Some(
            "label them:\nkubectl label secret -n hopsworks our-key superset-mysql-users-secrets superset-admin-credentials \
             backup.hops.works/include=true"
        )
    );
}

#[test]
fn the_defaults_of_chart_5_2_are_no_finding() {
    for mode in [None, Some(Mode::Install), Some(Mode::Upgrade)] {
        for whole in [false, true] {
            let text = include_str!("../../../../testdata/lint/defaults-5.2.yaml");
            assert_eq!(rules(text, whole, mode), [""; 0], "{mode:?} whole: {whole}");
        }
    }
}

/// A row: the values of an Application of Argo CD, what else it says, and what it is told.
#[test]
fn applications_of_argo_cd() {
    const ALL: &str = "ignoreDifferences: [{group: '', kind: Secret, jsonPointers: [/data]}]";
    const RESPECTS: &str = "syncPolicy: {syncOptions: [CreateNamespace=true, RespectIgnoreDifferences=true]}";
    let entry = |name: &str| format!("{{kind: Secret, name: {name}, jsonPointers: [/data]}}");
    let of_superset = ["superset-secret-key", "superset-mysql-users-secrets", "superset-admin-credentials"].map(entry);
    let of_superset = format!("ignoreDifferences: [{}]", of_superset.join(", "));
    let on = "global: {_hopsworks: {superset: {enabled: true}}}";
    let restore =
        "global: {_hopsworks: {restoreFromBackup: {superset: {enabled: true, backupId: '20260213153627-1'}}}}";
    let (missing, option) = ("no ignoreDifferences for", "although ignoreDifferences names them");
    for (values, spec, expected) in [
        (on.to_owned(), String::new(), &[missing][..]),
        (restore.to_owned(), String::new(), &[missing]),
        (on.to_owned(), ALL.to_owned(), &[option]),
        (on.to_owned(), RESPECTS.to_owned(), &[missing]),
        (on.to_owned(), format!("{ALL}, {RESPECTS}"), &[]),
        (on.to_owned(), format!("{of_superset}, {RESPECTS}"), &["for trino-admin-credentials, trino-groups-file, "]),
        (on.replace("{superset", "{trino: {enabled: false}, superset"), format!("{of_superset}, {RESPECTS}"), &[]),
        (on.to_owned(), format!("{}, {RESPECTS}", ALL.replace("/data", "/metadata")), &[missing]),
        (on.to_owned(), format!("{}, {RESPECTS}", ALL.replace("Secret", "ConfigMap")), &[missing]),
        (
            format!("{on}\n          superset: {{auth: {{secretKeySecretName: ours}}}}"),
            format!("{of_superset}, {RESPECTS}"),
            &["for ours, trino-"],
        ),
        (
            format!(
                "{on}\n          superset: {{auth: {{createSecrets: false}}}} # hwdr: ignore[superset-not-backed-up]"
            ),
            RESPECTS.to_owned(),
            &["for trino-"],
        ),
        // Without a word about Superset: charts before 5.2 have no such Secrets.
        ("global: {_hopsworks: {backups: {enabled: true}}}".to_owned(), String::new(), &[]),
        (on.replace("true", "false"), String::new(), &[]),
        ("replicas: 1".to_owned(), String::new(), &[]),
    ] {
        let spec = if spec.is_empty() { String::new() } else { format!("  {}\n", spec.replace("], ", "]\n  ")) };
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: hopsworks}}\nspec:\n{spec}  source:\n    helm:\n      \
             values: |\n          {values}\n"
        );
        let contents = Contents::read(&Source::new("app.yaml", text.as_str())).unwrap();
        let found = contents.lint(&Context { mode: Some(Mode::Upgrade), ..Context::default() });
        assert_eq!(found.len(), expected.len(), "{text}{found:?}");
        for (finding, part) in found.iter().zip(expected) {
            assert!(finding.rule == "argo-cd-secrets" && finding.message.contains(part), "{text}{finding:?}");
        }
    }
    let excused = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: hopsworks}}\n\
         spec: # hwdr: ignore[argo-cd-secrets]\n  source: {{helm: {{valuesObject: {{{on}}}}}}}\n"
    );
    let contents = Contents::read(&Source::new("app.yaml", excused)).unwrap();
    assert_eq!(contents.lint(&Context::default()), []);
}

/// The finding about RonDB's own id, by what the chart takes: none, or its level and fix.
#[test]
fn the_id_of_rondb_is_what_its_chart_takes() {
    let (number, text) = (Some(IdKind::Number), Some(IdKind::Text));
    for (id, kind, expected) in [
        ("12345", None, None),
        ("999999", None, None),
        ("1000000", None, Some((Warning, None))),
        ("254811140", None, Some((Warning, None))),
        ("254811140.5", None, Some((Error, None))),
        ("'254811140'", None, None),
        ("12345", number, None),
        ("254811140", number, None),
        ("'254811140'", number, Some((Error, Some("254811140")))),
        ("'x'", number, Some((Error, None))),
        ("12345", text, Some((Warning, Some("\"12345\"")))),
        ("254811140", text, Some((Error, Some("\"254811140\"")))),
        ("'254811140'", text, None),
    ] {
        let source =
            Source::new("values.yaml", format!("rondb: {{rondb: {{restoreFromBackup: {{backupId: {id}}}}}}}\n"));
        let values = values::read_one(source).unwrap();
        let mut found = lint(&values, &Context { id_kind: kind, ..Context::default() });
        found.retain(|finding| finding.rule == "backup-id-number");
        let said = found.first().map(|f| (f.level, f.fix.as_ref().map(|fix| fix.edits[0].text.as_str())));
        assert_eq!(said, expected, "{id} {kind:?}: {found:?}");
    }
    // The global id is text everywhere.
    let text = global("restoreFromBackup: {backupId: 12345}");
    let found = lint(
        &values::read_one(Source::new("values.yaml", text)).unwrap(),
        &Context { id_kind: number, ..Context::default() },
    );
    assert_eq!(found.iter().find(|f| f.rule == "backup-id-number").map(|f| f.level), Some(Warning));
}
/// hwdr's own settings: a slip in one that turns off a check, or is meant to, is reported.
#[test]
fn settings_of_hwdr_itself() {
    for (inside, expected) in [
        ("hopsfs: {image: 'hopsworks/hwdr:0.1.0', pods: 4}, opensearch: {insecureSkipTLSVerify: true}", &[][..]),
        ("opensearch: {insecureSkipTLSVerify: null}", &[]),
        ("opensearch: {insecureSkipTLSVerify: 'true'}", &["boolean-text"]),
        ("opensearch: {insecureSkipTLSVerify: 1}", &["wrong-type"]),
        ("opensearch: {insecureSkipTlsVerify: true}", &["unknown-key"]),
        ("openSearch: {insecureSkipTLSVerify: true}", &["unknown-key"]),
        ("hopsfs: {insecureSkipTLSVerify: true}", &["unknown-key"]),
    ] {
        assert_eq!(rules(&format!("hwdr: {{{inside}}}\n"), false, None), expected, "{inside}");
    }
}

/// What is not text to every reader is refused in every value that hwdr uses.
#[test]
fn characters_that_readers_see_differently() {
    let special = [
        "\\u0007", "\\u007f", "\\u0085", "\\u009b", "\\u200b", "\\u2028", "\\u2029", "\\u202e", "\\u2066", "\\ufeff",
        "\\uffff",
    ];
    for path in [
        "hwdr.hopsfs.image",
        "hopsworks.velero.namespace",
        "hopsworks.velero.backup.storageLocation.name",
        "rondb.rondb.restoreFromBackup.s3.bucketName",
        "olk.opensearch.restore.repositories.default.snapshots.default.payload.indices",
        "global._hopsworks.managedObjectStorage.s3.endpoint",
        "global._hopsworks.toolbox.image",
    ] {
        let values = |text: &str| {
            let (open, close) = (path.replace('.', ": {"), "}".repeat(path.matches('.').count()));
            format!("{open}: \"{text}\"{close}\n")
        };
        let unsafe_ones = |text: &str| rules(&values(text), false, None).contains(&"unsafe-characters");
        for text in special {
            assert!(unsafe_ones(&format!("a{text}b")), "{path}: {text}");
        }
        assert!(!unsafe_ones("a-\u{e9}\u{4e2d}.b"), "{path}");
    }
}
