//! Common parts of integration tests: the program, both real Helms in separate homes, and the test chart.
//!
//! No test needs a network or a cluster. A missing tool is a failure, never a skipped test.

pub(crate) mod api_server;
pub(crate) mod file_server;
pub(crate) mod s3_server;
pub(crate) mod stored;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use serde_json::Value as Json;
use tempfile::TempDir;

use hwdr::stream::Stream;
use hwdr::topology::json_of;

/// The program under test.
pub(crate) const HWDR: &str = env!("CARGO_BIN_EXE_hwdr");

/// The checkout.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A file of the test data.
pub(crate) fn testdata(name: &str) -> String {
    format!("{ROOT}/testdata/{name}")
}

/// Where the pinned tools lie (`scripts/tools --dir` is the folder `bin` in it).
pub(crate) fn cache() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("HWDR_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("hwdr")))
        .or_else(|| from("HOME").map(|home| home.join(".cache/hwdr")))
        .expect("one of HWDR_CACHE, XDG_CACHE_HOME and HOME is set")
}

/// A major version of Helm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Major {
    Three,
    Four,
}

/// Both.
pub(crate) const BOTH: [Major; 2] = [Major::Three, Major::Four];

impl Major {
    /// `3` or `4`.
    pub(crate) fn number(self) -> u8 {
        match self {
            Major::Three => 3,
            Major::Four => 4,
        }
    }

    /// The real Helm of this version: `$HELM3` or `$HELM4`, or what `scripts/tools` has built.
    pub(crate) fn program(self) -> &'static Path {
        static PROGRAMS: LazyLock<[PathBuf; 2]> = LazyLock::new(|| BOTH.map(found));
        &PROGRAMS[usize::from(self == Major::Four)]
    }
}

fn found(major: Major) -> PathBuf {
    let number = major.number();
    let variable = format!("HELM{number}");
    let path = std::env::var_os(&variable)
        .filter(|path| !path.is_empty())
        .map_or_else(|| cache().join(format!("bin/helm{number}")), PathBuf::from);
    let version = Command::new(&path).args(["version", "--template", "{{.Version}}"]).output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    match version {
        Ok(version) if version.starts_with(&format!("v{number}.")) => path,
        Ok(version) => panic!("{} is Helm {version:?}, and not Helm {number}: correct {variable}", path.display()),
        Err(error) => panic!(
            "Helm {number} at {}: {error}\n`make test` installs it, and so does `scripts/tools helm{number}`; {variable} names another.",
            path.display()
        ),
    }
}

