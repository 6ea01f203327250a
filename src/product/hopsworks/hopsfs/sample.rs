//! Reads a sample of HopsFS's files through HopsFS itself: names come from RonDB and blocks from the bucket, so only reading shows that both
//! are from the same moment.

#![expect(clippy::indexing_slicing, reason = "fields are counted before, and numbers are those of the list")]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

use super::NAME_NODE;
use crate::cluster::Cluster;
use crate::cluster::condition::text;
use crate::run::steps::ready_pod;
use crate::run::{Context as _, Halt, Run};

/// How many files are read: each starts Hadoop once.
const FILES: usize = 8;
/// Larger files are skipped, to keep the reading short.
const LARGE: u64 = 32 << 20;
/// HopsFS keeps smaller files in RonDB, and nothing of them in the bucket (hops.io, "small files").
const SMALL: u64 = 64 << 10;
/// Longer paths are skipped: paths are recorded and shown.
const LONGEST: usize = 1000;
/// After this many unreadable files no more are tried: each may take minutes.
const ENOUGH: usize = 3;
/// How long a command may take. The pod kills it before: Hadoop keeps listing when nobody reads any more, and retries a missing block for long.
const LIMIT: Duration = Duration::from_secs(180);
/// How long the name node may need to know data nodes that are ready.
const SETTLE: Duration = Duration::from_secs(60);

/// Hadoop's own command, which may or may not be on the path of the image. It gets little memory, which is the name node's. What it has listed
/// when its time is over is used.
const LIST: &str = r#"PATH=$PATH:${HADOOP_HOME:-/srv/hops/hadoop}/bin
export HADOOP_CLIENT_OPTS="${HADOOP_CLIENT_OPTS:-} -Xmx256m"
timeout -s KILL 120 hdfs dfs -ls -R / | head -n 20000"#;
/// Counts the bytes of a file.
const READ: &str = r#"PATH=$PATH:${HADOOP_HOME:-/srv/hops/hadoop}/bin
export HADOOP_CLIENT_OPTS="${HADOOP_CLIENT_OPTS:-} -Xmx256m"
timeout -s KILL 150 hdfs dfs -cat "$1" | wc -c"#;

/// A file of HopsFS.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    size: u64,
    /// The day of its last change: `2026-02-13`.
    day: String,
    path: String,
}

/// The container in which Hadoop's command runs.
struct HdfsPod {
    pod: String,
    container: String,
}

/// Reads some files if HopsFS was restored. If none can be listed, the report says so and the run continues: the reason may have nothing to do
/// with the data. A listed file that cannot be read is an error, unless a later `resume` accepts that.
pub(super) async fn read(run: &mut Run) -> Result<(), Halt> {
    if !run.state.parts.iter().any(|part| part.step == "hopsfs") {
        return Ok(());
    }
    // Findings of an earlier try no longer hold.
    run.state.findings.retain(|finding| !finding.starts_with("hopsfs files: "));
    let Some(place) = name_node(run).await? else {
        run.doubt("hopsfs files: no file was read: no name node of the release is ready");
        return Ok(());
    };
    let pod = place.pod.clone();
    run.show.tell(&format!("listing files of HopsFS in pod {pod}"));
    let all: Vec<_> = match list(&run.cluster, &place).await {
        Ok(listed) => listed.lines().filter_map(file).collect(),
        Err(why) => {
            run.doubt(&format!("hopsfs files: no file was read: hdfs dfs -ls in pod {pod}: {why}"));
            return Ok(());
        }
    };
    let chosen = choose(&all, run.state.backup_time.as_deref());
    if chosen.is_empty() {
        run.doubt(&format!("hopsfs files: no file was read: of {} listed files, none has 1 byte to 32 MiB", all.len()));
        return Ok(());
    }
    let (mut whole, mut bytes, mut unread) = (0, 0, Vec::new());
    let until = Instant::now() + SETTLE;
    for file in &chosen {
        run.show.tell(&format!("reading {} of HopsFS, {} bytes", file.path, file.size));
        match whole_or_why(&run.cluster, &place, file, until).await {
            Ok(()) => (whole, bytes) = (whole + 1, bytes + file.size),
            Err(why) => unread.push((file.path.clone(), why)),
        }
        if unread.len() == ENOUGH {
            break;
        }
    }
    let counts = format!("{whole} of {}, {bytes} bytes, were read in full through pod {pod}", chosen.len());
    if unread.is_empty() {
        run.finding(&format!("hopsfs files: {counts} (of {} that were listed)", all.len()));
        return Ok(());
    }
    let (paths, reasons): (Vec<_>, Vec<_>) =
        unread.into_iter().map(|(path, why)| (path.clone(), format!("{path}: {why}"))).unzip();
    let problem = format!("hopsfs files: {counts}\n{}", reasons.join("\n"));
    if run.accepts_unread && paths.iter().all(|path| run.state.unread.contains(path)) {
        run.doubt(&problem);
        return Ok(());
    }
    run.state.unread = paths;
    run.save().await?;
    let commands = run.cluster.commands();
    let HdfsPod { pod, container } = place;
    Err(Halt::new(problem)
        .help(format!("check it:\n{}", commands.kubectl(&format!("exec {pod} -c {container} -- hdfs dfs -cat FILE"))))
        .help(format!("if you do not need them:\n{} --accept-partial", run.resume())))
}

