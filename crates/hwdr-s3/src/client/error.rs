//! What can go wrong with a call, and the fix.

use std::fmt;

use hwdr_values::shown::{lines, mask, plain, word};

/// A call that failed after all retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// IAM's name for the call: `s3:ListBucketVersions`.
    pub action: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key, where the call was about one.
    pub key: Option<String>,
    /// What happened.
    pub problem: Problem,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Not allowed.
    Denied(String),
    /// The bucket does not exist.
    NoBucket,
    /// Object, version or setting does not exist.
    NotFound(String),
    /// The server asked for fewer requests, and kept asking.
    Throttled(String),
    /// The clocks are too far apart for signatures.
    Clock(String),
    /// The bucket is in another region (which one, if the server says so).
    Region(String),
    /// Any other answer: status, code and message.
    Refused(u16, String, String),
    /// No answer, or only part of one.
    Transport(String),
    /// The server's certificate is not trusted.
    Untrusted(String),
    /// An answer that makes no sense.
    Nonsense(String),
    /// An answer longer than any valid one; this many bytes were read.
    Endless(usize),
    /// What was put has no version, though the bucket claims to keep them.
    Unversioned,
    /// hwdr's own notes in the bucket are not what hwdr wrote.
    Journal(String),
    /// No credentials.
    Credentials(String),
    /// A flag or a setting from the environment is invalid.
    Setting(String),
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> String {
        let Self { action, bucket, .. } = self;
        match &self.problem {
            Problem::Denied(_) => format!(
                "allow {action} on the bucket (docs/s3.md has the whole policy); see which identity you use:\naws sts get-caller-identity"
            ),
            Problem::NoBucket => format!("see which buckets there are:\naws s3 ls | grep {bucket}"),
            Problem::Clock(_) => "set this machine's clock:\ntimedatectl set-ntp true".to_owned(),
            Problem::Region(region) if !region.is_empty() => format!("give the bucket's region: --region {}", word(region)),
            Problem::Region(_) => format!("look it up, and give it with --region:\naws s3api get-bucket-location --bucket {bucket}"),
            Problem::Throttled(_) => "run the same command again: it continues where it stopped; --requests-per-second N asks for less".to_owned(),
            Problem::Transport(_) => {
                "check --endpoint, --ca-bundle and the network; the same command continues where it stopped".to_owned()
            }
            Problem::Untrusted(_) => "give the certificate of the authority that signed the server's: --ca-bundle FILE, or AWS_CA_BUNDLE".to_owned(),
            Problem::Credentials(_) => "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; see what the AWS tools find:\naws configure list".to_owned(),
            Problem::Setting(_) => "correct the flag, or the variable or profile that it comes from (AWS_CA_BUNDLE, AWS_ENDPOINT_URL_S3)".to_owned(),
            Problem::Endless(_) => "check --endpoint: what answers is not an S3 server, or a broken one".to_owned(),
            Problem::Unversioned => format!(
                "do not use this bucket: what is deleted or overwritten in it is lost; see:\naws s3api list-object-versions --bucket {bucket} --prefix .hwdr/"
            ),
            Problem::Journal(_) => format!(
                "somebody else has written there (docs/s3.md says who may): see who, and remove what is not hwdr's:\naws s3api list-object-versions --bucket {bucket} --prefix .hwdr/"
            ),
            Problem::NotFound(_) | Problem::Refused(..) | Problem::Nonsense(_) => {
                "run it again; if it fails again, see the server's log".to_owned()
            }
        }
    }
}

/// Words of a server, with possible credentials hidden.
fn said(words: &str) -> String {
    lines(&mask::credentials(words)).into_owned()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on bucket {}", self.action, plain(&self.bucket))?;
        if let Some(key) = &self.key {
            write!(f, ", object {}", plain(key))?;
        }
        match &self.problem {
            Problem::Denied(message) => write!(f, ": not allowed ({})", said(message)),
            Problem::NoBucket => write!(f, ": there is no such bucket"),
            Problem::NotFound(code) => write!(f, ": not found ({})", said(code)),
            Problem::Throttled(code) => {
                write!(f, ": the server asks for fewer requests ({}), after many retries", said(code))
            }
            Problem::Clock(message) => write!(f, ": the clocks are too far apart ({})", said(message)),
            Problem::Region(region) if region.is_empty() => write!(f, ": the bucket is in another region"),
            Problem::Region(region) => write!(f, ": the bucket is in region {}", plain(region)),
            Problem::Refused(status, code, message) => write!(f, ": {status} {}: {}", said(code), said(message)),
            Problem::Transport(message) => write!(f, ": no answer ({}), after many retries", said(message)),
            Problem::Untrusted(message) => write!(f, ": the server's certificate is not trusted ({})", said(message)),
            Problem::Nonsense(message) => write!(f, ": an answer that makes no sense: {}", said(message)),
            Problem::Endless(bytes) => write!(f, ": the answer has no end: {} MiB were read of it", bytes >> 20),
            Problem::Unversioned => {
                write!(f, ": versioning is Enabled, but what was just put has no version. Nothing else was changed")
            }
            Problem::Journal(message) => write!(f, ": this is not hwdr's journal: {}", said(message)),
            Problem::Credentials(message) => write!(f, ": no credentials: {}", said(message)),
            Problem::Setting(message) => write!(f, ": {}", said(message)),
        }
    }
}

impl std::error::Error for Error {}
