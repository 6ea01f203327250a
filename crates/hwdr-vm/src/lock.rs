//! The lock on the management node: one run at a time, from whatever machine. The kernel of that node holds it for a process there, which ends
//! as soon as the connection ends, or if no beat comes for a minute: so a lock is never left behind.

use std::process::Stdio;
use std::time::Duration;

use hwdr_run::{Halt, Lock, process};
use hwdr_values::shown::kept;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Child;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::inventory::HostName;
use crate::remote::Remote;
use crate::words::{Account, Command};

/// Holds the lock. `$1` is the folder, `$2` who holds it, `$3` the seconds without a beat after which it is given up.
const SCRIPT: &str = include_str!("lock.sh");
/// The folder of hwdr on the management node, in that of RonDB's backups.
pub const FOLDER: &str = "hwdr";
/// After so many seconds without a beat the lock is given up.
const LEASE: u64 = 60;
/// A beat is sent so often.
const BEAT: Duration = Duration::from_secs(10);
/// Without an answer for so long, the lock may be given up soon.
const LOST: Duration = Duration::from_secs(45);
/// The exit status of the script if another process holds the lock.
const HELD: i32 = 75;

/// The lock, held as long as this lives.
#[derive(Debug)]
pub struct RemoteLock {
    host: HostName,
    beats: JoinHandle<()>,
    answers: Mutex<BufReader<tokio::process::ChildStdout>>,
    child: Child,
}

impl RemoteLock {
    /// Takes the lock; `does` says for what, for others.
    ///
    /// # Errors
    /// If another process holds it, or the management node cannot be reached.
    pub async fn take(remote: &Remote, does: &str) -> Result<Self, Halt> {
        let host = remote.inventory.management().ok_or_else(|| Halt::new("the inventory has no management server"))?;
        let folder = format!("{}/{FOLDER}", remote.inventory.paths.ndb_backups);
        let holder = format!("{} {does}", process::name(std::process::id()));
        let command = Command::script(&host.name, Account::Mysql, SCRIPT, &[&folder, &holder, &LEASE.to_string()]);
        let mut process = remote.process(&command).map_err(Halt::from)?;
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = process.spawn().map_err(|error| Halt::new(format!("ssh cannot be run: {error}")))?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Halt::new("ssh has no pipes"));
        };
        let mut answers = BufReader::new(stdout);
        let mut first = String::new();
        let read = tokio::time::timeout(LOST, answers.read_line(&mut first)).await;
        if !matches!(read, Ok(Ok(_))) || first.trim() != "held" {
            return Err(refusal(&host.name, child).await);
        }
        let beats = tokio::spawn(async move {
            while stdin.write_all(b"\n").await.is_ok() && stdin.flush().await.is_ok() {
                tokio::time::sleep(BEAT).await;
            }
        });
        Ok(Self { host: host.name.clone(), beats, answers: Mutex::new(answers), child })
    }
}

/// Why the lock is not held.
async fn refusal(host: &HostName, mut child: Child) -> Halt {
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = tokio::time::timeout(Duration::from_secs(5), stderr.take(10_000).read_to_string(&mut said)).await;
    }
    let status = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
    let code = status.ok().and_then(Result::ok).and_then(|status| status.code());
    let said = said.lines().last().unwrap_or_default();
    if code == Some(HELD) {
        let (name, does) = said.split_once(' ').unwrap_or((said, ""));
        return Halt::new(format!("another run works on this cluster: {} ({})", process::people(name), kept(does)))
            .help(format!("wait for it. Its lock on {host} ends with it, or a minute after its connection breaks"));
    }
    Halt::new(format!("{host}: the lock cannot be taken: {}", kept(said)))
}

impl Lock for RemoteLock {
    async fn lost(&self) -> Halt {
        let mut answers = self.answers.lock().await;
        let mut line = String::new();
        loop {
            line.clear();
            match tokio::time::timeout(LOST, answers.read_line(&mut line)).await {
                Ok(Ok(read)) if read > 0 => {}
                _ => break,
            }
        }
        Halt::lost(format!("the lock on {} is lost: the connection broke, so this process stops", self.host))
    }

    async fn release(mut self) {
        self.beats.abort();
        // Its input ends with the task; then the script ends.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await;
    }
}

impl Drop for RemoteLock {
    fn drop(&mut self) {
        self.beats.abort();
    }
}
