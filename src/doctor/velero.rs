//! Velero: its kinds, its server, its plugin, and its storage location.

use serde_json::Value as Json;

use super::{Facts, Level, Line};
use crate::cluster::condition::{number, text};
use crate::cluster::{Kind, WaitState, condition};
use crate::mode::Mode;
use crate::shown::{plain, said, word};
use crate::velero::{INSTALL, INSTALL_BY_HELM, PLUGIN, help_with, is_server, minor};

/// The kinds that a restore uses.
const KINDS: [Kind; 5] = [Kind::BACKUP, Kind::RESTORE, Kind::SCHEDULE, Kind::STORAGE_LOCATION, Kind::DOWNLOAD_REQUEST];
/// The oldest minor version of Velero 1 that updates existing objects (`existingResourcePolicy`; its changelog of 1.9).
const OLDEST: u32 = 9;
/// The minor version that the docs install.
const DOCS: u32 = 17;

/// How to install Velero, both ways of the docs.
fn install() -> String {
    format!("{INSTALL}\nor with Helm:\n{INSTALL_BY_HELM}")
}

pub(super) fn kinds(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "velero-crds";
    let kinds = match &facts.kinds {
        Ok(kinds) => kinds,
        Err(fault) if fault.is_unknown() => return vec![Line::unread(CHECK, "the kinds of Velero", fault)],
        Err(fault) => return vec![Line { fix: Some(install()), ..Line::of(CHECK, fault) }],
    };
    let missing: Vec<_> =
        KINDS.iter().map(|kind| kind.kind).filter(|kind| !kinds.iter().any(|it| it == kind)).collect();
    vec![if missing.is_empty() {
        Line::ok(CHECK, "the cluster knows all kinds of Velero that a restore uses (velero.io/v1)")
    } else {
        Line::problem(CHECK, format!("the cluster does not know these kinds of Velero: {}", missing.join(", ")))
            .fix("apply the CRDs of the Velero that is installed:\nvelero install --crds-only --dry-run -o yaml | kubectl apply -f -")
    }]
}

/// Whether Velero is missing altogether, which has a line of its own.
fn is_absent(facts: &Facts) -> bool {
    facts.kinds.as_ref().is_err_and(|fault| !fault.is_unknown())
}

/// Velero's Deployment.
fn deployment(facts: &Facts) -> Option<&Json> {
    facts.servers.as_ref().ok()?.iter().find(|deployment| is_server(deployment, &facts.velero.deployment))
}

/// The images of containers.
fn images<'d>(deployment: &'d Json, of: &'static str) -> impl Iterator<Item = &'d str> {
    let containers = deployment.pointer(&format!("/spec/template/spec/{of}")).and_then(Json::as_array);
    containers.into_iter().flatten().map(|container| text(container, "/image"))
}

pub(super) fn server(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "velero";
    if is_absent(facts) {
        return Vec::new();
    }
    let namespace = word(&facts.velero.namespace);
    if let Err(fault) = &facts.servers {
        return vec![Line::unread(CHECK, "Velero's Deployment", fault)];
    }
    let Some(deployment) = deployment(facts) else {
        let what = format!("there is no Deployment {} in namespace {namespace}", facts.velero.deployment);
        return vec![Line::problem(CHECK, what).fix(install())];
    };
    let name = text(deployment, "/metadata/name");
    if number(deployment, "/status/readyReplicas") == 0 {
        let what = format!("Velero's Deployment {} has no ready pod", plain(name));
        return vec![Line::problem(CHECK, what).fix(format!(
            "see why:\nkubectl -n {namespace} describe pods\nkubectl -n {namespace} logs deployment/{} --tail=50",
            word(name)
        ))];
    }
    let image = images(deployment, "containers").next().unwrap_or_default();
    vec![match minor(image) {
        Some(minor) if minor < OLDEST => Line::problem(
            CHECK,
            format!("Velero is {}: before 1.{OLDEST} it cannot update existing objects", plain(image)),
        )
        .fix(install()),
        Some(minor) if minor < DOCS => Line::warning(
            CHECK,
            format!("Velero is {}: the docs install 1.{DOCS}, and hwdr is tested with it", plain(image)),
        )
        .fix(install()),
        Some(_) => Line::ok(CHECK, format!("{} has a ready pod: {}", plain(name), plain(image))),
        None => Line::unknown(CHECK, format!("the version of Velero is not in its image's name, {}", plain(image)))
            .fix(format!("see what it is:\nvelero version -n {namespace}")),
    }]
}

/// The plugin for S3. Its minor version is Velero's less four (its README, "Compatibility").
pub(super) fn plugin(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "velero-plugin";
    let Some(deployment) = deployment(facts) else { return Vec::new() };
    let found = images(deployment, "initContainers").find(|image| image.contains("velero-plugin-for-aws"));
    let add =
        format!("Velero lacks its plugin for S3:\nvelero plugin add {PLUGIN} -n {}", word(&facts.velero.namespace));
    let Some(image) = found else {
        // One that is built into the image works, too.
        return vec![match available(facts) {
            Some(true) => Line::ok(CHECK, "Velero has a plugin for S3: it can read the storage location"),
            Some(false) => Line::problem(CHECK, "no init container of Velero brings its plugin for S3").fix(add),
            None => Line::unknown(CHECK, "no init container of Velero brings its plugin for S3").fix(add),
        }];
    };
    let server = images(deployment, "containers").next().and_then(minor);
    vec![match (server, minor(image)) {
        (Some(server), Some(plugin)) if plugin.saturating_add(4) < server => Line::warning(
            CHECK,
            format!(
                "the plugin {} is older than Velero 1.{server}, which wants 1.{}",
                plain(image),
                server.saturating_sub(4)
            ),
        )
        .fix(format!(
            "see which versions belong together:\nkubectl -n {} describe deployment",
            word(&facts.velero.namespace)
        )),
        (Some(_), Some(_)) => Line::ok(CHECK, format!("the plugin for S3: {}", plain(image))),
        _ => Line::unknown(
            CHECK,
            format!("whether the plugin fits Velero is not in the images' names: {}", plain(image)),
        )
        .fix(format!(
            "see which versions they are (a plugin for Velero 1.17 is 1.13):\nvelero plugin get -n {0}\nvelero version -n {0}",
            word(&facts.velero.namespace)
        )),
    }]
}

