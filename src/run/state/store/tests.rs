//! Objects that claim to keep the state of a run.

use super::super::check::tests::good;
use super::*;

fn config_map(state: &Json) -> Json {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "hwdr-restore-254811200", "labels": {RELEASE: "hops", BACKUP_ID: "254811200"}},
        "data": {STATE: state.to_string()},
    })
}

#[test]
fn a_secret_says_what_was_written_into_it() {
    let old = read(&config_map(&good()), "hopsworks").unwrap();
    let secret = object_of(&old);
    assert_eq!((&secret["kind"], &secret["type"]), (&json!("Secret"), &json!(TYPE)));
    // Velero must not restore an old one.
    assert_eq!(secret["metadata"]["labels"][NO_BACKUP], "true");
    assert!(is_state(&secret) && !secret.to_string().contains("254811200\\\""));
    assert_eq!(read(&secret, "hopsworks").unwrap(), old);
}

#[test]
fn only_hwdrs_own_type_of_secret_is_a_state() {
    let old = read(&config_map(&good()), "hopsworks").unwrap();
    let mut secret = object_of(&old);
    secret["type"] = "Opaque".into();
    assert!(!is_state(&secret));
    let marker =
        json!({"kind": "ConfigMap", "metadata": {"name": "hwdr-restore-254811200"}, "data": {"plan.json": "{}"}});
    assert!(!is_state(&marker) && is_state(&config_map(&good())));
}

#[test]
fn a_state_is_of_the_run_that_its_object_is_for() {
    for (at, other) in [
        ("/metadata/name", "hwdr-restore-254811201"),
        ("/metadata/labels/hwdr.hopsworks.ai~1release", "other"),
        ("/metadata/labels/hwdr.hopsworks.ai~1restore-id", "254811201"),
    ] {
        let mut object = config_map(&good());
        *object.pointer_mut(at).unwrap() = other.into();
        let halt = read(&object, "hopsworks").unwrap_err();
        assert!(halt.problem.contains("another run's"), "{at}: {halt:?}");
        assert!(halt.help.iter().any(|help| help.contains("delete configmap")), "{halt:?}");
    }
    let mut later = good();
    later["form"] = json!(FORM + 1);
    assert!(read(&config_map(&later), "hopsworks").unwrap_err().problem.contains("a later hwdr"));
    assert!(read(&config_map(&json!("x")), "hopsworks").unwrap_err().problem.contains("cannot be read"));
}

/// What hwdr 0.1.0 wrote into Secrets. It may be used again after this version.
#[test]
fn what_0_1_wrote_is_read_and_written_to_the_byte() {
    for text in [
        include_str!("../../../../testdata/state/0.1-failed.json"),
        include_str!("../../../../testdata/state/0.1-undoing.json"),
    ] {
        let text = text.trim_end();
        let state: State = serde_json::from_str(text).unwrap();
        assert_eq!(written(&state), text);
        let secret = object_of(&state);
        assert_eq!(read(&with_kind(&secret), "hopsworks").unwrap(), state);
        assert_eq!(said(&secret, STATE).as_deref(), Some(text));
    }
}
