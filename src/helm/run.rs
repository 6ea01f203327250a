//! Runs helm itself: the one that the operator uses.

#![expect(clippy::indexing_slicing, reason = "reading JSON by a missing key gives null")]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use thiserror::Error;
use tokio::process::{Child, Command};
use tracing::debug;

use super::invocation::Invocation;
use super::plugin;
use crate::mode::Mode;
use crate::private::{self, Folder};
use crate::sha256;
use crate::shown::{lines, mask};
use crate::values::{self, Helm as Major, ValueInputs, ValuesError};
use crate::velero::BackupNames;

/// A run's orders for its post-renderer, in a file that only this user can read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Orders {
    /// The values of the plan.
    pub values: ValueInputs,
    /// The mode of the plan: where a namespace was restored, helm upgrades the release in it.
    pub mode: Mode,
    /// The release's namespace.
    pub namespace: String,
    /// The digest of the approved plan: any other plan is refused. `None`: the stream is only kept.
    pub digest: Option<String>,
    /// Velero's backups that were chosen for an upgrade: the cluster's own objects, the users'.
    pub objects: Option<BackupNames>,
    /// Where to store the stream, as helm renders it.
    pub keep: PathBuf,
    /// The process of the run: once it is gone, nothing may be applied any more.
    pub run: u32,
}

/// The approved plan.
#[derive(Debug, Clone)]
pub struct Agreed {
    /// Its mode.
    pub mode: Mode,
    /// Its digest.
    pub digest: String,
    /// Velero's backups in it.
    pub objects: Option<BackupNames>,
}

/// A helm process that waits for its post-renderer's orders.
pub struct Begun {
    helm: Child,
    since: Instant,
    orders: Orders,
}

impl Begun {
    /// Its process id.
    pub fn process(&self) -> Option<u32> {
        self.helm.id()
    }
}

/// A helm program, and a private folder for its input files.
pub struct Helm {
    program: OsString,
    version: String,
    major: Major,
    folder: Folder,
    connection: Vec<String>,
    chart: Vec<String>,
    values: ValueInputs,
    /// How it renders: with what it looks up in the cluster, or without.
    dry_run: &'static str,
}

/// A release, as helm reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its newest revision.
    pub revision: u64,
    /// `deployed`, `failed`, `pending-upgrade`, …
    pub status: String,
    /// When its first revision was installed (RFC 3339).
    pub first_deployed: String,
    /// The description of its newest revision.
    pub description: String,
    /// Whether the API server merges what helm applies (Helm 4's default for its own releases).
    pub is_server_side: bool,
    /// When its newest revision was deployed (RFC 3339).
    pub last_deployed: String,
    /// Name and version of the chart: `hopsworks-4.8.0`.
    pub chart: String,
    /// The version of the application.
    pub app_version: String,
}

impl Release {
    /// The flags that helm needs to change what hwdr has scaled: the API server treats that as a conflict.
    pub fn over_conflicts(&self) -> Vec<String> {
        self.is_server_side.then(|| "--force-conflicts".to_owned()).into_iter().collect()
    }

    /// How long ago the deployment of its newest revision began.
    pub fn deployed_since(&self) -> Option<Duration> {
        let time: Timestamp = self.last_deployed.parse().ok()?;
        Timestamp::now().duration_since(time).try_into().ok()
    }
}

