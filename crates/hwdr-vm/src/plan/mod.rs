//! Plans: the steps of a backup or a restore, as data. One list drives the dry run, the runbook, and the run itself.

pub mod backup;
pub mod restore;

use std::fmt;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::inventory::{Host, HostName, Inventory};
use crate::words::{Account, Command, Input, line, quote};

/// A step: what it does, and the commands that do it, all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// One word.
    pub name: &'static str,
    /// What it does, for people.
    pub does: &'static str,
    /// The commands.
    pub acts: Vec<Act>,
    /// How many of them may run at once, if not all.
    pub width: Option<usize>,
}

/// One command of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Runs on a host.
    Call(Command),
    /// Runs on a host, and what it prints goes into a file of the backup.
    Into(Command, String),
    /// Copies between a host and here.
    Copy(Copy),
}

/// Which way a copy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the host to here.
    Pull,
    /// From here to the host.
    Push,
}

/// A copy by `rsync`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The host.
    pub host: HostName,
    /// Who reads or writes there.
    pub account: Account,
    /// The folder there.
    pub remote: String,
    /// The folder here.
    pub local: PathBuf,
    /// Which way.
    pub direction: Direction,
    /// Further options.
    pub options: Vec<String>,
    /// Whether files may vanish meanwhile.
    pub may_vanish: bool,
    /// How long it may take.
    pub limit: Duration,
}

impl Copy {
    /// Its words: it runs here. `ssh` is the command to reach the host, as one text.
    pub fn words(&self, inventory: &Inventory, host: &Host, rsync: &str, ssh: &str) -> Vec<String> {
        let user = match self.account {
            Account::Login => None,
            Account::Root => Some("root"),
            Account::Mysql => Some(inventory.users.mysql.as_str()),
            Account::Hdfs => Some(inventory.users.hdfs.as_str()),
        };
        let mut words =
            vec![rsync.to_owned(), "-rlpt".to_owned(), "--stats".to_owned(), "-e".to_owned(), ssh.to_owned()];
        if let Some(user) = user.filter(|_| inventory.ssh.sudo) {
            words.push(format!("--rsync-path=sudo -n -u {user} -- rsync"));
        }
        words.extend(self.options.iter().cloned());
        let address = match host.address.contains(':') {
            true => format!("[{}]", host.address),
            false => host.address.clone(),
        };
        let (remote, local) = (format!("{address}:{}/", self.remote), format!("{}/", self.local.display()));
        words.push("--".to_owned());
        match self.direction {
            Direction::Pull => words.extend([remote, local]),
            Direction::Push => words.extend([local, remote]),
        }
        words
    }

    /// The line that a person would type.
    pub fn typed(&self, inventory: &Inventory) -> String {
        let Some(host) = inventory.host(&self.host) else { return String::new() };
        let mut ssh = vec!["ssh".to_owned()];
        if let Some(user) = &inventory.ssh.user {
            ssh.extend(["-l".to_owned(), user.clone()]);
        }
        if let Some(port) = inventory.ssh.port {
            ssh.extend(["-p".to_owned(), port.to_string()]);
        }
        line(&self.words(inventory, host, "rsync", &line(&ssh)))
    }
}

impl fmt::Display for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.direction {
            Direction::Pull => write!(f, "{}: rsync of {} to {}", self.host, self.remote, self.local.display()),
            Direction::Push => write!(f, "{}: rsync of {} to {}", self.host, self.local.display(), self.remote),
        }
    }
}

impl Act {
    /// The host that it concerns.
    pub fn host(&self) -> &HostName {
        match self {
            Self::Call(command) | Self::Into(command, _) => &command.host,
            Self::Copy(copy) => &copy.host,
        }
    }

    /// The line that a person would type here. `folder` is the backup's.
    pub fn typed(&self, inventory: &Inventory, folder: &str) -> String {
        match self {
            Self::Call(command) => {
                let input = match &command.input {
                    Input::Nothing => String::new(),
                    Input::Text(text) => format!(" <<<{}", quote(text)),
                    Input::File(path) => format!(" <{}", quote(&format!("{folder}/{path}"))),
                };
                format!("{}{input}", crate::remote::typed(command, inventory))
            }
            Self::Into(command, path) => {
                format!("{} >{}", crate::remote::typed(command, inventory), quote(&format!("{folder}/{path}")))
            }
            Self::Copy(copy) => copy.typed(inventory),
        }
    }
}

/// The steps with their very commands, host by host.
pub fn dry_run(steps: &[Step], inventory: &Inventory, folder: &str) -> String {
    let mut text = String::new();
    for (number, step) in (1..).zip(steps) {
        let _ = writeln!(text, "{number}. {}: {}", step.name, step.does);
        let mut host = None;
        for act in &step.acts {
            if host != Some(act.host()) {
                host = Some(act.host());
                let _ = writeln!(text, "   {}", act.host());
            }
            let _ = writeln!(text, "     {}", act.typed(inventory, folder).replace('\n', "\n     "));
        }
    }
    text
}
