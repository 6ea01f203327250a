//! Which cluster, and the versions of what a restore runs on.

use jiff::SignedDuration;

use super::{Facts, Line};
use crate::backups::ago;
use crate::mode::Mode;
use crate::shown::{plain, word};
use crate::values::Helm;

/// The oldest Kubernetes: pods of Jobs have the label `batch.kubernetes.io/job-name` since 1.27, by which hwdr finds them.
const OLDEST: (u32, u32) = (1, 27);
/// Clocks may differ by this much (`s3::preflight` refuses more).
const CLOCKS: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn place(facts: &Facts) -> Vec<Line> {
    let place = &facts.place;
    if let Some(fault) = &place.other {
        return vec![Line::of("cluster", fault)];
    }
    let uid = place.uid.as_ref().map_or_else(String::new, |uid| format!(", uid {}", plain(uid)));
    let context = if place.context.is_empty() { "this pod's cluster".into() } else { plain(&place.context) };
    let what = format!("{context} at {}{uid}; namespace {}", plain(&place.server), plain(&place.namespace));
    vec![Line::ok("cluster", what)]
}

pub(super) fn kubernetes(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "kubernetes";
    let api = match &facts.api {
        Ok(api) => api,
        Err(fault) => return vec![Line::unread(CHECK, "the version of Kubernetes", fault)],
    };
    let (major, minor) = OLDEST;
    vec![match api.minor {
        Some(version) if version < OLDEST => Line::problem(
            CHECK,
            format!("Kubernetes {} is too old: hwdr needs {major}.{minor} or later", plain(&api.version)),
        )
        .fix("upgrade the cluster"),
        Some(_) => Line::ok(CHECK, format!("Kubernetes {}", plain(&api.version))),
        None => Line::unknown(CHECK, format!("the API server's version is {}", plain(&api.version)))
            .fix("see what it is:\nkubectl version"),
    }]
}

pub(super) fn clock(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "clock";
    // The version has its own line if the API server does not answer.
    let Ok(api) = &facts.api else { return Vec::new() };
    vec![match api.ahead {
        None => Line::unknown(CHECK, "the API server does not say what time it is")
            .fix("compare the clock of a node with this machine's:\ndate -u"),
        Some(ahead) if ahead.abs() > CLOCKS => {
            let side = if ahead.is_negative() { "behind" } else { "ahead of" };
            let what = format!(
                "the API server's clock is {} {side} this machine's: one of the two is wrong, and ages of backups, too",
                ago(ahead.abs())
            );
            Line::warning(CHECK, what).fix("compare them, and set the wrong one:\ndate -u\ntimedatectl set-ntp true")
        }
        Some(_) => Line::ok(CHECK, "this machine and the API server agree on the time"),
    }]
}

pub(super) fn helm(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "helm";
    vec![match &facts.helm {
        Ok(helm) => Line::ok(CHECK, format!("helm {}", plain(&helm.version))),
        Err(fault) => Line::of(CHECK, fault),
    }]
}

/// Helm 3 fails to load any plugin beside one in Helm 4's form.
pub(super) fn plugins(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "helm-plugins";
    let Ok(helm) = &facts.helm else { return Vec::new() };
    let new: Vec<_> = helm.plugins.iter().filter(|plugin| plugin.is_new).collect();
    let Some(first) = new.first() else {
        return vec![Line::ok(
            CHECK,
            format!("{} plugins, all in the form that Helm 3 and 4 read", helm.plugins.len()),
        )];
    };
    let names = new.iter().map(|plugin| plain(&plugin.folder)).collect::<Vec<_>>().join(", ");
    vec![match helm.major {
        Helm::V3 => Line::problem(
            CHECK,
            format!("{names}: a plugin in Helm 4's form, beside which Helm 3 fails to load any plugin"),
        )
        .fix(format!(
            "move it to a folder of its own, and name that in HELM_PLUGINS for Helm 4 only:\nmv {} /another/folder",
            word(&first.folder)
        )),
        Helm::V4 => {
            Line::ok(CHECK, format!("{names} has Helm 4's form: Helm 3 would load no plugin from the same folder"))
        }
    }]
}

/// The release, and its chart.
pub(super) fn chart(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "release";
    let installed = match &facts.installed {
        Ok(installed) => installed,
        Err(fault) => return vec![Line::of(CHECK, fault)],
    };
    vec![match (installed, facts.mode) {
        (None, Mode::Install) => {
            Line::ok(CHECK, format!("nothing is installed in namespace {}", facts.place.namespace))
        }
        (None, Mode::Upgrade) => {
            let name = facts.release.as_ref().map_or_else(String::new, |name| format!(" {}", plain(name)));
            Line::problem(CHECK, format!("there is no release{name} in namespace {}", facts.place.namespace))
                .fix("see what there is:\nhelm list -A\ninto a new cluster: --for install")
        }
        (Some(found), mode) => {
            let what = format!(
                "release {}, revision {}: chart {}, app version {}, {}",
                plain(&found.release),
                found.revision,
                plain(&found.chart),
                plain(&found.app_version),
                plain(&found.status)
            );
            match (mode, found.status.as_str()) {
                (Mode::Install, _) => {
                    Line::problem(CHECK, format!("{what}: a restore into a new cluster needs an empty namespace"))
                        .fix("to restore it in place: --for upgrade")
                }
                (Mode::Upgrade, "deployed") => Line::ok(CHECK, what),
                (Mode::Upgrade, _) => {
                    Line::problem(CHECK, format!("{what}: its newest revision is not deployed")).fix(format!(
                        "fix that first:\n{}\n{}",
                        facts.place.commands.helm(&format!("history {}", word(&found.release))),
                        facts.place.commands.helm(&format!("rollback {}", word(&found.release)))
                    ))
                }
            }
        }
    }]
}