/// A home for Helm and a folder to work in, gone when the test is over.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        // With a blank: a home may have one.
        let folder = TempDir::with_prefix("hwdr test ").expect("a temporary folder");
        Self { folder }
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in it, made with its folders.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it lies in the home")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path.into_os_string().into_string().expect("a temporary path is UTF-8")
    }

    /// An executable file in it.
    pub(crate) fn script(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        executable(&path, text);
        path.into_os_string().into_string().expect("a temporary path is UTF-8")
    }

    /// Helm's plugins in this home.
    pub(crate) fn plugins(&self) -> PathBuf {
        // Where both look, and where Helm 4 puts a link to a folder whatever HELM_PLUGINS says.
        self.path("data/plugins")
    }

    /// The plugin, as it lies in the folder of plugins.
    pub(crate) fn plugin(&self) {
        for name in ["plugin.yaml", "plugin.complete"] {
            let to = self.plugins().join("hwdr").join(name);
            fs::create_dir_all(to.parent().expect("it has one")).expect("a folder");
            fs::copy(Path::new(ROOT).join(name), to).expect("a file");
        }
        let bin = self.plugins().join("hwdr/bin");
        fs::create_dir_all(&bin).expect("a folder");
        std::os::unix::fs::symlink(HWDR, bin.join("hwdr")).expect("a link");
    }

    /// Any program, with this home as Helm's and nothing else of Helm's in its environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("HELM_") || name.starts_with("KUBE") || name == "CLICOLOR_FORCE" {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.folder.path())
            .env("HELM_DATA_HOME", self.path("data"))
            .env("HELM_CONFIG_HOME", self.path("config"))
            .env("HELM_CACHE_HOME", self.path("cache"))
            .env("HELM_PLUGINS", self.plugins())
            .env("KUBECONFIG", "/dev/null")
            .env("NO_COLOR", "1");
        command
    }

    /// Helm, with this home.
    pub(crate) fn helm(&self, major: Major) -> Command {
        self.command(major.program())
    }

    /// The program itself, outside of Helm.
    pub(crate) fn hwdr(&self) -> Command {
        self.command(HWDR)
    }

    /// The flags by which Helm runs the program as its post-renderer, with `arguments` behind `post-render`. For Helm 4 the
    /// plugin is set up first, by the program itself.
    pub(crate) fn post_renderer(&self, helm: &mut Command, major: Major, arguments: &[&str]) {
        match major {
            Major::Three => helm.args(["--post-renderer", HWDR, "--post-renderer-args", "post-render"]),
            Major::Four => {
                run(self.hwdr().args(["post-renderer", "install", "--helm", "4"]), b"").ok();
                let folder = run(self.hwdr().args(["post-renderer", "path", "--helm", "4"]), b"").text();
                helm.env("HELM_PLUGINS", folder.trim()).args(["--post-renderer", "hwdr-post-renderer"])
            }
        };
        for argument in arguments {
            helm.args(["--post-renderer-args", argument]);
        }
    }

    /// The same, with a script of the test's own in the program's place.
    pub(crate) fn post_renderer_script(&self, helm: &mut Command, major: Major, script: &str) {
        let path = self.script("scripts/renderer", script);
        match major {
            Major::Three => helm.args(["--post-renderer", &path]),
            Major::Four => {
                let plugin = "apiVersion: v1\ntype: postrenderer/v1\nname: renderer\nversion: 0.1.0\nruntime: subprocess\n\
                     runtimeConfig:\n  platformCommand:\n    - command: $HELM_PLUGIN_DIR/../../scripts/renderer\n";
                self.write("renderers/renderer/plugin.yaml", plugin);
                helm.env("HELM_PLUGINS", self.path("renderers")).args(["--post-renderer", "renderer"])
            }
        };
    }

    /// The stream that Helm hands to its post-renderer.
    pub(crate) fn stream(&self, major: Major, case: &Case) -> Vec<u8> {
        let captured = self.path("captured");
        let mut helm = self.helm(major);
        helm.args(case.template()).env("CAPTURED", &captured);
        self.post_renderer_script(&mut helm, major, "#!/bin/sh\nexec tee \"$CAPTURED\"\n");
        run(&mut helm, b"").ok();
        fs::read(captured).expect("the post-renderer ran")
    }

    /// What Helm prints when its post-renderer answers `stream`.
    pub(crate) fn printed(&self, major: Major, case: &Case, stream: &[u8]) -> String {
        self.printed_as(major, &case.template(), stream)
    }

    /// The same, for a command line of helm.
    pub(crate) fn printed_as(&self, major: Major, template: &[String], stream: &[u8]) -> String {
        let answer = self.write("answer", stream);
        let mut helm = self.helm(major);
        helm.args(template).env("ANSWER", answer);
        self.post_renderer_script(&mut helm, major, "#!/bin/sh\ncat >/dev/null\nexec cat \"$ANSWER\"\n");
        run(&mut helm, b"").text()
    }
}

/// Writes a file that can be executed, with its folders. Another program writes it: one that this process has open for writing is also
/// open in every child that another test starts at that moment, and cannot be executed as long (ETXTBSY).
pub(crate) fn executable(path: &Path, text: &str) {
    run(Command::new("install").args(["-D", "-m", "755", "/dev/stdin"]).arg(path), text.as_bytes()).ok();
}

