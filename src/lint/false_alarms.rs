//! Values that are right, not known yet, or not ours, but resemble a finding: each row was met in real files.

use super::*;
use crate::source::Source;
use crate::values;

fn found(text: &str, context: &Context) -> Vec<&'static str> {
    let values = values::read_one(Source::new("values.yaml", text)).unwrap();
    lint(&values, context).iter().map(|finding| finding.rule).collect()
}

/// In one file of several and in all of them, for both commands.
fn contexts() -> impl Iterator<Item = Context> {
    let now = Some("2026-02-20T00:00:00Z".parse().unwrap());
    [Mode::Install, Mode::Upgrade]
        .into_iter()
        .flat_map(move |mode| [false, true].map(|whole| Context { mode: Some(mode), whole, now, ..Context::default() }))
}

/// Nothing is reported about a value that something else fills in, nor about what depends on it.
#[test]
fn what_is_filled_in_later_is_no_finding() {
    let template = "\
global:
  _hopsworks:
    mode: X
    backups: {enabled: X, schedule: X, ttl: X, metadataStore: {configMap: {ronDB: X}}}
    restoreFromBackup: {backupId: X, inPlace: X, forceDataClear: X, superset: {enabled: X, backupId: X, activeDeadlineSeconds: X}}
    managedObjectStorage: {enabled: X, s3: {bucket: {name: X}, region: X}, secretAccessKey: X}
    minio: {enabled: X}
    superset: {enabled: X}
    full_platform: X
rondb: {rondb: {restoreFromBackup: {backupId: X, excludeTables: X}, mysql: {password: X}}}
olk: {opensearch: {restore: {repositories: {default: {snapshots: {default: {snapshot_name: X}}}}}}}
hopsworks: {velero: {backup: {enabled: X}, restore: {mainScheduleBackupId: X, usersScheduleBackupId: X}}}
superset:
  mysql: {enabled: X}
  backups: {enabled: X, schedule: X, ttl: X, pathPrefix: X}
  auth: {createSecrets: X, secretKeySecretName: X}
  superset: {supersetNode: {replicas: {enabled: X, replicaCount: X}}}
";
    for placeholder in [
        "'ENC[AES256_GCM,data:aGk=,iv:aGk=,tag:aGk=,type:bool]'",
        "'<path:secret/data/hopsworks#value>'",
        "'${VALUE}'",
        "'${VALUE:=x}'",
        "'$(VALUE)'",
        "'ref+vault://secret/hopsworks#/value'",
        "'op://vault/hopsworks/value'",
        "!vault secret",
    ] {
        let text = template.replace('X', placeholder);
        for context in contexts() {
            assert_eq!(found(&text, &context), [""; 0], "{context:?}\n{text}");
        }
        let values = values::read_one(Source::new("values.yaml", text)).unwrap();
        let note = contents::open(&values).expect("it is said once");
        assert!(note.message.starts_with("not checked: "), "{note:?}");
        assert!(note.message.contains("encrypted") == placeholder.contains("ENC["), "{note:?}");
    }
}

/// A placeholder in one switch does not hide another wrong one.
#[test]
fn what_is_known_is_still_checked() {
    for (inside, rule) in [
        ("restoreFromBackup: {backupId: '${ID}', inPlace: true, forceDataClear: false}", "in-place-unconfirmed"),
        ("backups: {enabled: '${ON}', ttl: 2w}", "ttl"),
        ("restoreFromBackup: {backupId: '<backup-id>'}", "backup-id-form"),
        ("restoreFromBackup: {backupId: '$(date +%y)'}", "backup-id-form"),
        ("managedObjectStorage: {s3: {bucket: {name: '${NAME}; reboot'}}}", "unsafe-characters"),
    ] {
        let text = format!("global: {{_hopsworks: {{{inside}}}}}\n");
        let context = Context { mode: Some(Mode::Upgrade), ..Context::default() };
        assert!(found(&text, &context).contains(&rule), "{text}: {:?}", found(&text, &context));
    }
}

