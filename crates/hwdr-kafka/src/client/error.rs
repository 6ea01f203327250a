//! Why the client gives up.

use std::time::Duration;

pub use crate::wire::code::Code;
use crate::wire::read::Malformed;

/// Why a call to a cluster fails. What a broker wrote is shown escaped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke.
    #[error("broker {broker}: {problem}")]
    Connection {
        /// Its address.
        broker: String,
        /// What happened.
        problem: String,
    },
    /// The broker's certificate is not one to trust.
    #[error(
        "broker {broker}: its certificate is refused ({problem}): check that the CA given is the one that signed it, and the host's name"
    )]
    Certificate {
        /// Its address.
        broker: String,
        /// What is wrong.
        problem: String,
    },
    /// The broker's certificate has expired, or is not valid yet: by this machine's clock.
    #[error(
        "broker {broker}: its certificate is not valid now ({problem}): renew it, or set the clock of this machine if that is wrong (date -u)"
    )]
    Dates {
        /// Its address.
        broker: String,
        /// What is wrong, with both times.
        problem: String,
    },
    /// The certificates given cannot be used.
    #[error("the CA given cannot be used: {0}; expected: one or more certificates as PEM")]
    Roots(String),
    /// The user is not let in.
    #[error("broker {broker} does not let user {user:?} in by {mechanism}: {problem}")]
    Login {
        /// Its address.
        broker: String,
        /// Who.
        user: String,
        /// How.
        mechanism: &'static str,
        /// Why.
        problem: String,
    },
    /// A password would have gone over the wire in clear.
    #[error("PLAIN without TLS would send the password in clear text: use TLS or SCRAM")]
    Clear,
    /// The broker said what no broker says.
    #[error("broker {broker}: its answer to {request} is malformed: {problem}")]
    Malformed {
        /// Its address.
        broker: String,
        /// To which request.
        request: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The broker is too old or too new.
    #[error("broker {broker} does not take version {version} of {request}: hwdr needs Kafka 3.0 or later")]
    Unsupported {
        /// Its address.
        broker: String,
        /// Which request.
        request: &'static str,
        /// In which version.
        version: i16,
    },
    /// The cluster refuses, or cannot.
    #[error("{what}: {code}")]
    Refused {
        /// What was asked.
        what: String,
        /// What it says.
        code: Code,
    },
    /// The group has members, who would not notice that their offsets moved.
    #[error("group {group:?} is active ({state}): stop its consumers, then try again")]
    Active {
        /// Which group.
        group: String,
        /// Its state, or what the broker said.
        state: String,
    },
    /// A mirror that was to begin somewhere has begun already.
    #[error(
        "topic {topic:?} at the mirror's target has positions already: a mirror from a cluster of this alias ran before. Give the source \
         a new alias"
    )]
    Begun {
        /// Where its positions are.
        topic: String,
    },
    /// The records cannot be read.
    #[error("topic {topic:?}, partition {partition}, offset {offset}: {problem}")]
    Record {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where.
        offset: i64,
        /// What is wrong.
        problem: String,
    },
    /// The broker gave no records of a partition that has more of them.
    #[error(
        "topic {topic:?}, partition {partition}: the broker gave no records from offset {offset} on, though it has more"
    )]
    Nothing {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// From where on.
        offset: i64,
    },
    /// There was no answer in time.
    #[error("{what}: not within {within:?}; {last}")]
    Late {
        /// What was asked.
        what: &'static str,
        /// The limit.
        within: Duration,
        /// What stood in the way last.
        last: String,
    },
}

impl Error {
    /// Whether another try may do better.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Connection { .. } | Self::Nothing { .. } => true,
            Self::Refused { code, .. } => code.passes(),
            _ => false,
        }
    }

    pub(crate) fn malformed(broker: &str, request: &'static str, problem: Malformed) -> Self {
        Self::Malformed { broker: broker.to_owned(), request, problem: problem.to_string() }
    }
}
