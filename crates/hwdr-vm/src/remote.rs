//! Runs commands on the hosts with the system's `ssh`, and copies with its `rsync`: with its configuration, agents, jump hosts and known hosts.
//! Connections are shared, and nothing of hwdr is installed on a host.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use hwdr_run::Halt;
use hwdr_values::shown::{kept, plain};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command as Process};
use tokio::sync::Semaphore;

use crate::inventory::{Host, HostName, Inventory};
use crate::plan::{Copy, Direction};
use crate::words::{Command, Input, line, quote};

/// The most that is kept of what a command prints.
const MOST: usize = 256 << 20;
/// How many of its last lines a message has.
const LAST: usize = 8;

/// Who is told each line that a host prints.
pub type Tell = Arc<dyn Fn(&HostName, &str) + Send + Sync>;

/// The hosts, reached over SSH.
pub struct Remote {
    /// The machines.
    pub inventory: Inventory,
    ssh: PathBuf,
    rsync: PathBuf,
    sockets: tempfile::TempDir,
    slots: Semaphore,
    tell: Tell,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("inventory", &self.inventory.name).finish_non_exhaustive()
    }
}

/// What a command printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// To standard output.
    pub out: String,
    /// To standard error: its last lines.
    pub err: String,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The host.
    pub host: HostName,
    /// The command, for people.
    pub command: String,
    /// How it ended.
    pub how: How,
    /// Its last lines.
    pub last: Vec<String>,
}

