//! The commands that run restores, as far as they come without a cluster: what they refuse before they look for one.

mod common;

use common::{BOTH, Home, run, testdata};

/// The values of a restore in place, for one of both Helms.
fn in_place(home: &Home, helm: common::Major, more: &[&str]) -> common::Ran {
    let mut hwdr = home.hwdr();
    hwdr.env("HELM_BIN", helm.program()).env("KUBECONFIG", "/nonexistent");
    hwdr.args(["upgrade", "hops", &testdata("chart"), "-f", &testdata("values/base.yaml")]);
    hwdr.args(["-f", &testdata("values/in-place.yaml")]).args(more);
    run(&mut hwdr, b"")
}

#[test]
fn flags_that_would_work_against_a_restore_are_refused_before_a_cluster_is_looked_for() {
    let home = Home::new();
    for helm in BOTH {
        for (flag, why) in
            [("--atomic", "rolls back"), ("--wait", "waits for every step"), ("--force", "replaces objects")]
        {
            let message = in_place(&home, helm, &[flag]).failed(1);
            assert!(message.contains(flag) && message.contains(why), "{message}");
        }
    }
}

#[test]
fn flags_of_another_command_are_not_passed_over() {
    let home = Home::new();
    for (arguments, flag) in [
        (vec!["upgrade", "hops", "chart", "--iam"], "--iam"),
        (vec!["install", "hops", "chart", "--wipe"], "--wipe"),
        (vec!["upgrade", "hops", "chart", "--log-format=yaml"], "--log-format yaml"),
    ] {
        let message = run(home.hwdr().env("HELM_BIN", BOTH[0].program()).args(&arguments), b"").failed(2);
        assert!(message.contains(flag), "{message}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let home = Home::new();
    for (arguments, expected) in [
        (vec!["upgrade", "hops"], "a release and a chart are needed"),
        (vec!["install", "hops"], "a release and a chart are needed"),
        (vec!["finalize", "hops"], "a release and a chart are needed"),
        (vec!["undo", "--yes"], "a release is needed"),
        (vec!["resume", "--log-format", "json"], "a release is needed"),
    ] {
        let message = run(home.hwdr().args(&arguments), b"").failed(2);
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    let message = in_place(&home, BOTH[0], &["--yes"]).failed(2);
    assert!(
        message.contains("the cluster cannot be reached") && message.contains("kubectl config get-contexts"),
        "{message}"
    );
}

/// Findings point at the files that were given, not at the copies that helm gets.
#[test]
fn wrong_values_are_shown_where_they_stand() {
    let home = Home::new();
    let mut hwdr = home.hwdr();
    hwdr.env("HELM_BIN", BOTH[1].program()).env("KUBECONFIG", "/nonexistent");
    hwdr.args(["upgrade", "hops", &testdata("chart"), "-f", &testdata("values/wrong.yaml"), "--yes"]);
    let message = run(&mut hwdr, b"").failed(1);
    assert!(message.contains("values/wrong.yaml:") && !message.contains("/tmp/hwdr-"), "{message}");
}

/// Without a restore in the values it is helm, and helm's own words come through.
#[test]
fn without_a_restore_it_is_plain_helm() {
    let home = Home::new();
    for helm in BOTH {
        let mut hwdr = home.hwdr();
        hwdr.env("HELM_BIN", helm.program()).env("KUBECONFIG", "/nonexistent");
        hwdr.args(["upgrade", "hops", &testdata("chart"), "-f", &testdata("values/base.yaml"), "--atomic"]);
        let ran = run(&mut hwdr, b"");
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("helm upgrade failed") && ran.stderr.contains("UPGRADE FAILED"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("does not go with"), "{}", ran.stderr);
    }
}