/// A release as Helm records it: JSON, gzip, base64, and the base64 of a Secret's data.
pub(crate) fn packed(release: &Json) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(release.to_string().as_bytes()).expect("memory");
    STANDARD.encode(STANDARD.encode(gzip.finish().expect("memory")))
}

/// What became of a program.
#[derive(Debug)]
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
    line: String,
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Ran {
    let line = format!("{command:?}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
    let mut input = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        // One that refuses its command line does not read its input.
        scope.spawn(move || input.write_all(stdin).ok());
        child.wait_with_output().expect("its output")
    });
    let stderr = String::from_utf8(output.stderr).expect("messages are UTF-8");
    Ran { code: output.status.code(), stdout: output.stdout, stderr, line }
}

impl Ran {
    /// Its output, if all went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Vec<u8> {
        assert_eq!(self.code, Some(0), "{}\n{}\n{}", self.line, self.stderr, String::from_utf8_lossy(&self.stdout));
        self.stdout
    }

    /// Its output as text, if all went well.
    #[track_caller]
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.ok()).expect("UTF-8")
    }

    /// Its message, if it failed as a command must: with this code, a message, and not a byte on standard output.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}\n{}", self.line, self.stderr);
        assert!(self.stdout.is_empty(), "{}\nwrote {} bytes, and failed", self.line, self.stdout.len());
        assert!(self.stderr.starts_with("error"), "{}\n{}", self.line, self.stderr);
        assert!(!has_fault(&self.stderr), "{}\n{}", self.line, self.stderr);
        self.stderr
    }
}

/// A generation of the test chart, and what Helm does with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub generation: &'static str,
    pub mode: &'static str,
    /// Whether there is a Superset, and it is restored, too.
    pub superset: bool,
}

impl Case {
    pub(crate) const fn new(generation: &'static str, mode: &'static str) -> Self {
        Self { generation, mode, superset: false }
    }

    pub(crate) const fn with_superset(self) -> Self {
        Self { superset: true, ..self }
    }

    /// `none-install`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}{}", self.generation, self.mode, if self.superset { "-superset" } else { "" })
    }

    pub(crate) fn is_upgrade(&self) -> bool {
        self.mode == "upgrade"
    }

    /// The flags with the values: an install restores into a new cluster, an upgrade in place.
    pub(crate) fn values(&self) -> Vec<String> {
        let restore = if self.is_upgrade() { "in-place" } else { "new-cluster" };
        let generation = format!("global._hopsworks.testGeneration={}", self.generation);
        let (base, restore) = (testdata("values/base.yaml"), testdata(&format!("values/{restore}.yaml")));
        let mut flags = ["-f", &base, "-f", &restore, "--set", &generation].map(str::to_owned).to_vec();
        if self.superset {
            let block = "global._hopsworks.restoreFromBackup.superset";
            flags.extend(["--set", "global._hopsworks.superset.enabled=true", "--set"].map(str::to_owned));
            flags.push(format!("{block}.enabled=true,{block}.backupId=20260213154102-2116913658"));
        }
        // The chart that restores Superset itself wants it.
        if self.superset && self.generation != "none" {
            flags.extend(["-f".to_owned(), testdata("chart/values.superset-restore.yaml")]);
        }
        flags
    }

    /// Helm's command line that renders it.
    pub(crate) fn template(&self) -> Vec<String> {
        let mut line = ["template", "hops", &testdata("chart"), "-n", "hopsworks"].map(str::to_owned).to_vec();
        line.extend(self.values());
        line.extend(self.is_upgrade().then(|| "--is-upgrade".to_owned()));
        line
    }

    /// What hwdr takes behind `post-render` or `diff`.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut flags = self.values();
        flags.extend(["--for".to_owned(), self.mode.to_owned()]);
        flags
    }
}

