//! Which bucket, and how it is reached: the same flags for every subcommand.

use std::path::PathBuf;

use clap::Args;

use crate::product::hopsworks::hopsfs::bucket::FOLDERS;
use crate::s3::client::{Client, Error, Settings};
use crate::shown::word;

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

impl Target {
    /// A client for the bucket.
    ///
    /// # Errors
    /// If a setting cannot be used, or no credentials are found.
    pub(super) async fn connect(&self) -> Result<Client, Error> {
        Client::connect(Settings {
            endpoint: self.server.endpoint.clone(),
            region: self.server.region.clone(),
            path_style: self.server.path_style,
            ca_bundle: self.server.ca_bundle.clone(),
            requests_per_second: self.server.requests_per_second,
            ..Settings::new(&self.bucket, FOLDERS)
        })
        .await
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
