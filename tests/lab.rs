//! The tests that need the lab: the shell functions `test_…` of `lab/tests/*.sh`, one by one, in the order of their files. `lab/test` brings
//! up what they stand on and starts this. Where the lab is down each of them fails: none is ever skipped. Those in `lab/vm/tests` stand on
//! hosts without Kubernetes, which `lab/vm-test` brings up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

/// Longer than any test takes, in seconds; a hang must end, too. Those of `make soak` may take hours, RonDB's own chart half an hour.
fn limit() -> &'static str {
    let given = |name| std::env::var_os(name).is_some();
    if given("LAB_SOAK") {
        "21600"
    } else if given("LAB_REAL") {
        "2400"
    } else {
        "900"
    }
}

/// `set -e` holds in a process of its own only; `set -x` is what a failure is understood by.
const PRELUDE: &str = r#"set -euo pipefail; . "$1/lib.sh"; . "$1/${LAB_VM:+vm/}client.sh"; . "$2"; set -x; "$3""#;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One cluster for all: a test finds what the one before has left whole.
    arguments.test_threads = Some(1);
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab");
    let given = |name| std::env::var_os(name).is_some();
    // RonDB's own chart is not on every machine: its tests are run by `lab/real`, and alone.
    let tests = lab.join(if given("LAB_VM") { "vm/tests" } else { "tests" });
    let mut files = scripts(&if given("LAB_REAL") { tests.join("real") } else { tests.clone() });
    if given("LAB_SOAK") {
        files.extend(scripts(&tests.join("soak")));
    }
    files.sort_by_key(|file| file.file_name().map(ToOwned::to_owned));
    let trials = files.iter().flat_map(|file| trials(&lab, file)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The scripts in a folder.
fn scripts(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .expect("the folder of tests is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sh"))
        .collect()
}

fn trials(lab: &Path, file: &Path) -> Vec<Trial> {
    let text = fs::read_to_string(file).expect("a test file can be read");
    let group = file.file_stem().expect("it has a name").to_string_lossy().into_owned();
    text.lines()
        .filter(|line| line.starts_with("test_"))
        // A test that is written otherwise would never run.
        .map(|line| {
            line.strip_suffix("() {").unwrap_or_else(|| panic!("{}: not `test_NAME() {{`: {line}", file.display()))
        })
        .map(|name| {
            let (lab, file, function) = (lab.to_owned(), file.to_owned(), name.to_owned());
            let shown = format!("{group}::{}", name.trim_start_matches("test_"));
            Trial::test(shown, move || run(&lab, &file, &function))
        })
        .collect()
}

fn run(lab: &Path, file: &Path, function: &str) -> Result<(), Failed> {
    let done = Command::new("timeout")
        .args([limit(), "bash", "-c", &format!("exec 2>&1; {PRELUDE}"), "-"])
        .args([lab, file])
        .arg(function)
        .env("HWDR", env!("CARGO_BIN_EXE_hwdr"))
        .stdin(Stdio::null())
        .output()?;
    if done.status.success() {
        return Ok(());
    }
    let log = String::from_utf8_lossy(&done.stdout);
    let lines: Vec<&str> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(60)..].join("\n");
    Err(format!("{} ({}):\n{end}", function, done.status).into())
}