/// How a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Its exit status.
    Status(i32),
    /// It was ended by a signal.
    Signal,
    /// It took too long.
    Late(u64),
    /// SSH did not reach the host.
    Unreachable,
    /// `ssh` or `rsync` could not be started here, or a file could not be read or written.
    Here(String),
    /// It did what it should, but what it says is not what was expected.
    Said(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, command, how, last } = self;
        match how {
            How::Unreachable => write!(f, "{host} cannot be reached over SSH")?,
            How::Status(status) => write!(f, "{command}: exit status {status}")?,
            How::Signal => write!(f, "{command}: ended by a signal")?,
            How::Late(seconds) => {
                write!(f, "{command}: no end within {}", hwdr_values::shown::duration(*seconds))?;
            }
            How::Here(why) => write!(f, "{command}: {why}")?,
            How::Said(what) => write!(f, "{command}: {what}")?,
        }
        for line in last {
            write!(f, "\n  {host}: {line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failed {}

impl From<Failed> for Halt {
    fn from(failed: Failed) -> Self {
        let help = failed.help();
        help.into_iter().fold(Self::new(failed.to_string()), Self::help)
    }
}

impl Failed {
    /// What to do about it.
    fn help(&self) -> Option<String> {
        let said = |words: &str| self.last.iter().any(|line| line.contains(words));
        Some(match &self.how {
            How::Unreachable if said("Host key verification failed") => {
                format!("check the host's key, and add it: ssh {}", self.host)
            }
            How::Unreachable => format!("try it: ssh {}, with the address and the user of the inventory", self.host),
            How::Status(_) if said("a password is required") || said("a terminal is required") => {
                "sudo must not ask: add a rule with NOPASSWD for this user on the host".to_owned()
            }
            How::Status(127) => "the program is not there: check paths in the inventory".to_owned(),
            How::Status(_) if said("No space left") => format!("free some room on {}", self.host),
            _ => return None,
        })
    }
}

impl Remote {
    /// The hosts of an inventory, reached by the programs on the PATH.
    ///
    /// # Errors
    /// If there is no room for a folder of sockets.
    pub fn new(inventory: Inventory, tell: Tell) -> io::Result<Self> {
        // A socket's path has at most 107 bytes, and ssh appends 17 while it makes one.
        let sockets = tempfile::Builder::new().prefix("hwdr-").tempdir_in("/tmp")?;
        let slots = Semaphore::new(usize::from(inventory.ssh.parallel));
        Ok(Self { inventory, ssh: "ssh".into(), rsync: "rsync".into(), sockets, slots, tell })
    }

    /// The same hosts, reached with another `ssh`.
    pub fn with_ssh(self, ssh: impl Into<PathBuf>) -> Self {
        Self { ssh: ssh.into(), ..self }
    }

    /// The `ssh` command, up to the host.
    fn ssh_words(&self) -> Vec<String> {
        let mut words = vec![self.ssh.to_string_lossy().into_owned(), "-T".to_owned()];
        let sockets = self.sockets.path().display();
        for option in [
            "BatchMode=yes",
            "ConnectTimeout=10",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=4",
            "LogLevel=ERROR",
            "ControlMaster=auto",
            "ControlPersist=60",
            &format!("ControlPath={sockets}/%C"),
        ] {
            words.extend(["-o".to_owned(), option.to_owned()]);
        }
        let ssh = &self.inventory.ssh;
        if let Some(user) = &ssh.user {
            words.extend(["-l".to_owned(), user.clone()]);
        }
        if let Some(port) = ssh.port {
            words.extend(["-p".to_owned(), port.to_string()]);
        }
        words
    }

    fn host(&self, name: &HostName) -> Result<&Host, How> {
        self.inventory.host(name).ok_or_else(|| How::Here("the inventory has no such host".to_owned()))
    }

    /// A command as a process here that is not started yet, for what lives longer than one answer.
    ///
    /// # Errors
    /// If the inventory does not have the host.
    pub fn process(&self, command: &Command) -> Result<Process, Failed> {
        let host = self.host(&command.host).map_err(|how| Failed {
            host: command.host.clone(),
            command: command.to_string(),
            how,
            last: Vec::new(),
        })?;
        let mut process = Process::new(&self.ssh);
        process.args(self.ssh_words().iter().skip(1)).arg("--").arg(&host.address).arg(command.line(&self.inventory));
        Ok(process)
    }

    /// Runs a command; `folder` is where the files lie that it reads.
    ///
    /// # Errors
    /// If it fails, or cannot be run.
    pub async fn call(&self, command: &Command, folder: &Path) -> Result<Said, Failed> {
        self.run(command, folder, None, false).await
    }

    /// Runs a command, and tells each line that it prints.
    ///
    /// # Errors
    /// As [`Remote::call`].
    pub async fn call_aloud(&self, command: &Command, folder: &Path) -> Result<Said, Failed> {
        self.run(command, folder, None, true).await
    }

    /// Runs a command, with its standard output in a file.
    ///
    /// # Errors
    /// As [`Remote::call`].
    pub async fn call_into(&self, command: &Command, folder: &Path, file: &Path) -> Result<Said, Failed> {
        self.run(command, folder, Some(file), false).await
    }

    async fn run(&self, command: &Command, folder: &Path, into: Option<&Path>, aloud: bool) -> Result<Said, Failed> {
        let _slot = self.slots.acquire().await;
        let failed = |how, last| Failed { host: command.host.clone(), command: command.to_string(), how, last };
        let here = |what: &str, error: &io::Error| failed(How::Here(format!("{what}: {error}")), Vec::new());
        let mut process = self.process(command)?;
        process.stdin(match &command.input {
            Input::Nothing => Stdio::null(),
            Input::Text(_) => Stdio::piped(),
            Input::File(path) => {
                let file = std::fs::File::open(folder.join(path))
                    .map_err(|error| here(&format!("cannot read {path}"), &error))?;
                file.into()
            }
        });
        match into {
            None => process.stdout(Stdio::piped()),
            Some(path) => {
                let file = File::create(path)
                    .await
                    .map_err(|error| here(&format!("cannot write {}", path.display()), &error))?;
                process.stdout(file.into_std().await)
            }
        };
        process.stderr(Stdio::piped()).kill_on_drop(true);
        let mut child =
            process.spawn().map_err(|error| here(&format!("{} cannot be run", self.ssh.display()), &error))?;
        if let (Input::Text(text), Some(mut stdin)) = (&command.input, child.stdin.take()) {
            // A command that ends without reading all of it says why.
            let _ = stdin.write_all(text.as_bytes()).await;
        }
        let told = |text: &str| {
            if aloud {
                (self.tell)(&command.host, &kept(text));
            }
        };
        let limit = command.limit;
        let (status, said) = match tokio::time::timeout(limit, heard(&mut child, &told)).await {
            Ok(Ok(heard)) => heard,
            Ok(Err(error)) => return Err(here("its output cannot be read", &error)),
            Err(_) => return Err(failed(How::Late(limit.as_secs()), Vec::new())),
        };
        let last = || last_lines(&said);
        match status.code() {
            Some(0) => Ok(said),
            // ssh's own status; but commands have it, too: Hadoop's among them.
            Some(255) if is_of_ssh(&said) => Err(failed(How::Unreachable, last())),
            Some(status) => Err(failed(How::Status(status), last())),
            None => Err(failed(How::Signal, last())),
        }
    }

    /// The words of a copy, which runs here.
    pub fn copy_words(&self, copy: &Copy) -> Option<Vec<String>> {
        let host = self.inventory.host(&copy.host)?;
        Some(copy.words(&self.inventory, host, &self.rsync.to_string_lossy(), &line(&self.ssh_words())))
    }

    /// Copies files; the result are the bytes that were sent.
    ///
    /// # Errors
    /// If `rsync` fails. Files that vanish meanwhile are no failure where the copy says so.
    pub async fn copy(&self, copy: &Copy) -> Result<u64, Failed> {
        let _slot = self.slots.acquire().await;
        let failed = |how, last| Failed { host: copy.host.clone(), command: copy.to_string(), how, last };
        let words = self
            .copy_words(copy)
            .ok_or_else(|| failed(How::Here("the inventory has no such host".to_owned()), Vec::new()))?;
        if copy.direction == Direction::Pull
            && let Err(error) = std::fs::create_dir_all(&copy.local)
        {
            return Err(failed(How::Here(format!("cannot make {}: {error}", copy.local.display())), Vec::new()));
        }
        let (program, options) = words.split_first().ok_or_else(|| failed(How::Signal, Vec::new()))?;
        let mut process = Process::new(program);
        process.args(options).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = process.spawn().map_err(|error| {
            failed(How::Here(format!("{program} cannot be run: {error}; install rsync")), Vec::new())
        })?;
        let (status, said) = match tokio::time::timeout(copy.limit, heard(&mut child, &|_| {})).await {
            Ok(Ok(heard)) => heard,
            Ok(Err(error)) => return Err(failed(How::Here(error.to_string()), Vec::new())),
            Err(_) => return Err(failed(How::Late(copy.limit.as_secs()), Vec::new())),
        };
        match status.code() {
            Some(0) => Ok(sent(&said.out)),
            // Some source files vanished (rsync(1), "EXIT VALUES").
            Some(24) if copy.may_vanish => Ok(sent(&said.out)),
            Some(255) if is_of_ssh(&said) => Err(failed(How::Unreachable, last_lines(&said))),
            Some(status) => Err(failed(How::Status(status), last_lines(&said))),
            None => Err(failed(How::Signal, last_lines(&said))),
        }
    }

    /// Ends the shared connections.
    pub async fn close(&self) {
        let Ok(sockets) = std::fs::read_dir(self.sockets.path()) else { return };
        let ends = sockets.flatten().map(|socket| async move {
            let _slot = self.slots.acquire().await;
            let mut process = Process::new(&self.ssh);
            process
                .arg("-o")
                .arg(format!("ControlPath={}", socket.path().display()))
                .args(["-O", "exit", "--", "hwdr"]);
            let _ = process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        });
        join_all(ends).await;
    }
}

/// Does work on many hosts at once; the first failure ends what has not ended.
///
/// # Errors
/// The first failure.
pub async fn all<T, F: Future<Output = Result<T, Failed>>>(
    work: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, Failed> {
    let mut running: FuturesUnordered<_> =
        work.into_iter().enumerate().map(|(at, one)| async move { one.await.map(|done| (at, done)) }).collect();
    let mut done = Vec::new();
    while let Some(one) = running.next().await {
        done.push(one?);
    }
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, one)| one).collect())
}

