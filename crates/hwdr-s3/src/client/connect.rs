//! Makes a client from settings.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use aws_config::Region;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use hwdr_values::shown::plain;
use tokio::sync::Mutex;

use super::{Client, Error, Inner, Pace, Problem, Retries};
use crate::folders::Folders;

/// Which bucket, and how to reach it. Missing settings are found as every AWS tool finds them: environment, profile, web identity
/// (IRSA), container and instance roles.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bucket.
    pub bucket: String,
    /// Its folders.
    pub folders: Folders,
    /// A server other than AWS: `https://host[:port]`.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// The bucket's name is part of the path, not of the host's name.
    pub path_style: bool,
    /// Certificates (PEM) to trust besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The maximum requests per second.
    pub requests_per_second: Option<u32>,
    /// How calls are retried.
    pub retries: Retries,
}

impl Settings {
    /// A bucket on AWS, with everything else from the environment.
    pub fn new(bucket: impl Into<String>, folders: Folders) -> Self {
        Self {
            bucket: bucket.into(),
            folders,
            endpoint: None,
            region: None,
            path_style: false,
            ca_bundle: None,
            requests_per_second: None,
            retries: Retries::default(),
        }
    }
}

impl Client {
    /// Reads credentials and settings from the environment, and makes a client. Does not contact the bucket yet.
    ///
    /// # Errors
    /// If a setting is invalid, or no credentials are found.
    pub async fn connect(settings: Settings) -> Result<Self, Error> {
        let bucket = settings.bucket.clone();
        let failed = |problem| Error { action: "connect", bucket: bucket.clone(), key: None, problem };
        if !is_name(&bucket) {
            return Err(failed(Problem::Setting(format!("{} is not the name of a bucket", plain(&bucket)))));
        }
        let http = hwdr_aws::http(settings.ca_bundle.as_deref()).map_err(|text| failed(Problem::Setting(text)))?;
        let loader = hwdr_aws::settings(http.clone(), settings.region.as_deref(), settings.endpoint.is_some());
        let config = loader.load().await;
        let region = config.region().map_or("us-east-1", Region::as_ref).to_owned();
        let provider = config
            .credentials_provider()
            .ok_or_else(|| failed(Problem::Credentials("the environment names none".to_owned())))?;
        let endpoint = settings.endpoint.clone().or_else(|| endpoint_of(&config));
        let (root, base) = addresses(endpoint.as_deref(), &region, &bucket, settings.path_style)
            .map_err(|text| failed(Problem::Setting(text)))?;
        Ok(Self {
            inner: Arc::new(Inner {
                http,
                root,
                base,
                region,
                bucket,
                folders: settings.folders,
                provider,
                credentials: Mutex::new(None),
                pace: Pace::new(settings.requests_per_second),
                retries: settings.retries,
                server: OnceLock::new(),
            }),
        })
    }
}

/// Whether this may be a bucket's name, or the ARN of an access point: S3 and other servers allow no other characters, and the name goes
/// into URLs and suggested commands.
fn is_name(bucket: &str) -> bool {
    const LONGEST: usize = 255;
    (1..=LONGEST).contains(&bucket.len())
        && bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte))
        && !bucket.starts_with('-')
}

/// `AWS_ENDPOINT_URL_S3`, the profile's `services` section, `AWS_ENDPOINT_URL`, the profile's `endpoint_url`.
fn endpoint_of(config: &SdkConfig) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id("s3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    let own = config.service_config().and_then(|services| services.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The server's address, and the bucket's.
fn addresses(endpoint: Option<&str>, region: &str, bucket: &str, path_style: bool) -> Result<(String, String), String> {
    if bucket.is_empty() || bucket.contains(['/', '?', '#', '%', ' ']) {
        return Err(format!("{bucket:?} is not the name of a bucket"));
    }
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let root = endpoint
        .map_or_else(|| format!("https://s3.{region}.{suffix}"), |given| given.trim_end_matches('/').to_owned());
    let Some((scheme @ ("http" | "https"), host)) = root.split_once("://") else {
        return Err(format!("--endpoint {root}: it must begin with https:// or http://"));
    };
    if host.is_empty() || host.contains(['?', '#', '@']) {
        return Err(format!("--endpoint {root}: it must be https://HOST[:PORT]"));
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let numeric = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() || name == "localhost";
    // A wildcard certificate covers one label: a bucket with a dot in its name would not match it.
    let dotted = bucket.contains('.') && scheme == "https";
    let base = if path_style || numeric || dotted || host.contains('/') {
        format!("{root}/{bucket}")
    } else {
        format!("{scheme}://{bucket}.{host}")
    };
    Ok((format!("{root}/"), base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_an_address() {
        for (endpoint, region, bucket, path_style, expected) in [
            (None, "eu-north-1", "b", false, Some("https://b.s3.eu-north-1.amazonaws.com")),
            (None, "cn-north-1", "b", false, Some("https://b.s3.cn-north-1.amazonaws.com.cn")),
            (None, "eu-north-1", "b.c", false, Some("https://s3.eu-north-1.amazonaws.com/b.c")),
            (None, "eu-north-1", "b", true, Some("https://s3.eu-north-1.amazonaws.com/b")),
            (Some("https://minio.example:9000/"), "x", "b", true, Some("https://minio.example:9000/b")),
            (Some("https://minio.example:9000"), "x", "b", false, Some("https://b.minio.example:9000")),
            (Some("http://10.0.0.1:8333"), "x", "b", false, Some("http://10.0.0.1:8333/b")),
            (Some("http://[::1]:8333"), "x", "b", false, Some("http://[::1]:8333/b")),
            (Some("minio.example"), "x", "b", false, None),
            (Some("ftp://minio.example"), "x", "b", false, None),
            (Some("https://u:p@minio.example"), "x", "b", false, None),
            (None, "x", "b/c", false, None),
            (None, "x", "", false, None),
        ] {
            let got = addresses(endpoint, region, bucket, path_style).ok().map(|(_, base)| base);
            assert_eq!(got.as_deref(), expected, "{endpoint:?} {bucket:?}");
        }
    }
}