/// An engine that renders or runs takes none of this for a restore request.
#[test]
fn a_restore_of_an_unknown_id_is_not_rendered() {
    for id in ["${BACKUP_ID}", "ENC[AES256_GCM,data:aGk=,iv:aGk=,tag:aGk=,type:str]", "<path:a#b>"] {
        let text = format!("global: {{_hopsworks: {{restoreFromBackup: {{backupId: '{id}'}}}}}}\n");
        let values = values::read_one(Source::new("values.yaml", text)).unwrap();
        assert!(crate::pipeline::restore(&values, Mode::Install).is_err(), "{id}");
    }
}

#[test]
fn what_asks_for_nothing_is_no_finding() {
    for text in [
        "restoreFromBackup: {backupId: null}",
        "restoreFromBackup: {backupId: ''}",
        "rondb: {restoreFromBackup: {backupId: null}}",
        "backups: {enabled: false, schedule: null, ttl: null}",
        "global: {_hopsworks: {restoreFromBackup: {backupId: null, inPlace: false, forceDataClear: false}}}",
    ] {
        for context in contexts() {
            assert_eq!(found(text, &context), [""; 0], "{context:?} {text}");
        }
    }
}

/// Values of other charts, alone: RonDB's by itself, and others with keys like ours.
#[test]
fn what_is_not_ours_is_no_finding() {
    for text in [
        "backups: {enabled: true, schedule: '@weekly', ttl: 60d, s3: {bucketName: b}}\nclusterSize: {activeDataReplicas: 2}",
        "restoreFromBackup: {backupId: 1234, pathPrefix: rondb_backup, s3: {bucketName: b}}",
        "velero: {schedules: {daily: {schedule: '0 0 * * *'}}, backupsEnabled: true}",
        "grafana: {adminPassword: hunter2}",
        "a: 1\n---\nb: 2\n",
        "mode: daemonset",
        "superset: {enabled: true, auth: {type: oauth}, backups: {keep: 3}, superset: {image: {tag: x}}}",
        "superset: true",
        "superset: {superset: 'https://superset.example.com', auth: oauth}",
    ] {
        let context = Context { now: Some("2026-02-20T00:00:00Z".parse().unwrap()), ..Context::default() };
        assert_eq!(found(text, &context), [""; 0], "{text}");
    }
    for (text, rule) in [
        ("rondb: {mysql: {password: hunter2}}", "clear-text-credentials"),
        ("a: 1\n---\nglobal: {_hopsworks: {backups: {enabled: true}}}\n", "second-document"),
        ("backups: {enabled: true, schedule: '@weekly'}", "misplaced-key"),
        ("restoreFromBackup: {backupId: 1234, inplace: true}", "misplaced-key"),
    ] {
        assert!(found(text, &Context::default()).contains(&rule), "{text}");
    }
}

/// Texts that only look like a credential.
#[test]
fn names_of_keys_and_switches_are_no_credentials() {
    for (line, credential) in [
        ("existingSecretKey: password", false),
        ("existingPasswordSecretKey: root.pass1", false),
        ("tokenSecretKey: token", false),
        ("clientSecretKey: clientSecret", false),
        ("serviceAccountSecretKey: credentials.json", false),
        ("privateKey: tls.key", false),
        ("allowEmptyPassword: 'yes'", false),
        ("password: '${{ secrets.PASSWORD }}'", false),
        ("password: $SUPERSET_PASS", false),
        ("password: $Hush-1", true),
        ("password: $", true),
        ("secretKey: wJalrXUtnFEMI/K7MDENG", true),
        ("password: password", true),
        ("privateKey: \"-----BEGIN KEY-----\\nabc\"", true),
    ] {
        let context = Context { whole: true, ..Context::default() };
        assert_eq!(found(line, &context).contains(&"clear-text-credentials"), credential, "{line}");
    }
}

/// Sops signs the whole file: it refuses to open one that was changed without it.
#[test]
fn nothing_is_mended_in_a_file_that_sops_has_signed() {
    let text = "global: {_hopsworks: {backups: {ttl: 2w}}}\n";
    let sealed = format!(
        "{text}db: {{password: 'ENC[AES256_GCM,data:aGk=,type:str]'}}\nsops: {{mac: 'ENC[AES256_GCM,data:aGk=,type:str]'}}\n"
    );
    for (text, mended) in [(text.to_owned(), true), (sealed, false)] {
        let values = values::read_one(Source::new("values.yaml", text)).unwrap();
        let findings = lint(&values, &Context::default());
        assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["ttl"]);
        assert_eq!(findings[0].fix.is_some(), mended);
    }
}