/// Reads what a process prints until it ends.
async fn heard(child: &mut Child, told: &dyn Fn(&str)) -> io::Result<(ExitStatus, Said)> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let mut said = Said::default();
    let mut last = VecDeque::new();
    let mut is_cut = false;
    let reading_out = async {
        match out {
            Some(out) => {
                lines(out, |line| {
                    told(line);
                    if said.out.len().saturating_add(line.len()) < MOST {
                        said.out.push_str(line);
                        said.out.push('\n');
                    } else {
                        is_cut = true;
                    }
                })
                .await
            }
            None => Ok(()),
        }
    };
    let reading_err = async {
        match err {
            Some(err) => {
                lines(err, |line| {
                    told(line);
                    last.push_back(line.to_owned());
                    if last.len() > 200 {
                        last.pop_front();
                    }
                })
                .await
            }
            None => Ok(()),
        }
    };
    let (out, err) = tokio::join!(reading_out, reading_err);
    out.and(err)?;
    if is_cut {
        // A list of blocks that is not whole would make a backup that is not whole.
        return Err(io::Error::other(format!("it has more than {} MiB", MOST >> 20)));
    }
    let status = child.wait().await?;
    said.err = last.into_iter().collect::<Vec<_>>().join("\n");
    Ok((status, said))
}

async fn lines(from: impl AsyncRead + Unpin, mut each: impl FnMut(&str)) -> io::Result<()> {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await? > 0 {
        each(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
    Ok(())
}

/// Whether what was said are ssh's own words: the connection did not come about, or broke.
fn is_of_ssh(said: &Said) -> bool {
    const WORDS: [&str; 12] = [
        "ssh: ",
        "ssh_",
        "kex_",
        "mux_client",
        "client_loop: ",
        "Connection ",
        "Host key verification failed",
        "Received disconnect",
        "Disconnected from",
        "Timeout, server",
        "Unable to negotiate",
        "Bad owner or permissions",
    ];
    let is_own =
        |line: &str| WORDS.iter().any(|words| line.starts_with(words)) || line.contains(": Permission denied (");
    said.err.trim().is_empty() && said.out.trim().is_empty() || said.err.lines().any(is_own)
}

/// The last lines of what was said: of standard error, or of standard output where that is empty.
fn last_lines(said: &Said) -> Vec<String> {
    let text = if said.err.trim().is_empty() { &said.out } else { &said.err };
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(LAST)).map(|line| kept(line)).collect()
}

/// The bytes of files that `rsync --stats` says it has sent.
fn sent(out: &str) -> u64 {
    let line = out.lines().find_map(|line| line.strip_prefix("Total transferred file size: "));
    let digits: String = line.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
}

/// The line that a person would type for a command: `ssh HOST '…'`.
pub fn typed(command: &Command, inventory: &Inventory) -> String {
    let address = inventory.host(&command.host).map_or(command.host.as_str(), |host| host.address.as_str());
    let user = inventory.ssh.user.as_deref().map(|user| format!("{user}@")).unwrap_or_default();
    let port = inventory.ssh.port.map(|port| format!("-p {port} ")).unwrap_or_default();
    format!("ssh {port}{} {}", plain(&format!("{user}{address}")), quote(&command.line(inventory)))
}