/// The first files and folders of HopsFS, as Hadoop's command prints them.
async fn list(cluster: &Cluster, place: &HdfsPod) -> Result<String, String> {
    let listed = cluster.exec(&place.pod, &place.container, &["sh", "-c", LIST], LIMIT).await?;
    let why = told(&listed.error);
    if listed.out.trim().is_empty() && !why.is_empty() { Err(why) } else { Ok(listed.out) }
}

/// Reads a file. Retries once, and again until `until`: by then data nodes must be known and the API server back.
async fn whole_or_why(cluster: &Cluster, place: &HdfsPod, file: &File, until: Instant) -> Result<(), String> {
    let mut again = false;
    loop {
        let read = cluster.exec(&place.pod, &place.container, &["sh", "-c", READ, "sh", &file.path], LIMIT).await;
        let why = match read {
            Ok(read) if read.out.trim().parse() == Ok(file.size) => return Ok(()),
            Ok(read) => format!("{} of {} bytes came back. {}", read.out.trim(), file.size, told(&read.error)),
            Err(why) => why,
        };
        if again && Instant::now() > until {
            return Err(why);
        }
        again = true;
        sleep(Duration::from_secs(3)).await;
    }
}

/// A ready pod of the release's name nodes, and its container.
async fn name_node(run: &Run) -> Result<Option<HdfsPod>, Halt> {
    let Some(pod) = ready_pod(run, NAME_NODE).await? else { return Ok(None) };
    let Some(containers) = pod.pointer("/spec/containers").and_then(Json::as_array) else { return Ok(None) };
    let named = containers.iter().find(|container| text(container, "/name").contains("namenode"));
    let Some(container) = named.or(containers.first()) else { return Ok(None) };
    let [pod, container] = [text(&pod, "/metadata/name"), text(container, "/name")].map(str::to_owned);
    Ok(Some(HdfsPod { pod, container }))
}

