//! Which bucket, and how it is reached: the same flags for every command.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use super::ask;
use super::messages::Failure;
use crate::lint::view::dotted;
use crate::product::{self, Product, Storage};
use crate::s3::client::{Client, Error, Settings};
use crate::shown::word;
use crate::velero::Velero;

/// Which bucket, and how it is reached.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Bucket")]
pub(super) struct Target {
    /// The bucket
    #[arg(long, value_name = "BUCKET")]
    pub bucket: String,
    #[command(flatten)]
    pub server: Server,
}

/// The same, where the values may name it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Bucket")]
pub(super) struct BucketArgs {
    /// The bucket [default: the one in the values]
    #[arg(long, value_name = "BUCKET")]
    pub bucket: Option<String>,
    #[command(flatten)]
    pub server: Server,
}

/// How a bucket is reached.
///
/// Credentials, profiles, roles and web identity (IRSA) are found as by every AWS tool.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Bucket")]
pub(super) struct Server {
    /// A server other than AWS: https://HOST[:PORT] [default: from AWS_ENDPOINT_URL_S3 or the profile]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// The bucket's region [default: from AWS_REGION or the profile]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Put the bucket's name into the path, not the host name: most servers other than AWS need that
    #[arg(long)]
    pub path_style: bool,
    /// Certificates to trust in addition to the system's (PEM)
    #[arg(long, value_name = "FILE", env = "AWS_CA_BUNDLE", hide_env_values = true)]
    pub ca_bundle: Option<PathBuf>,
    /// Send no more requests in a second than this
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_second: Option<u32>,
}

impl BucketArgs {
    /// The bucket with a product's backups: Velero's, if the product keeps no data in one.
    ///
    /// # Errors
    /// If nothing names one.
    pub(super) fn of_backups(&self, product: &dyn Product, storage: &Storage, velero: &Velero) -> Result<Target> {
        if product.keys().bucket.is_some() {
            return self.resolve(product, storage);
        }
        let Some(bucket) = self.bucket.clone() else {
            bail!(
                Failure::unusable(format!(
                    "which bucket? {} has all its backups in Velero's, which its values do not name",
                    product.title()
                ))
                .help(format!(
                    "give --bucket BUCKET; where the cluster is there, its storage location names it:\nkubectl -n {} get backupstoragelocation {} -o yaml",
                    word(&velero.namespace),
                    word(&velero.location)
                ))
            );
        };
        Ok(Target { bucket, server: self.server.clone() })
    }

    /// Whether a flag names a bucket, or says how it is reached.
    pub(super) fn is_given(&self) -> bool {
        let Server { endpoint, region, path_style, ca_bundle: _, requests_per_second } = &self.server;
        self.bucket.is_some() || endpoint.is_some() || region.is_some() || *path_style || requests_per_second.is_some()
    }

    /// The bucket of the flags, or else of the values.
    ///
    /// # Errors
    /// If neither names one, or the product has none.
    pub(super) fn resolve(&self, product: &dyn Product, storage: &Storage) -> Result<Target> {
        let Some(keys) = &product.keys().bucket else {
            bail!(
                Failure::unusable(format!("{} keeps no data in a bucket of its own", product.title()))
                    .help("leave out its values (-f), or leave out --from-bucket")
            );
        };
        let Some(bucket) = self.bucket.clone().or_else(|| storage.bucket.clone()) else {
            bail!(
                Failure::unusable("which bucket? Neither --bucket nor the values name one")
                    .help(format!("give --bucket BUCKET, or -f values.yaml with {}", dotted(keys.name)))
            );
        };
        let mut server = self.server.clone();
        // The server and region in the values are those of the bucket in the values.
        if storage.bucket.as_ref() == Some(&bucket) {
            server.endpoint = server.endpoint.or_else(|| storage.endpoint.clone());
            server.region = server.region.or_else(|| storage.region.clone());
        }
        Ok(Target { bucket, server })
    }
}

/// Prints that the command is working, if it takes long: a server that does not answer is asked again and again.
pub(super) async fn still_at_it(what: &str) -> Infallible {
    let mut pauses = [1, 9].into_iter();
    loop {
        tokio::time::sleep(Duration::from_secs(pauses.next().unwrap_or(30))).await;
        ask::tell(what);
    }
}

impl Target {
    /// A client for the bucket.
    ///
    /// # Errors
    /// If a setting cannot be used, or no credentials are found.
    pub(super) async fn connect(&self) -> Result<Client, Error> {
        Client::connect(self.settings()).await
    }

    /// The bucket and how it is reached, as settings.
    pub(super) fn settings(&self) -> Settings {
        Settings {
            endpoint: self.server.endpoint.clone(),
            region: self.server.region.clone(),
            path_style: self.server.path_style,
            ca_bundle: self.server.ca_bundle.clone(),
            requests_per_second: self.server.requests_per_second,
            ..Settings::new(&self.bucket, product::FOLDERS)
        }
    }

    /// The flags, for commands in messages.
    pub(super) fn flags(&self) -> String {
        let mut flags = format!("--bucket {}", word(&self.bucket));
        for (name, value) in [("--endpoint", &self.server.endpoint), ("--region", &self.server.region)] {
            if let Some(value) = value {
                flags = format!("{flags} {name} {}", word(value));
            }
        }
        if self.server.path_style {
            flags.push_str(" --path-style");
        }
        flags
    }
}
