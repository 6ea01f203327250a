//! What each rule finds, and what it leaves alone. A row: what is linted, and the rules that speak.

use crate::lint::{Context, lint};
use crate::mode::Mode;
use crate::source::Source;
use crate::values::{self, Helm, ValueInputs};

/// The rules that find something in `text`, as a fragment (`one overlay`) or whole, for a run or at rest.
fn rules(text: &str, whole: bool, mode: Option<Mode>) -> Vec<&'static str> {
    let now = Some("2026-02-20T00:00:00Z".parse().unwrap());
    let values = values::read_one(Source::new("values.yaml", text)).unwrap();
    let found = lint(&values, &Context { mode, whole, chart: false, now });
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
        ("backupId: '260751536'", upgrade, false, &[]), // inPlace may stand in another file
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
    // What the values say about the mode goes before what the command line says.
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