/// What helm would apply.
#[derive(Debug)]
pub struct Rendering {
    /// The stream for a post-renderer.
    pub stream: Vec<u8>,
    /// Name and version of the chart.
    pub chart: String,
    /// The version of the application.
    pub app_version: String,
    /// The digest of all files of the chart, but those of the charts in it.
    pub digest: String,
    /// The chart's other files, by name: not its templates and values.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why helm failed.
#[derive(Debug, Error)]
pub enum HelmError {
    /// It cannot be started.
    #[error("{program} cannot be run: {source}")]
    Io {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// Its input cannot be written.
    #[error("cannot write what helm needs to {folder}: {source}")]
    Folder {
        /// Where.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// It failed, in its own words.
    // Helm's words are on separate lines: only the first line is kept in the state, and they may quote values.
    #[error("helm {verb} failed:\n{words}")]
    Failed {
        /// The command.
        verb: String,
        /// The end of its standard error.
        words: String,
    },
    /// It cannot render a chart, in its own words.
    #[error("helm cannot render the chart. It changed nothing, and says:\n{0}")]
    NotRendered(String),
    /// There is no such program.
    #[error("there is no {0}")]
    Absent(String),
    /// hwdr does not know this version.
    #[error("helm version says {0:?}, but hwdr supports only Helm 3 and Helm 4")]
    Version(String),
    /// Its output is not as expected.
    #[error("what helm {0} printed cannot be read: {1}")]
    Output(String, String),
}

impl Helm {
    /// The helm that started this plugin (`$HELM_BIN`), or the one in `$PATH`.
    ///
    /// # Errors
    /// If there is none, or an unknown version.
    pub async fn find(invocation: &Invocation) -> Result<Self, HelmError> {
        let program = env::var_os("HELM_BIN").filter(|name| !name.is_empty()).unwrap_or_else(|| "helm".into());
        let error = |source| not_started(Path::new(&program).display().to_string(), source);
        let since = Instant::now();
        let output =
            Command::new(&program).args(["version", "--template", "{{.Version}}"]).output().await.map_err(error)?;
        log("version", since, &output);
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let major = match version.split('.').next() {
            Some("v3") => Major::V3,
            Some("v4") => Major::V4,
            _ => return Err(HelmError::Version(version)),
        };
        // Values may contain secrets: the folder is private to this user, and is removed with the process.
        let folder = Folder::new()
            .map_err(|source| HelmError::Folder { folder: env::temp_dir().display().to_string(), source })?;
        let chart = [vec![invocation.release.clone(), invocation.chart.clone()], invocation.rest.clone()].concat();
        Ok(Self {
            major,
            folder,
            connection: invocation.connection(),
            chart,
            values: invocation.values.clone(),
            dry_run: "--dry-run=server",
            program,
            version,
        })
    }

    /// Gives helm copies of all files that the value flags name: helm gets exactly what the plan was made from, whatever happens to the
    /// files, and a pipe can be read only once. `read` returns the bytes of a file.
    ///
    /// # Errors
    /// If one cannot be read or copied.
    pub fn freeze(&mut self, read: &mut values::Read<'_>) -> Result<(), ValuesError> {
        let folder = self.folder.path().to_owned();
        let mut number = 0_usize;
        let mut copy = |name: &str| {
            let unreadable = |error: io::Error| ValuesError::unreadable(format!("cannot read {name}: {error}"));
            let bytes = read(name).map_err(unreadable)?;
            let copy = folder.join(format!("values-{number}"));
            number += 1;
            private::write(&copy, &bytes)
                .map_err(|error| ValuesError::unreadable(format!("cannot write {}: {error}", copy.display())))?;
            Ok(copy.to_string_lossy().into_owned())
        };
        for file in &mut self.values.files {
            *file = copy(file)?;
        }
        for argument in &mut self.values.set_file {
            *argument = values::rename_files(argument, &mut copy)?;
        }
        Ok(())
    }

    /// Its version: `v3.19.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its major version.
    pub fn major(&self) -> Major {
        self.major
    }

    /// Whether a chart was given.
    pub fn has_chart(&self) -> bool {
        self.chart.get(1).is_some_and(|chart| !chart.is_empty())
    }

    /// The values flags, with the copies of the files.
    pub fn values(&self) -> &ValueInputs {
        &self.values
    }

    /// What helm would apply, rendered with access to the cluster (`lookup`), without applying anything.
    ///
    /// # Errors
    /// If helm refuses.
    pub async fn render(&self, mode: Mode, namespace: &str) -> Result<Rendering, HelmError> {
        self.render_with(&self.values, mode, namespace).await
    }

    /// The same with other values.
    ///
    /// # Errors
    /// If helm refuses.
    pub async fn render_with(&self, values: &ValueInputs, mode: Mode, namespace: &str) -> Result<Rendering, HelmError> {
        let keep = self.folder.path().join("stream.yaml");
        let orders = Orders {
            values: values.clone(),
            mode,
            namespace: namespace.to_owned(),
            digest: None,
            objects: None,
            keep,
            run: std::process::id(),
        };
        let flags = [self.dry_run, "-o", "json"].map(str::to_owned);
        // The post-renderer creates a new file, and overwrites nothing.
        let _ = fs::remove_file(&orders.keep);
        self.order(&orders)?;
        let command = self.apply(values, mode, &flags)?;
        let printed = self.printed(&mode.to_string(), command).await.map_err(not_rendered)?;
        let release = json(mode.to_string().as_str(), &printed)?;
        let metadata = &release["chart"]["metadata"];
        Ok(Rendering {
            stream: fs::read(&orders.keep)
                .map_err(|error| HelmError::Output(mode.to_string(), format!("hwdr got no stream from it: {error}")))?,
            chart: format!("{}-{}", text(&metadata["name"]), text(&metadata["version"])),
            app_version: text(&metadata["appVersion"]).to_owned(),
            digest: digest(&release["chart"]),
            files: files(&release["chart"]["files"]),
        })
    }

    /// From now on, renders without what a chart looks up in the cluster (`lookup`).
    pub fn without_lookups(&mut self) {
        self.dry_run = "--dry-run=client";
    }

    /// Adds a values file behind all others.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add_values(&mut self, bytes: &[u8]) -> Result<(), HelmError> {
        let path = self.folder.path().join(format!("more-{}", self.values.files.len()));
        private::write(&path, bytes).map_err(|source| self.unwritable(source))?;
        self.values.files.push(path.to_string_lossy().into_owned());
        Ok(())
    }

    /// Leaves out values files.
    pub fn keep_values(&mut self, keep: impl Fn(&str) -> bool) {
        self.values.files.retain(|file| keep(file));
    }

    /// Begins to install or upgrade, with hwdr as the post-renderer, if the chart still renders the plan with this digest. Nothing is
    /// rendered before [`Helm::end`]: the post-renderer waits for its orders.
    ///
    /// # Errors
    /// If helm cannot be started.
    pub fn begin(&self, mode: Mode, namespace: &str, plan: Agreed, flags: &[String]) -> Result<Begun, HelmError> {
        let orders = Orders {
            values: self.values.clone(),
            mode: plan.mode,
            namespace: namespace.to_owned(),
            digest: Some(plan.digest),
            objects: plan.objects,
            keep: self.folder.path().join("stream.yaml"),
            run: std::process::id(),
        };
        let _ = fs::remove_file(self.orders());
        let mut command = self.apply(&self.values, mode, flags)?;
        let since = Instant::now();
        let helm = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|source| self.io(source))?;
        Ok(Begun { helm, since, orders })
    }

