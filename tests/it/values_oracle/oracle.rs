//! Asks Helm's own packages, through the Go program in `tests/oracle`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What one run of Helm is given.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    /// The contents of files by name (`mem:0`): values files and those of `--set-file`.
    pub texts: BTreeMap<String, Vec<u8>>,
    pub files: Vec<String>,
    pub set: Vec<String>,
    pub set_string: Vec<String>,
    pub set_json: Vec<String>,
    pub set_file: Vec<String>,
    pub set_literal: Vec<String>,
    /// The files of a chart.
    pub chart: Option<BTreeMap<String, Vec<u8>>>,
    /// A chart on disk.
    pub chart_path: Option<String>,
}

/// What Helm made of it.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub typed: String,
    #[serde(default)]
    pub json: String,
    #[serde(default)]
    pub error: String,
}

#[derive(Serialize)]
struct Question<'c> {
    helm: u8,
    texts: BTreeMap<&'c str, String>,
    files: &'c [String],
    set: &'c [String],
    set_string: &'c [String],
    set_json: &'c [String],
    set_file: &'c [String],
    set_literal: &'c [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<BTreeMap<&'c str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart_path: Option<&'c str>,
}

/// The running program.
pub(super) struct Oracle {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts the program, built if it is not there yet.
    pub(super) fn start() -> Self {
        let mut child =
            // It makes much that lives shortly: let it collect less often. And where it stands no file has a name that a case may use.
            Command::new(built()).env("GOGC", "1000").current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the oracle starts");
        let questions = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, questions, answers }
    }

    /// What Helm, of major version `helm`, makes of the case.
    pub(super) fn ask(&mut self, case: &Case, helm: u8) -> Answer {
        let encoded = |files: &BTreeMap<String, Vec<u8>>| -> BTreeMap<_, _> {
            files.iter().map(|(name, bytes)| (name.clone(), base64(bytes))).collect()
        };
        let texts = encoded(&case.texts);
        let chart = case.chart.as_ref().map(encoded);
        let question = Question {
            helm,
            texts: texts.iter().map(|(name, text)| (name.as_str(), text.clone())).collect(),
            files: &case.files,
            set: &case.set,
            set_string: &case.set_string,
            set_json: &case.set_json,
            set_file: &case.set_file,
            set_literal: &case.set_literal,
            chart: chart.as_ref().map(|files| files.iter().map(|(n, t)| (n.as_str(), t.clone())).collect()),
            chart_path: case.chart_path.as_deref(),
        };
        let mut line = serde_json::to_vec(&question).expect("a question is JSON");
        line.push(b'\n');
        self.questions.write_all(&line).expect("the oracle listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the oracle answers");
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer:?} for {case:?}"))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, built into the user's cache under a name made from its sources.
fn built() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let mut names: Vec<_> = sources
        .read_dir()
        .expect("the oracle's sources are here")
        .map(|entry| entry.expect("a folder can be read").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "go" || ext == "mod" || ext == "sum"))
        .collect();
    names.sort();
    let mut hash = Sha256::new();
    for name in &names {
        hash.update(std::fs::read(name).expect("a source can be read"));
    }
    let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();

    let folder = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let caches = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let cache = folder("HWDR_CACHE").or_else(|| Some(caches()?.join("hwdr"))).expect("there is a home");
    let program = cache.join(format!("values-oracle-{digest}"));
    if !program.exists() {
        std::fs::create_dir_all(&cache).expect("the cache can be made");
        let fresh = cache.join(format!("values-oracle-{digest}.{}", std::process::id()));
        let status = Command::new("go")
            .args(["build", "-o"])
            .arg(&fresh)
            .arg(".")
            .current_dir(&sources)
            .status()
            .expect("the oracle is a Go program: install Go to run this test");
        assert!(status.success(), "go build of tests/oracle failed");
        std::fs::rename(&fresh, &program).expect("the program can be put in place");
    }
    program
}

fn base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let symbol = SYMBOLS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(symbol) } else { '=' });
        }
    }
    text
}
