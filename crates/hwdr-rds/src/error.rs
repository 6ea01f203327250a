//! What can go wrong with a call or a wait, and the fix.

use std::fmt;
use std::time::Duration;

use hwdr_values::refusal::Refusal;
use hwdr_values::shown::{duration, kept, plain, said, word};
use jiff::Timestamp;

/// What failed: a call after its retries, or a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// IAM's name for the call: `rds:DescribeDBInstances`.
    pub action: &'static str,
    /// What it was about: an instance, a snapshot, or nothing.
    pub what: String,
    /// What happened.
    pub problem: Box<Problem>,
    /// What RDS recorded lately about it, the newest last.
    pub events: Vec<Event>,
}

/// What RDS recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: Option<Timestamp>,
    /// RDS's words.
    pub message: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Not allowed: the missing IAM action, and AWS's words.
    Denied(String, String),
    /// No credentials, or wrong or expired ones.
    Credentials(String),
    /// The clocks are too far apart for signatures.
    Clock(String),
    /// RDS asked for fewer requests, and kept asking.
    Throttled(String),
    /// No answer.
    Transport(String),
    /// The server's certificate is not trusted.
    Untrusted(String),
    /// It does not exist; RDS's code.
    NotFound(String),
    /// A quota of the account is used up; RDS's code and words.
    Quota(String, String),
    /// AWS has no room for such an instance now; RDS's code and words.
    NoRoom(String, String),
    /// Something else has the name.
    Taken(String),
    /// Not possible in the state that it is in; RDS's words.
    State(String),
    /// Any other answer; code and message.
    Refused(String, String),
    /// An answer that makes no sense.
    Nonsense(String),
    /// A setting is invalid.
    Setting(String),
    /// An instance or snapshot that this run has not made: it is not touched.
    Foreign,
    /// A state that it will not leave without help, and what is wrong.
    Ended(String),
    /// Settings that did not take.
    Unsettled(Vec<String>),
    /// The limit has passed: how long, the state, what is missing.
    Late(Duration, String),
}

impl Error {
    pub(crate) fn new(action: &'static str, what: impl Into<String>, problem: Problem) -> Self {
        Self { action, what: what.into(), problem: Box::new(problem), events: Vec::new() }
    }

    /// Whether the same call may go well in a minute.
    pub fn may_pass(&self) -> bool {
        matches!(*self.problem, Problem::Throttled(_) | Problem::Transport(_) | Problem::Nonsense(_))
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        let id = word(self.what.split_whitespace().last().unwrap_or_default());
        match &*self.problem {
            Problem::Denied(action, message) if message.contains("explicit deny") => format!(
                "a policy denies {} explicitly, which no other policy overrides; see which identity you use:\naws sts get-caller-identity",
                plain(action)
            ),
            Problem::Denied(action, _) => format!(
                "allow {}; see which identity you use:\naws sts get-caller-identity",
                plain(action)
            ),
            Problem::Credentials(_) => "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; see what the AWS tools find:\naws configure list".to_owned(),
            Problem::Clock(_) => "set this machine's clock:\ntimedatectl set-ntp true".to_owned(),
            Problem::Throttled(_) => "wait a minute and run it again; see what else calls RDS in this account".to_owned(),
            Problem::Transport(_) => "check the network, the region and AWS_ENDPOINT_URL_RDS, and run it again".to_owned(),
            Problem::Untrusted(_) => "give the certificate of the authority that signed the server's: AWS_CA_BUNDLE=FILE".to_owned(),
            Problem::NotFound(_) => "check the name, the region and the account:\naws rds describe-db-instances --query 'DBInstances[].DBInstanceIdentifier'".to_owned(),
            Problem::Quota(..) => "delete what is not needed, or ask for a higher quota:\naws service-quotas list-service-quotas --service-code rds".to_owned(),
            Problem::NoRoom(..) => "give another instance class, or a subnet group with more availability zones, or try again later".to_owned(),
            Problem::Taken(_) | Problem::Foreign => "give another name".to_owned(),
            Problem::State(_) => format!("wait until it is available, and run it again:\naws rds wait db-instance-available --db-instance-identifier {id}"),
            Problem::Refused(..) => "correct what RDS names, and run it again".to_owned(),
            Problem::Nonsense(_) => "run it again; if it fails again, check AWS_ENDPOINT_URL_RDS: what answers may not be RDS".to_owned(),
            Problem::Setting(_) => "correct the setting, or the variable or profile that it comes from".to_owned(),
            Problem::Ended(_) | Problem::Unsettled(_) => format!(
                "see what RDS says, mend it, and resume:\naws rds describe-events --source-type {} --source-identifier {id} --duration 1440",
                if self.what.starts_with("snapshot") { "db-snapshot" } else { "db-instance" }
            ),
            Problem::Late(..) => "it may still succeed: resume later, which waits again".to_owned(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action)?;
        if !self.what.is_empty() {
            write!(f, " of {}", plain(&self.what))?;
        }
        match &*self.problem {
            Problem::Denied(action, message) => write!(f, ": {} is not allowed ({})", plain(action), said(message)),
            Problem::Credentials(message) => write!(f, ": no valid credentials ({})", said(message)),
            Problem::Clock(message) => write!(f, ": the clocks are too far apart ({})", said(message)),
            Problem::Throttled(code) => write!(f, ": RDS asks for fewer requests ({}), after all retries", said(code)),
            Problem::Transport(message) => write!(f, ": no answer ({}), after all retries", said(message)),
            Problem::Untrusted(message) => write!(f, ": the server's certificate is not trusted ({})", said(message)),
            Problem::NotFound(code) => write!(f, ": not found ({})", said(code)),
            Problem::Quota(code, message) => write!(f, ": a quota is used up ({}: {})", said(code), said(message)),
            Problem::NoRoom(code, message) => write!(f, ": AWS has no room for it ({}: {})", said(code), said(message)),
            Problem::Taken(code) => write!(f, ": the name is taken ({})", said(code)),
            Problem::State(message) => write!(f, ": not possible in its state ({})", said(message)),
            Problem::Refused(code, message) => write!(f, ": {}: {}", said(code), said(message)),
            Problem::Nonsense(message) => write!(f, ": an answer that makes no sense: {}", said(message)),
            Problem::Setting(message) => write!(f, ": {}", said(message)),
            Problem::Foreign => f.write_str(": it exists, and this run has not made it"),
            Problem::Ended(state) => write!(f, ": {}", said(state)),
            Problem::Unsettled(settings) => {
                write!(f, ": RDS did not take these settings: {}", said(&settings.join("; ")))
            }
            Problem::Late(limit, state) => write!(f, ": not done after {}: {}", duration(limit.as_secs()), said(state)),
        }?;
        for event in &self.events {
            let time = event.time.map(|time| format!("{time:.0} ")).unwrap_or_default();
            write!(f, "\n  {time}{}", kept(&event.message))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(error.to_string()).help(error.help())
    }
}
