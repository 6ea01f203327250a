//! `--bundle`: what a supporter needs, in one file, without credentials ([`Redactor`]). What cannot be read is listed in it.

mod archive;
mod collect;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use super::prepared::lint_report;
use super::read::Read;
use crate::cli::messages::Failure;
use crate::lint::report::human::hang;
use crate::private;
use crate::shown::{lines, message_width, plain, tell};

use archive::Archive;

/// What is said in front of the list of files.
const README: &str = "\
What hwdr doctor found, and the objects, events and logs around it, for a supporter.

Left out: the contents of Secrets (their names, types, keys and lengths are here), the values and the manifest of the Helm release, and
annotations in which kubectl keeps whole objects. Replaced by ***: what has the name of a credential, passwords in URLs, private keys, HTTP
tokens, words that look like random keys, and, wherever they are, the values of the Secrets of both namespaces, as far as they could be read.

Not replaced: names (of hosts, users, databases, buckets, projects), addresses, ids of backups, and a credential that is in no Secret, has no
name that tells it, and looks like a word. Look through it before you pass it on.
";

/// Checks that the file can be written, before anything is read for it.
///
/// # Errors
/// If it exists.
pub(super) fn can_be_made(file: &Path) -> Result<()> {
    ensure!(
        fs::symlink_metadata(file).is_err(),
        Failure::unusable(format!("{} exists, and is not overwritten", plain(&file.display().to_string())))
            .help("give the name of a new file: --bundle FILE.tar.gz")
    );
    Ok(())
}

/// Writes it, and says what is in it.
///
/// # Errors
/// If it cannot be written.
pub(super) async fn write(file: &Path, read: &Read, report: &Json) -> Result<()> {
    let facts = &read.facts;
    let mut archive = Archive::default();
    let redactor = collect::collect(&read.cluster, &facts.velero.namespace, &mut archive).await;
    let shown = |value: &Json| redactor.object(value);
    archive.json("doctor.json", &shown(report));
    archive.json("status.json", &shown(&json!(facts.status)));
    archive.json("lint.json", &shown(&lint_report(facts.values.as_ref(), facts.mode)));
    archive.json("versions.json", &shown(&versions(read)));
    let runs = facts.runs.iter().flatten().map(|run| match run {
        Ok(state) => json!(state),
        Err(fault) => json!({"cannotBeRead": fault.what}),
    });
    archive.json("runs.json", &shown(&runs.collect()));
    let readme = format!("{README}\n{}", archive.contents());
    archive.text("README.txt", &readme);
    let name = plain(&file.display().to_string()).into_owned();
    let bytes = archive.packed().with_context(|| format!("cannot pack {name}"))?;
    if let Err(error) = private::write(file, &bytes) {
        // A part of it would be taken for the whole. One that was there before is somebody else's.
        if error.kind() != std::io::ErrorKind::AlreadyExists {
            let _ = fs::remove_file(file);
        }
        return Err(error).with_context(|| format!("cannot write {name}"));
    }
    tell(&format!("Written to {name} ({} KiB); only you can read it. In it:", bytes.len().div_ceil(1024)));
    for line in archive.contents().lines() {
        tell(&format!("  {}", hang(&lines(line), message_width(), 4)));
    }
    Ok(())
}

fn versions(read: &Read) -> Json {
    let facts = &read.facts;
    let images = facts.servers.iter().flatten().flat_map(|server| {
        let containers = ["initContainers", "containers"]
            .into_iter()
            .filter_map(|key| server.pointer(&format!("/spec/template/spec/{key}"))?.as_array());
        containers.flatten().map(|container| container.get("image").cloned().unwrap_or_default()).collect::<Vec<_>>()
    });
    json!({
        "hwdr": env!("CARGO_PKG_VERSION"),
        "kubernetes": facts.api.as_ref().ok().map(|api| &api.version),
        "helm": facts.helm.as_ref().ok().map(|helm| &helm.version),
        "velero": images.collect::<Vec<_>>(),
        "release": facts.installed.as_ref().ok().and_then(Option::as_ref).map(|found| json!({
            "name": found.release, "revision": found.revision, "status": found.status, "chart": found.chart, "appVersion": found.app_version,
        })),
    })
}
