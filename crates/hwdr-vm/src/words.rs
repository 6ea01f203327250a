//! Commands as data: words for one host and one account. [`quote`] is the only way by which a word gets into a shell's line.

use std::fmt;
use std::time::Duration;

use crate::id::BackupId;
use crate::inventory::{HostName, Inventory};

/// Under which account a command runs on its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// The one that SSH logs in to.
    Login,
    /// The super user.
    Root,
    /// The owner of NDB and MySQL.
    Mysql,
    /// The owner of HopsFS.
    Hdfs,
}

/// What a command reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Input {
    /// Nothing.
    #[default]
    Nothing,
    /// A text. It may be a secret: it is never shown.
    Text(String),
    /// A file of the backup, by its path below the backup's folder.
    File(String),
}

/// What a command must have said, besides its exit status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expect {
    /// Its exit status says all.
    #[default]
    Nothing,
    /// A line that is exactly this.
    Line(String),
    /// This text, soon, and not the other one, which some of several may say: the command only looks, and is repeated until it says so.
    Soon {
        /// What it must say.
        text: &'static str,
        /// What it must not say.
        but: Option<&'static str>,
    },
    /// That `ndb_restore` does not tell of a failure.
    Restored {
        /// Whether it must say how many rows it has restored.
        rows: bool,
    },
    /// Of all errors of MySQL's client only those of grants for what is gone.
    Granted,
    /// That RonDB has completed a backup.
    Completed(BackupId),
}

/// One command on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Where it runs.
    pub host: HostName,
    /// As whom.
    pub account: Account,
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it reads.
    pub input: Input,
    /// How long it may take.
    pub limit: Duration,
    /// What it must have said.
    pub expect: Expect,
}

/// For what only looks. While a data node is cut off, RonDB's clients wait: whoever asks hears of it before RonDB gives the node up.
pub const SHORT: Duration = Duration::from_secs(30);
/// For what starts and stops services.
pub const LONG: Duration = Duration::from_secs(15 * 60);
/// For what looks at all data, or changes it where it is.
pub const DAY: Duration = Duration::from_secs(24 * 3_600);
/// For what moves all data.
pub const WHOLE: Duration = Duration::from_secs(48 * 3_600);

impl Command {
    /// A command that looks at something.
    pub fn new<W: Into<String>>(host: &HostName, account: Account, words: impl IntoIterator<Item = W>) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self { host: host.clone(), account, words, input: Input::Nothing, limit: SHORT, expect: Expect::Nothing }
    }

    /// A script for the POSIX shell, which is a constant of hwdr; what varies are its arguments, `$1` and so on.
    pub fn script(host: &HostName, account: Account, script: &'static str, arguments: &[&str]) -> Self {
        let head = ["sh", "-c", script.trim(), "hwdr"].map(str::to_owned);
        let rest = arguments.iter().map(|argument| (*argument).to_owned());
        Self::new(host, account, head.into_iter().chain(rest))
    }

    /// This command with what it reads.
    pub fn reading(self, input: Input) -> Self {
        Self { input, ..self }
    }

    /// This command with another limit.
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// This command, which must say something.
    pub fn expecting(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }

    /// The words with what changes the account in front of them.
    pub fn with_account(&self, inventory: &Inventory) -> Vec<String> {
        let user = match self.account {
            Account::Login => None,
            Account::Root => Some("root"),
            Account::Mysql => Some(inventory.users.mysql.as_str()),
            Account::Hdfs => Some(inventory.users.hdfs.as_str()),
        };
        let front: Vec<&str> = match user.filter(|_| inventory.ssh.sudo) {
            Some(user) => vec!["sudo", "-n", "-u", user, "--"],
            None => Vec::new(),
        };
        front.into_iter().map(str::to_owned).chain(self.words.iter().cloned()).collect()
    }

    /// The line that the host's shell gets.
    pub fn line(&self, inventory: &Inventory) -> String {
        line(&self.with_account(inventory))
    }
}

/// Words as a line for a POSIX shell.
pub fn line<W: AsRef<str>>(words: &[W]) -> String {
    words.iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

/// A text as one word for any POSIX shell, whatever it contains.
pub fn quote(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match !text.is_empty() && text.chars().all(is_safe) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// For messages: the host and the words, without what is read. A script's text is left out.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.words.as_slice() {
            [sh, c, script, _, rest @ ..] if sh == "sh" && c == "-c" => {
                let first = script.lines().next().unwrap_or_default().trim_start_matches("# ");
                [&[first.to_owned()], rest].concat()
            }
            words => words.to_vec(),
        };
        write!(f, "{}: {}", self.host, hwdr_values::shown::plain(&line(&words)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_word_to_every_posix_shell() {
        for text in
            ["", "a", "a b", "it's", "$(touch x)`y`", "a\nb", "-n", "~ * ? # ! {a,b}", "\\", "é\u{202e}", "a;b|c&d"]
        {
            for shell in ["sh", "bash"] {
                let script = format!("printf %s {}", quote(text));
                let output = std::process::Command::new(shell).args(["-c", &script]).output().unwrap();
                assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{shell}: {script}");
            }
        }
    }
}
