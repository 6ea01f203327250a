//! Makes a client from what is given and the environment.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use hwdr_values::refusal::with_causes;
use hwdr_values::shown::plain;

use crate::{Error, Problem};

/// How to reach RDS. Missing settings are found as every AWS tool finds them: environment, profile, web identity (IRSA), container and
/// instance roles.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The region.
    pub region: Option<String>,
    /// A server other than AWS: `https://host[:port]`.
    pub endpoint: Option<String>,
    /// The profile of AWS's configuration files.
    pub profile: Option<String>,
    /// Certificates (PEM) to trust besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The limits of a call.
    pub limits: Limits,
}

/// The limits of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one attempt may take.
    pub attempt: Duration,
    /// How often it is tried.
    pub attempts: u32,
    /// The pause before the first retry, at most; each one after it is twice as long.
    pub first_pause: Duration,
    /// How long it may take to find credentials.
    pub credentials: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(30),
            attempts: 4,
            first_pause: Duration::from_secs(1),
            credentials: Duration::from_secs(20),
        }
    }
}

/// RDS in one region, as one identity.
#[derive(Clone)]
pub struct Rds {
    pub(crate) client: aws_sdk_rds::Client,
    region: String,
}

impl Rds {
    /// Finds region and credentials, and makes a client. Does not call RDS yet.
    ///
    /// # Errors
    /// If a setting is invalid, or no region or no credentials are found within the limit.
    pub async fn connect(access: Access) -> Result<Self, Error> {
        let failed = |problem| Error::new("connect", "", problem);
        if let Some(endpoint) = &access.endpoint {
            check(endpoint).map_err(|text| failed(Problem::Setting(text)))?;
        }
        let config = load(&access).await.map_err(|text| failed(Problem::Setting(text)))?;
        let rds = Self::of(&config)?;
        let provider = config
            .credentials_provider()
            .ok_or_else(|| failed(Problem::Credentials("the environment names none".to_owned())))?;
        match tokio::time::timeout(access.limits.credentials, provider.provide_credentials()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(failed(Problem::Credentials(with_causes(&error)))),
            Err(_) => {
                let limit = access.limits.credentials.as_secs();
                return Err(failed(Problem::Credentials(format!("not found within {limit} s"))));
            }
        }
        Ok(rds)
    }

    /// A client of a configuration that was made elsewhere: its credentials, limits and retries are that one's.
    ///
    /// # Errors
    /// If it names no valid region.
    pub fn of(config: &SdkConfig) -> Result<Self, Error> {
        let failed = |text| Err(Error::new("connect", "", Problem::Setting(text)));
        let Some(region) = config.region().map(Region::to_string) else {
            return failed("no region is set: give one, or set AWS_REGION or the profile's region".to_owned());
        };
        if region.is_empty() || !region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return failed(format!("{} is not the name of a region", plain(&region)));
        }
        Ok(Self { client: aws_sdk_rds::Client::new(config), region })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }
}

/// Without the client, which knows credentials.
impl fmt::Debug for Rds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rds").field("region", &self.region).finish_non_exhaustive()
    }
}

async fn load(access: &Access) -> Result<SdkConfig, String> {
    let Limits { attempt, attempts, first_pause, .. } = access.limits;
    let http = hwdr_aws::http(access.ca_bundle.as_deref())?;
    let retries = RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(first_pause)
        .with_max_backoff(Duration::from_secs(20));
    let is_elsewhere = access.endpoint.is_some() && access.profile.is_none();
    let mut loader = hwdr_aws::settings(http, access.region.as_deref(), is_elsewhere)
        .retry_config(retries)
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(attempt).build());
    if let Some(profile) = &access.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &access.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    Ok(loader.load().await)
}

fn check(endpoint: &str) -> Result<(), String> {
    let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    match host.map(|host| host.trim_end_matches('/')) {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(()),
        // What stands before an @ is a password.
        _ if endpoint.contains('@') => {
            Err("the endpoint has credentials in it: it must be https://HOST[:PORT]".to_owned())
        }
        _ => Err(format!("endpoint {}: it must be https://HOST[:PORT]", plain(endpoint))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_checked() {
        for (endpoint, valid) in [
            ("https://rds.example", true),
            ("http://127.0.0.1:5000/", true),
            ("http://[::1]:5000", true),
            ("rds.example", false),
            ("ftp://rds.example", false),
            ("https://", false),
            ("https://user:secret@rds.example", false),
            ("https://rds.example/path", false),
        ] {
            assert_eq!(check(endpoint).is_ok(), valid, "{endpoint}");
        }
    }
}
