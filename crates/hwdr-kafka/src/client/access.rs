//! How the client connects to a cluster, and logs in.

use std::fmt;

/// How a cluster is reached.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// TLS, or none.
    pub tls: Option<Roots>,
    /// Who logs in, or nobody.
    pub login: Option<Login>,
}

/// Whose signatures on brokers' certificates count.
#[derive(Debug, Clone)]
pub enum Roots {
    /// Those of the machine.
    System,
    /// Those of these certificates, as PEM.
    Pem(Vec<u8>),
}

/// Who logs in, and how.
#[derive(Debug, Clone)]
pub struct Login {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// The password itself: over TLS only.
    Plain,
    /// SCRAM with this hash.
    Scram(Hash),
}

/// SCRAM's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Mechanism {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Scram(Hash::Sha256) => "SCRAM-SHA-256",
            Self::Scram(Hash::Sha512) => "SCRAM-SHA-512",
        }
    }
}

/// A password, which is never shown.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}
