//! One end of a mirror, as MirrorMaker is told about it.

use super::escape::Properties;
use crate::name::{Alias, BadName, Server};

/// One end of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// What MirrorMaker calls it.
    pub alias: Alias,
    /// Where to begin.
    pub servers: Vec<Server>,
    /// How to be let in.
    pub security: Security,
    /// The replication factor of the topics that a mirror makes here.
    pub replication: u16,
}

/// How a cluster lets clients in.
#[expect(clippy::large_enum_variant, reason = "a mirror has two of them")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Security {
    /// No encryption, no user.
    Plaintext,
    /// TLS, and a user with a SCRAM password.
    SaslTls {
        /// Who signed the brokers' certificates.
        trust: Trust,
        /// Which hash.
        scram: Scram,
        /// The user.
        credentials: Credentials,
    },
}

/// SCRAM's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scram {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

impl Scram {
    /// As Kafka calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha512 => "SCRAM-SHA-512",
        }
    }
}

/// Whose signatures MirrorMaker trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Those of the authorities that Java knows.
    System,
    /// Those in a file of PEM certificates (KIP-651).
    Pem(Path),
    /// Those in a Java key store.
    Jks {
        /// Its file.
        file: Path,
        /// Its password.
        password: Secret,
    },
}

/// The user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password. The password is put between quotes into the text of `sasl.jaas.config`: one with `"` or `\` has
    /// them escaped by `\` where it is stored, or is given as [`Credentials::Jaas`].
    Password {
        /// The name.
        user: Secret,
        /// The password.
        password: Secret,
    },
    /// The whole of `sasl.jaas.config`.
    Jaas(Secret),
}

/// An absolute path on MirrorMaker's machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Checks a path.
    ///
    /// # Errors
    /// If it is not absolute, or has a character that Kafka's configuration providers read as their own.
    pub fn new(path: &str) -> Result<Self, BadName> {
        let allowed = "an absolute path of letters, digits and / . _ - @, for example /etc/kafka/ca.crt";
        if !path.starts_with('/') {
            return Err(BadName::new("path", path, "it is not absolute", allowed));
        }
        if !path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-@".contains(c)) {
            return Err(BadName::new("path", path, "it has another character", allowed));
        }
        Ok(Self(path.to_owned()))
    }
}

/// Where MirrorMaker finds a secret: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    provider: (&'static str, &'static str),
    path: Option<Path>,
    key: String,
}

/// Kafka's configuration providers, by the names that this crate gives them.
const ENV: (&str, &str) = ("env", "org.apache.kafka.common.config.provider.EnvVarConfigProvider");
const FILE: (&str, &str) = ("file", "org.apache.kafka.common.config.provider.FileConfigProvider");
const DIRECTORY: (&str, &str) = ("directory", "org.apache.kafka.common.config.provider.DirectoryConfigProvider");

impl Secret {
    /// An environment variable.
    ///
    /// # Errors
    /// If it can be no variable's name.
    pub fn env(name: &str) -> Result<Self, BadName> {
        Self::new(ENV, None, name)
    }

    /// A key of a file of Java properties.
    ///
    /// # Errors
    /// As [`Path::new`]; and if the key has other characters.
    pub fn file(file: &str, key: &str) -> Result<Self, BadName> {
        Self::new(FILE, Some(Path::new(file)?), key)
    }

    /// A file whose whole content is the secret, without a line's end: as Kubernetes mounts a Secret.
    ///
    /// # Errors
    /// As [`Path::new`]; and if the name has other characters.
    pub fn directory(directory: &str, file: &str) -> Result<Self, BadName> {
        Self::new(DIRECTORY, Some(Path::new(directory)?), file)
    }

    fn new(provider: (&'static str, &'static str), path: Option<Path>, key: &str) -> Result<Self, BadName> {
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            return Err(BadName::new("name of a secret", key, "it has another character", "letters, digits and . _ -"));
        }
        Ok(Self { provider, path, key: key.to_owned() })
    }

    /// `${provider:path:key}` (`ConfigTransformer.DEFAULT_PATTERN`).
    fn reference(&self) -> String {
        let path = self.path.as_ref().map(|path| format!("{}:", path.0)).unwrap_or_default();
        format!("${{{}:{path}{}}}", self.provider.0, self.key)
    }
}

impl Cluster {
    fn secrets(&self) -> Vec<&Secret> {
        let Security::SaslTls { trust, credentials, .. } = &self.security else { return Vec::new() };
        let mut secrets = match credentials {
            Credentials::Password { user, password } => vec![user, password],
            Credentials::Jaas(jaas) => vec![jaas],
        };
        if let Trust::Jks { password, .. } = trust {
            secrets.push(password);
        }
        secrets
    }

    /// Names and classes of the providers that its secrets need.
    pub(super) fn providers(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.secrets().into_iter().map(|secret| secret.provider).collect::<Vec<_>>().into_iter()
    }

    pub(super) fn write(&self, out: &mut Properties) {
        let alias = &self.alias;
        let servers = self.servers.iter().map(Server::to_string).collect::<Vec<_>>().join(",");
        out.set(format!("{alias}.bootstrap.servers"), servers);
        let Security::SaslTls { trust, scram, credentials } = &self.security else {
            out.set(format!("{alias}.security.protocol"), "PLAINTEXT");
            return;
        };
        out.set(format!("{alias}.security.protocol"), "SASL_SSL");
        out.set(format!("{alias}.sasl.mechanism"), scram.name());
        let jaas = match credentials {
            Credentials::Jaas(jaas) => jaas.reference(),
            Credentials::Password { user, password } => format!(
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"{}\" password=\"{}\";",
                user.reference(),
                password.reference()
            ),
        };
        out.set(format!("{alias}.sasl.jaas.config"), jaas);
        match trust {
            Trust::System => {}
            Trust::Pem(file) => {
                out.set(format!("{alias}.ssl.truststore.type"), "PEM");
                out.set(format!("{alias}.ssl.truststore.location"), file.0.clone());
            }
            Trust::Jks { file, password } => {
                out.set(format!("{alias}.ssl.truststore.type"), "JKS");
                out.set(format!("{alias}.ssl.truststore.location"), file.0.clone());
                out.set(format!("{alias}.ssl.truststore.password"), password.reference());
            }
        }
    }
}