/// A line of `hdfs dfs -ls` as a file: none for folders and anything else that Hadoop prints
/// (`-rw-r--r--   3 hdfs supergroup       1366 2026-02-13 15:36 /user/x`; hadoop, `fs/shell/Ls.java`).
fn file(line: &str) -> Option<File> {
    let mut rest = line;
    let mut fields = Vec::new();
    for _ in 0..7 {
        let (field, behind) = rest.trim_start().split_once(' ')?;
        fields.push(field);
        rest = behind;
    }
    let path = rest.trim_start();
    // A file that was being written at the backup was unreadable then, too.
    if [".inprogress", "._COPYING_", "/.Trash/", "/_temporary/"].iter().any(|passing| path.contains(passing))
        || path.starts_with("/tmp/")
    {
        return None;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-=".contains(c);
    // Skips names that the command would take for patterns or addresses, or that a state may not contain (`run::state::check`).
    if !fields[0].starts_with('-') || !path.starts_with('/') || !path.chars().all(is_plain) || path.len() > LONGEST {
        return None;
    }
    Some(File { size: fields[4].parse().ok()?, day: fields[5].to_owned(), path: path.to_owned() })
}

/// Some of all files, evenly spread. If there are any, only those that were a day old at the backup: a file that was being written then may be
/// as unreadable now. Of those, if there are any, only those whose blocks are in the bucket, not in RonDB.
fn choose(all: &[File], backup_time: Option<&str>) -> Vec<File> {
    let before = backup_time
        .and_then(|time| time.parse::<Timestamp>().ok())
        .and_then(|time| time.checked_sub(SignedDuration::from_hours(24)).ok())
        .map(|time| time.strftime("%Y-%m-%d").to_string());
    let is_old = |file: &File| before.as_ref().is_none_or(|before| file.day < *before);
    let mut among: Vec<_> = all.iter().filter(|file| (1..=LARGE).contains(&file.size)).collect();
    let narrowings: [&dyn Fn(&File) -> bool; 2] = [&is_old, &|file| file.size > SMALL];
    for narrows in narrowings {
        if among.iter().any(|file| narrows(file)) {
            among.retain(|file| narrows(file));
        }
    }
    let count = among.len().min(FILES);
    (0..count).map(|index| among[index * among.len() / count].clone()).collect()
}

/// What the command said, without Java's log lines.
fn told(error: &str) -> String {
    let lines: Vec<_> = error.lines().filter(|line| !line.contains(" WARN ") && !line.contains(" INFO ")).collect();
    lines[lines.len().saturating_sub(6)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_listing_are_read() {
        let read = |line: &str| file(line).map(|file| (file.size, file.path));
        assert_eq!(
            read("-rw-r--r--   3 hdfs supergroup       1366 2026-02-13 15:36 /Projects/demo/a=1/x.parquet"),
            Some((1366, "/Projects/demo/a=1/x.parquet".to_owned()))
        );
        for other in [
            "drwxr-xr-x   - hdfs supergroup          0 2026-02-13 15:36 /Projects",
            "-rw-r--r--   3 hdfs supergroup       1366 2026-02-13 15:36 /Projects/b*",
            "-rw-r--r--   3 hdfs supergroup       1366 2026-02-13 15:36 /Projects/two words",
            "-rw-r--r--   3 hdfs supergroup          x 2026-02-13 15:36 /Projects/b",
            "-rw-r--r--   3 hdfs supergroup       1366 2026-02-13 15:36 /tmp/b",
            &format!("-rw-r--r--   3 hdfs supergroup       1366 2026-02-13 15:36 /{}", "a".repeat(LONGEST)),
            "-rw-r--r--   3 hdfs supergroup       1366 2026-02-13 15:36 /Projects/history/b.inprogress",
            "2026-02-13 15:36:00 WARN util.NativeCodeLoader: unable to load native-hadoop library",
            "Found 3 items",
            "",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_sample_is_spread_over_old_files_with_blocks() {
        let file = |index: u64, size, day: &str| File { size, day: day.to_owned(), path: format!("/{index}") };
        let mut all: Vec<_> = (0..100).map(|index| file(index, SMALL + 1, "2026-02-11")).collect();
        all.push(file(100, SMALL + 1, "2026-02-13"));
        all.push(file(101, 10, "2026-02-11"));
        all.push(file(102, LARGE + 1, "2026-02-11"));
        all.push(file(103, 0, "2026-02-11"));
        let chosen = choose(&all, Some("2026-02-13T15:36:00Z"));
        assert_eq!(chosen.len(), FILES);
        assert_eq!((chosen[0].path.as_str(), chosen[FILES - 1].path.as_str()), ("/0", "/87"));
        // Small files, if there are no others.
        let small = [file(1, 10, "2026-02-13"), file(2, 0, "2026-02-13")];
        assert_eq!(choose(&small, Some("2026-02-13T15:36:00Z")), small[..1]);
        assert_eq!(choose(&small, None), small[..1]);
        assert_eq!(choose(&[], None), []);
        // A time before which there is no day.
        assert_eq!(choose(&small, Some("-009999-01-02T01:59:59Z")), small[..1]);
    }

    #[test]
    fn javas_warnings_are_not_the_reason() {
        let error = "2026-02-13 15:36:00 WARN util.NativeCodeLoader: unable\ncat: Could not obtain block: file=/a\n";
        assert_eq!(told(error), "cat: Could not obtain block: file=/a");
    }
}
