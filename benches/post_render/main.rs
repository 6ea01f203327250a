//! The cost of post-rendering, compared with `cat` and with the two tools that people post-render with.
//!
//! `make bench` runs it, or `cargo bench --bench post_render -- [--size MB] [--runs N]`. It needs Helm 3 (to render the test
//! chart), and yq and kustomize to compare them: `scripts/tools helm3 yq kustomize` builds all of them.
//!
//! Each tool does similar work: it reads the whole stream, changes a few objects (yq: one annotation on StatefulSets; kustomize: the
//! same, as a patch) and writes the whole stream. Everything goes through pipes, as in Helm. yq and kustomize get as much as they can do
//! in a few seconds, and `cat` then gets the same.

mod changes;
mod corpus;
mod measure;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

use measure::Run;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The test chart's generation without restores of its own: hwdr has the most to do.
const GENERATION: &str = "global._hopsworks.testGeneration=none";
const MB: usize = 1_000_000;

fn main() -> ExitCode {
    match bench() {
        Ok(within) if within => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("post_render: {why}");
            ExitCode::from(2)
        }
    }
}

/// Prints the table. Returns whether hwdr is within its limits.
fn bench() -> Result<bool, String> {
    let size = number("--size", 100)? * MB;
    let runs = number("--runs", 5)?;
    let chart = render_chart()?;
    let whole = corpus::stream(&chart, size);
    println!(
        "{:<22} {:>8} {:>10} {:>8} {:>10} {:>8}   changed unasked",
        "", "input", "median", "x cat", "peak", "x input"
    );
    let cat = |input: &str| median(runs, || Command::new("cat"), input);
    let line = |name: &str, input: &str, run: &Run, cat: &Run| {
        let ratio = run.wall.as_secs_f64() / cat.wall.as_secs_f64();
        let memory = run.peak as f64 / input.len() as f64;
        println!(
            "{name:<22} {:>5} MB {:>7.0} ms {ratio:>8.1} {:>7.0} MB {memory:>8.1}   {}",
            input.len() / MB,
            run.wall.as_secs_f64() * 1000.0,
            run.peak as f64 / MB as f64,
            if name == "cat" { String::new() } else { changes::between(input.as_bytes(), &run.output) },
        );
        (ratio, memory)
    };
    let plain = cat(&whole)?;
    line("cat", &whole, &plain, &plain);
    let idle = median(runs, || post_render(&["base.yaml"]), &whole)?;
    line("hwdr, no restore", &whole, &idle, &plain);
    let restore = median(runs, || post_render(&["base.yaml", "new-cluster.yaml"]), &whole)?;
    let (ratio, memory) = line("hwdr, with a restore", &whole, &restore, &plain);
    for (name, megabytes) in [("yq", 5), ("kustomize", 1)] {
        let Some(tool) = tool(name) else {
            println!("{name:<22} not installed: build it with scripts/tools {name}");
            continue;
        };
        let input = corpus::stream(&chart, megabytes * MB);
        let plain = cat(&input)?;
        line("cat", &input, &plain, &plain);
        let hwdr = median(runs, || post_render(&["base.yaml", "new-cluster.yaml"]), &input)?;
        line("hwdr, with a restore", &input, &hwdr, &plain);
        let folder = env::temp_dir().join(format!("hwdr-bench-{}", std::process::id()));
        let run = match name {
            "yq" => median(runs.min(3), || yq(&tool), &input),
            _ => median(runs.min(3), || kustomize(&tool, &folder), &input),
        };
        fs::remove_dir_all(&folder).ok();
        match run {
            Ok(run) => drop(line(name, &input, &run, &plain)),
            Err(why) => println!("{name:<22} failed: {}", why.lines().next().unwrap_or_default()),
        }
    }
    println!("\nlimits: 3 times cat, twice the input (at 100 MB); this run: {ratio:.1} and {memory:.1}");
    Ok(size < 50 * MB || (ratio <= 3.0 && memory <= 2.1))
}

/// The median of `runs`, after a warm-up run.
fn median(runs: usize, command: impl Fn() -> Command, input: &str) -> Result<Run, String> {
    let mut all = Vec::new();
    for _ in 0..=runs.max(1) {
        let run = measure::run(&mut command(), input.as_bytes());
        all.push(run.map_err(|error| format!("{:?}: {error}", command()))?);
    }
    all.remove(0);
    all.sort_by_key(|run| run.wall);
    let middle = all.len() / 2;
    let run = all.swap_remove(middle);
    // A pause, so that one tool does not heat up the processor for the next.
    std::thread::sleep(Duration::from_millis(50));
    Ok(run)
}

fn post_render(values: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hwdr"));
    command.args(["post-render", "--for", "install", "--namespace", "hopsworks", "--set", GENERATION]);
    for file in values {
        command.arg("-f").arg(format!("{ROOT}/testdata/values/{file}"));
    }
    command
}

fn yq(tool: &Path) -> Command {
    let mut command = Command::new(tool);
    command.arg("(select(.kind == \"StatefulSet\") | .metadata.annotations.\"hwdr/bench\") = \"yes\"");
    command
}

/// kustomize builds a folder: the stream is saved in it first, as the usual post-render script does.
fn kustomize(tool: &Path, folder: &Path) -> Command {
    fs::create_dir_all(folder).expect("the temporary folder can be written");
    let patch = "resources: [all.yaml]\npatches:\n- target: {kind: StatefulSet}\n  patch: |-\n    apiVersion: apps/v1\n    \
                 kind: StatefulSet\n    metadata: {name: any, annotations: {bench: \"yes\"}}\n";
    fs::write(folder.join("kustomization.yaml"), patch).expect("the temporary folder can be written");
    let mut command = Command::new("sh");
    command.current_dir(folder).args(["-c", "cat >all.yaml && exec \"$0\" build ."]).arg(tool);
    command
}

/// The test chart's stream, from Helm 3.
fn render_chart() -> Result<String, String> {
    let helm = env::var_os("HELM3").filter(|path| !path.is_empty()).map(PathBuf::from).or_else(|| tool("helm3"));
    let helm = helm.ok_or("Helm 3 is needed to render the chart: build it with scripts/tools helm3")?;
    let mut command = Command::new(helm);
    command.args(["template", "hopsworks", "testdata/chart", "--namespace", "hopsworks", "--no-hooks"]);
    command.args(["--set", GENERATION]);
    for file in ["base.yaml", "new-cluster.yaml"] {
        command.arg("-f").arg(format!("testdata/values/{file}"));
    }
    let output = command.current_dir(ROOT).output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// A tool in the cache.
fn tool(name: &str) -> Option<PathBuf> {
    let from = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = from("HWDR_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("hwdr")))
        .or_else(|| from("HOME").map(|home| home.join(".cache/hwdr")))?;
    Some(cache.join("bin").join(name)).filter(|path| path.exists())
}

/// The number after a flag.
fn number(flag: &str, default: usize) -> Result<usize, String> {
    let arguments: Vec<_> = env::args().collect();
    match arguments.iter().position(|argument| argument == flag) {
        None => Ok(default),
        Some(at) => arguments.get(at + 1).and_then(|text| text.parse().ok()).ok_or(format!("{flag} takes a number")),
    }
}