    /// Lets what [`Helm::begin`] began continue, and waits for its end.
    ///
    /// # Errors
    /// If helm failed; with its own words.
    pub async fn end(&self, mode: Mode, begun: Begun) -> Result<(), HelmError> {
        self.order(&begun.orders)?;
        let output = begun.helm.wait_with_output().await.map_err(|source| self.io(source))?;
        log(&mode.to_string(), begun.since, &output);
        words(&mode.to_string(), &output).map(drop)
    }

    /// A plain `helm upgrade`, with the copies of the values files.
    ///
    /// # Errors
    /// If helm fails.
    pub async fn upgrade(&self, description: &str) -> Result<(), HelmError> {
        let mut command = self.command();
        command.arg("upgrade").args(&self.chart).args(&self.connection).args(["--description", description]);
        command.args(Invocation::value_flags(&self.values));
        self.printed("upgrade", command).await.map(drop)
    }

    /// The command that renders through hwdr.
    fn apply(&self, values: &ValueInputs, mode: Mode, flags: &[String]) -> Result<Command, HelmError> {
        let path = self.orders();
        let program = env::current_exe().map_err(|source| self.io(source))?;
        let mut command = self.command();
        command.arg(mode.to_string()).args(&self.chart).args(&self.connection).args(flags);
        command.args(Invocation::value_flags(values));
        match self.major {
            Major::V3 => {
                command.arg("--post-renderer").arg(program).args(["--post-renderer-args", "post-render"]);
            }
            Major::V4 => {
                let plugins = self.folder.path().join("plugins");
                plugin::write(&plugins, &program).map_err(|source| self.unwritable(source))?;
                let others = env::var_os("HELM_PLUGINS").filter(|others| !others.is_empty());
                let mut all: Vec<PathBuf> = others.iter().flat_map(env::split_paths).collect();
                all.insert(0, plugins);
                command.env("HELM_PLUGINS", env::join_paths(all).unwrap_or_default());
                command.args(["--post-renderer", plugin::NAME]);
            }
        }
        for argument in ["--orders", &path.to_string_lossy()] {
            command.arg(format!("--post-renderer-args={argument}"));
        }
        Ok(command)
    }

