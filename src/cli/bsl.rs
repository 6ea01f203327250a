//! `hwdr bsl`: the storage location that Velero restores from.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};

use super::connection::{ConnectionArgs, block_on};
use super::messages::Failure;
use super::{ValueArgs, ask, files, inputs};
use crate::product;
use crate::shown::{self, word};
use crate::velero::{Access, Credentials, Location, ensure_storage_location};

/// The storage location that Velero restores from
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Apply(Box<Apply>),
}

/// Creates the storage location of Velero's backups, and waits until Velero can read it
///
/// Its name is hopsworks-bsl, in the namespace velero, unless the values given with -f name others (hopsworks.velero). It is read-only,
/// so Velero neither deletes expired backups nor creates new ones. A location that exists already is kept if it is the same, and
/// refused otherwise.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr bsl apply --bucket NAME --region NAME --iam [OPTIONS]")]
struct Apply {
    /// The bucket
    #[arg(long, value_name = "NAME")]
    bucket: String,
    /// The bucket's region
    #[arg(long, value_name = "NAME")]
    region: String,
    /// The server's URL, if it is not AWS
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The bucket is in the URL's path, not in its host name
    #[arg(long)]
    path_style: bool,
    /// The folder in the bucket [default: the one in the values, or k8s_backup]
    #[arg(long, value_name = "FOLDER")]
    prefix: Option<String>,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    values: ValueArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// How Velero reads the bucket. Credentials are never given on the command line, which others can read.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
#[command(next_help_heading = "Access to the bucket (one of these)")]
pub(super) struct AccessArgs {
    /// By the role of Velero's own pod or node
    #[arg(long)]
    pub iam: bool,
    /// By a Secret in Velero's namespace [key: cloud]
    #[arg(long, value_name = "NAME[/KEY]")]
    pub secret: Option<String>,
    /// By a credentials file in AWS's format, which hwdr stores in a Secret
    #[arg(long, value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// By AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, which hwdr stores in a Secret
    #[arg(long)]
    pub credentials_env: bool,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        match &self.action {
            Action::Apply(apply) => apply.run(),
        }
    }
}

impl Apply {
    fn run(&self) -> Result<()> {
        let values = inputs::values(&self.values)?;
        let velero = values.as_ref().map(|values| product::of(values).velero(values)).transpose()?;
        let velero = velero.unwrap_or_default();
        let parts = [self.bucket.as_str(), &self.region, self.prefix.as_ref().unwrap_or(&velero.prefix)];
        let location = location(
            parts,
            self.endpoint.as_deref(),
            self.path_style || velero.path_style == Some(true),
            self.access.access()?,
        )?;
        let made = block_on(async {
            let cluster = self.connection.connect().await?;
            anyhow::Ok(ensure_storage_location(&cluster, &velero, &location, &mut ask::tell).await?)
        })?;
        shown::print(&format!("The storage location {} is available.\n", velero.location));
        if made.is_read_only {
            shown::print(&format!(
                "It is read-only: Velero neither deletes expired backups nor creates new ones.\n\
                 When the restored cluster works, let Velero write again:\n\n  {}\n",
                velero.open()
            ));
        } else {
            ask::warn(&format!(
                "it is not read-only: Velero deletes expired backups in it, at the latest an hour after it sees them. To keep them until \
                 the restore is done:\nkubectl -n {} patch backupstoragelocation {} \\\n\
                 --type merge -p '{{\"spec\":{{\"accessMode\":\"ReadOnly\"}}}}'",
                word(&velero.namespace),
                word(&velero.location)
            ));
        }
        Ok(())
    }
}

/// The location, with its parts checked.
///
/// # Errors
/// If a part has characters with a meaning in paths or URLs.
pub(super) fn location(
    [bucket, region, prefix]: [&str; 3],
    server: Option<&str>,
    path_style: bool,
    access: Access,
) -> Result<Location> {
    let plain = |what: &str, text: &str| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        if is_plain && !text.is_empty() {
            return Ok(text.to_owned());
        }
        bail!("the {what} {text:?}: letters, digits, dashes, dots and slashes only")
    };
    Ok(Location {
        bucket: plain("bucket", bucket)?,
        region: plain("region", region)?,
        prefix: plain("prefix", prefix.trim_matches('/'))?,
        endpoint: server.map(endpoint).transpose()?,
        path_style,
        access,
    })
}

/// A server's URL, as Velero's plugin takes it, without credentials.
fn endpoint(url: &str) -> Result<String> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:[]".contains(&byte);
    if !host.is_empty() && host.bytes().all(is_plain) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    // Not shown: it may contain a password.
    bail!(Failure::unusable("the endpoint is not the URL of a server").help("give it like https://s3.example.com:9000"))
}

impl AccessArgs {
    /// How Velero gets access.
    ///
    /// # Errors
    /// If the file or the environment has no credentials.
    pub(super) fn access(&self) -> Result<Access> {
        if let Some(secret) = &self.secret {
            let (name, key) = secret.split_once('/').unwrap_or((secret, "cloud"));
            if name.is_empty() || key.is_empty() {
                bail!("--secret {secret}: expected NAME or NAME/KEY");
            }
            return Ok(Access::Secret { name: name.to_owned(), key: key.to_owned() });
        }
        let (of, found) = if let Some(path) = &self.credentials_file {
            let of = format!("the credentials file {}", path.display());
            let text = files::read(&path.display().to_string()).with_context(|| format!("cannot read {of}"))?;
            (of, Credentials::from_file(&String::from_utf8_lossy(&text)))
        } else if self.credentials_env {
            ("the environment".to_owned(), Credentials::from_environment(&|name| env::var(name).ok()))
        } else {
            return Ok(Access::Role);
        };
        let credentials = found.map_err(Failure::usage).context(of)?;
        if credentials.are_temporary() {
            ask::warn("these are temporary credentials: when they expire, Velero can no longer read the bucket");
        }
        Ok(Access::Credentials(credentials))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_urls_without_passwords() {
        for (url, expected) in [
            ("https://s3.example.com", Some("https://s3.example.com")),
            ("http://10.0.0.1:9000/", Some("http://10.0.0.1:9000")),
            ("http://[::1]:9000", Some("http://[::1]:9000")),
            ("s3.example.com", None),
            ("https://", None),
            ("https://key:secret@s3.example.com", None),
            ("https://s3.example.com\nx", None),
        ] {
            assert_eq!(endpoint(url).ok().as_deref(), expected, "{url}");
        }
    }
}