/// The storage location of the values.
pub(super) fn find(facts: &Facts) -> Option<&Json> {
    let locations = facts.locations.as_ref().ok()?;
    locations.iter().find(|location| text(location, "/metadata/name") == facts.velero.location)
}

/// Whether Velero can read it, if it has looked.
fn available(facts: &Facts) -> Option<bool> {
    match condition::storage_location(find(facts)) {
        WaitState::Done => Some(true),
        _ => find(facts).filter(|location| !text(location, "/status/phase").is_empty()).map(|_| false),
    }
}

/// The command that creates it, as far as the values say.
fn create(facts: &Facts) -> String {
    let storage = &facts.storage;
    let given = |value: &Option<String>, placeholder: &str| value.as_deref().map_or(placeholder.to_owned(), word);
    let endpoint = storage
        .endpoint
        .as_ref()
        .map_or_else(String::new, |url| format!(" \\\n  --endpoint {} --path-style", word(url)));
    format!(
        "create it; Velero reads by its pod's role (--iam), or by a file (--credentials-file FILE):\n\
         helm hwdr bsl apply --bucket {} \\\n  --region {}{endpoint} --iam",
        given(&storage.bucket, "BUCKET"),
        given(&storage.region, "REGION")
    )
}

pub(super) fn location(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "storage-location";
    if is_absent(facts) {
        return Vec::new();
    }
    if let Err(fault) = &facts.locations {
        return vec![Line::unread(CHECK, "Velero's storage locations", fault)];
    }
    let (name, namespace) = (&facts.velero.location, word(&facts.velero.namespace));
    let Some(location) = find(facts) else {
        let what = format!("there is no storage location {name} in namespace {namespace}");
        return vec![Line::problem(CHECK, what).fix(create(facts))];
    };
    let at = |pointer: &str| text(location, pointer);
    let (bucket, prefix) = (at("/spec/objectStorage/bucket"), at("/spec/objectStorage/prefix").trim_matches('/'));
    let place = format!("s3://{bucket}/{prefix}");
    let mut lines = vec![match at("/status/phase") {
        "Available" => {
            let mode = if at("/spec/accessMode") == "ReadOnly" { "read-only" } else { "read and write" };
            Line::ok(CHECK, format!("{name} is Available: {}, {mode}", plain(&place)))
        }
        "" => Line::unknown(CHECK, format!("Velero has not looked at {name} yet ({})", plain(&place))).fix(format!(
            "see what Velero does:\nkubectl -n {namespace} logs deployment/{} --tail=50",
            word(&facts.velero.deployment)
        )),
        phase => {
            let message = at("/status/message");
            let help = help_with(message).unwrap_or("see what Velero says:");
            Line::problem(CHECK, format!("{name} is {}: {}", plain(phase), said(message))).fix(format!(
                "{help}\nkubectl -n {namespace} logs deployment/{} --tail=50",
                word(&facts.velero.deployment)
            ))
        }
    }];
    // What the values say is where backups are, or will be looked for.
    if facts.values.is_some() {
        let differs = |what: &str, is: &str, wanted: &str| {
            Line::problem(CHECK, format!("{name} has the {what} {:?}, but the values say {wanted:?}", plain(is)))
                .fix("backups in another place are not found: correct the values, or the storage location")
        };
        // Values that name no bucket name no folder in it.
        if facts.product.keys().bucket.is_some() && prefix != facts.velero.prefix {
            lines.push(differs("prefix", prefix, &facts.velero.prefix));
        }
        if let Some(wanted) = facts.storage.bucket.as_deref().filter(|wanted| *wanted != bucket) {
            let line = differs("bucket", bucket, wanted);
            // Backups may be kept in a bucket of their own.
            lines.push(Line { level: Level::Warning, ..line });
        }
    }
    if at("/spec/accessMode") == "ReadOnly" && facts.mode == Mode::Upgrade {
        lines.push(
            Line::problem(CHECK, format!("{name} is read-only, and a restore in place backs up what it may overwrite"))
                .fix(format!("unless a restore is running, let Velero write:\n{}", facts.velero.open())),
        );
    }
    lines
}

/// Restores that are not over: Velero does one after the other.
pub(super) fn busy(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "velero-restores";
    let restores = match &facts.restores {
        Ok(restores) => restores,
        Err(_) if is_absent(facts) => return Vec::new(),
        Err(fault) => return vec![Line::unread(CHECK, "Velero's Restores", fault)],
    };
    let is_open = |restore: &&Json| matches!(condition::restore(Some(restore), true), WaitState::NotYet(_));
    let open: Vec<_> = restores.iter().filter(is_open).map(|restore| plain(text(restore, "/metadata/name"))).collect();
    vec![if open.is_empty() {
        Line::ok(CHECK, "no Restore of Velero is under way")
    } else {
        Line::warning(CHECK, format!("Velero is at work on {}, and does one Restore after the other", open.join(", ")))
            .fix(format!("see how far it is:\nkubectl -n {} get restores.velero.io", word(&facts.velero.namespace)))
    }]
}