    fn orders(&self) -> PathBuf {
        self.folder.path().join("orders.json")
    }

    /// Gives the post-renderer its orders, atomically: it may be waiting for them.
    fn order(&self, orders: &Orders) -> Result<(), HelmError> {
        let new = self.folder.path().join("orders.new");
        let _ = fs::remove_file(&new);
        serde_json::to_vec(orders)
            .map_err(io::Error::other)
            .and_then(|bytes| private::write(&new, &bytes))
            .and_then(|()| fs::rename(&new, self.orders()))
            .map_err(|source| self.unwritable(source))
    }

    /// The release, or `None`.
    ///
    /// # Errors
    /// If helm cannot tell.
    pub async fn release(&self, name: &str) -> Result<Option<Release>, HelmError> {
        let mut command = self.command();
        command.args(["status", name, "-o", "json"]).args(&self.connection);
        let status = match self.printed("status", command).await {
            Ok(printed) => json("status", &printed)?,
            Err(HelmError::Failed { words, .. }) if words.contains("release: not found") => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut command = self.command();
        command.args(["get", "metadata", name, "-o", "json"]).args(&self.connection);
        let metadata = json("get metadata", &self.printed("get metadata", command).await?)?;
        Ok(Some(Release {
            revision: status["version"].as_u64().unwrap_or_default(),
            status: text(&status["info"]["status"]).to_owned(),
            first_deployed: text(&status["info"]["first_deployed"]).to_owned(),
            description: text(&status["info"]["description"]).to_owned(),
            is_server_side: metadata["applyMethod"] == "ssa",
            last_deployed: text(&status["info"]["last_deployed"]).to_owned(),
            chart: format!("{}-{}", text(&metadata["chart"]), text(&metadata["version"])),
            app_version: text(&metadata["appVersion"]).to_owned(),
        }))
    }

    /// The manifest of a release's newest revision, without its hooks.
    ///
    /// # Errors
    /// If helm cannot tell.
    pub async fn manifest(&self, name: &str) -> Result<String, HelmError> {
        let mut command = self.command();
        command.args(["get", "manifest", name]).args(&self.connection);
        self.printed("get manifest", command).await
    }

    /// Rolls back to an older revision.
    ///
    /// # Errors
    /// If helm fails.
    pub async fn rollback(&self, name: &str, revision: u64, flags: &[String]) -> Result<(), HelmError> {
        let mut command = self.command();
        command.args(["rollback", name, &revision.to_string()]).args(&self.connection).args(flags);
        self.printed("rollback", command).await.map(drop)
    }

    /// Runs the chart's own tests of a release, and returns what helm says of them.
    ///
    /// # Errors
    /// If one fails.
    pub async fn test(&self, name: &str) -> Result<String, HelmError> {
        let mut command = self.command();
        command.args(["test", name, "--logs"]).args(&self.connection);
        self.printed("test", command).await
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // In its own process group: Ctrl-C is for hwdr, which lets helm finish.
        command.stdin(Stdio::null()).kill_on_drop(true).process_group(0);
        command
    }

    /// The command's output; if it fails, its messages.
    async fn printed(&self, verb: &str, mut command: Command) -> Result<String, HelmError> {
        let since = Instant::now();
        let output = command.output().await.map_err(|source| self.io(source))?;
        log(verb, since, &output);
        words(verb, &output)
    }

    fn unwritable(&self, source: io::Error) -> HelmError {
        HelmError::Folder { folder: self.folder.path().display().to_string(), source }
    }

    fn io(&self, source: io::Error) -> HelmError {
        not_started(Path::new(&self.program).display().to_string(), source)
    }
}

/// Logs that helm was run: never its flags, which contain values, nor its output.
fn log(verb: &str, since: Instant, output: &Output) {
    debug!(target: "helm", code = output.status.code(), took = ?since.elapsed(), "helm {verb}");
}

/// How many lines of helm's words are shown.
const LINES: usize = 30;

/// The output of a helm that has ended; its messages, if it failed.
fn words(verb: &str, output: &Output) -> Result<String, HelmError> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    // Masked before it is cut: an earlier line may show that a line holds a credential.
    let words = mask::credentials(&String::from_utf8_lossy(&output.stderr));
    let mut all: Vec<_> = words.lines().filter(|line| !line.trim().is_empty()).collect();
    let last: Vec<_> = all.split_off(all.len().saturating_sub(LINES));
    let last = last.join("\n");
    Err(HelmError::Failed { verb: verb.to_owned(), words: lines(last.trim_start_matches("Error: ")).into_owned() })
}

/// What failed was only a rendering, although helm calls it an installation or an upgrade.
fn not_rendered(error: HelmError) -> HelmError {
    let HelmError::Failed { words, .. } = error else { return error };
    let words =
        ["INSTALLATION FAILED: ", "UPGRADE FAILED: "].iter().fold(words, |words, said| words.replacen(said, "", 1));
    HelmError::NotRendered(words)
}

/// Why a program cannot be started.
fn not_started(program: String, source: io::Error) -> HelmError {
    match source.kind() {
        io::ErrorKind::NotFound if program.contains('/') => HelmError::Absent(program),
        io::ErrorKind::NotFound => HelmError::Absent(format!("{program} on PATH")),
        _ => HelmError::Io { program, source },
    }
}

/// The SHA-256 of a chart as helm's record has it, whenever its files were written.
fn digest(chart: &Json) -> String {
    fn timeless(value: &Json) -> Json {
        match value {
            Json::Object(map) => {
                let map = map.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("modtime"));
                Json::Object(map.map(|(name, value)| (name.clone(), timeless(value))).collect())
            }
            Json::Array(items) => items.iter().map(timeless).collect(),
            other => other.clone(),
        }
    }
    sha256::hex(timeless(chart).to_string())
}