/// The documents of a stream with their separator lines: a line that begins with `---` begins a document.
pub(crate) fn documents(stream: &str) -> Vec<&str> {
    let mut starts = vec![0];
    starts.extend(stream.match_indices("\n---").map(|(at, _)| at + 1).filter(|at| *at > 0));
    starts.push(stream.len());
    starts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).filter(|document| !document.is_empty()).collect()
}

/// Documents that are not touched keep every byte; touched ones lose no line but that of a marker's TTL; new ones are hwdr's.
#[track_caller]
pub(crate) fn only_adds(before: &[u8], after: &[u8]) {
    let (before, after) = (str::from_utf8(before).unwrap(), str::from_utf8(after).unwrap());
    // What is added stands on a line of its own.
    let before = if before.ends_with('\n') || before.is_empty() { before } else { &format!("{before}\n") };
    let (before, after) = (documents(before), documents(after));
    let (kept, new) = after.split_at(before.len());
    for (old, new) in before.iter().zip(kept) {
        let mut lines = new.lines();
        for line in old.lines() {
            let is_ttl = line.trim_start().starts_with("ttlSecondsAfterFinished:");
            let mut rest = lines.clone();
            match rest.find(|kept| *kept == line) {
                Some(_) => lines = rest,
                None => assert!(is_ttl, "lost: {line:?}\nfrom:\n{old}\nwhich became:\n{new}"),
            }
        }
        let lost_ttl = old.contains("ttlSecondsAfterFinished:") && !new.contains("ttlSecondsAfterFinished:");
        assert!(
            old == new || lost_ttl || new.contains("hwdr") || new.contains("helm.sh/resource-policy"),
            "why is it touched?\n{new}"
        );
    }
    for document in new {
        assert!(document.contains("\n    app.kubernetes.io/managed-by: hwdr\n"), "not hwdr's:\n{document}");
    }
}

/// The objects of a stream, `Kind/name`, as JSON. Hooks are left out, which Helm 3 does not show to a post-renderer, and so is
/// the annotation by which Helm 4 tells where a document came from.
pub(crate) fn objects(stream: &[u8]) -> BTreeMap<String, Json> {
    let stream = Stream::parse(stream.to_vec()).expect("a sound stream");
    let mut objects = BTreeMap::new();
    for object in stream.objects() {
        let look = stream.look(object);
        let mut json = json_of(&look.tree, look.root);
        if let Some(metadata) = json["metadata"].as_object_mut()
            && let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut)
        {
            if annotations.contains_key("helm.sh/hook") {
                continue;
            }
            annotations.remove("postrenderer.helm.sh/postrender-filename");
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
        objects.insert(format!("{}/{}", object.kind(), object.name()), json);
    }
    objects
}

/// The lines that differ.
pub(crate) fn difference(one: &[u8], other: &[u8]) -> String {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    similar::TextDiff::from_lines(&one, &other).unified_diff().to_string()
}

/// Compares what `hwdr diff` shows with what it is known to show: `testdata/golden/<name>.diff`.
#[track_caller]
pub(crate) fn golden(name: &str, shown: &str) {
    let path = testdata(&format!("golden/{name}"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, shown).expect("the golden file");
        return;
    }
    let known = fs::read(&path).unwrap_or_default();
    assert!(
        known == shown.as_bytes(),
        "{path} is not what hwdr shows now (if that is right: UPDATE_GOLDEN=1 cargo test):\n{}",
        difference(&known, shown.as_bytes())
    );
}

/// Whether a message is of a fault of hwdr's own: a panic, in Rust's words or in hwdr's.
pub(crate) fn has_fault(message: &str) -> bool {
    message.contains("panicked") || message.contains("fault in hwdr")
}

/// Answers each connection to `listener` in a thread of its own, for as long as this process lives.
pub(crate) fn serve(listener: TcpListener, answer: impl Fn(TcpStream) + Clone + Send + 'static) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || answer(stream));
        }
    });
}