/// The files of a chart, as helm's own record has them.
fn files(listed: &Json) -> Vec<(String, Vec<u8>)> {
    let all = listed.as_array().into_iter().flatten();
    let file = |file: &Json| Some((text(&file["name"]).to_owned(), STANDARD.decode(text(&file["data"])).ok()?));
    all.filter_map(file).collect()
}

fn json(verb: &str, printed: &str) -> Result<Json, HelmError> {
    // Helm may print a warning first.
    let begin = printed.find('{').unwrap_or_default();
    serde_json::from_str(printed.get(begin..).unwrap_or_default())
        .map_err(|error| HelmError::Output(verb.to_owned(), error.to_string()))
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendering_that_fails_is_no_failed_installation() {
        let failed = |words: &str| HelmError::Failed { verb: "install".to_owned(), words: words.to_owned() };
        for words in ["INSTALLATION FAILED: no bucket", "UPGRADE FAILED: no bucket", "no bucket"] {
            let said = not_rendered(failed(words)).to_string();
            assert_eq!(said, "helm cannot render the chart. It changed nothing, and says:\nno bucket");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_named_as_such() {
        let absent = |program: &str| not_started(program.to_owned(), io::ErrorKind::NotFound.into()).to_string();
        assert_eq!(absent("helm"), "there is no helm on PATH");
        assert_eq!(absent("/opt/helm"), "there is no /opt/helm");
        let denied = not_started("helm".to_owned(), io::ErrorKind::PermissionDenied.into()).to_string();
        assert!(denied.starts_with("helm cannot be run: "), "{denied}");
    }
}
