//! What all calls to AWS share: the HTTP client (rustls with ring, the system's certificates and those of a file, a proxy as the environment
//! names it), and where settings come from.

#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector, http_client_fn};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// One pool of connections, for a service and for the sources of credentials. `ca_bundle`: certificates (PEM) to trust besides the
/// system's.
///
/// # Errors
/// If the file cannot be read or has no certificate.
pub fn http(ca_bundle: Option<&Path>) -> Result<SharedHttpConnector, String> {
    let mut trusted = TrustStore::default();
    if let Some(path) = ca_bundle {
        let pem = fs::read(path).map_err(|error| format!("--ca-bundle {}: {error}", path.display()))?;
        if !pem.windows(11).any(|window| window == b"-----BEGIN ") {
            return Err(format!("--ca-bundle {}: it contains no PEM certificate", path.display()));
        }
        trusted = trusted.with_pem_certificate(pem);
    }
    let context = TlsContext::builder().with_trust_store(trusted).build().map_err(|error| error.to_string())?;
    let connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .proxy_config(ProxyConfig::from_env())
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build())
        .build();
    Ok(SharedHttpConnector::new(connector))
}

/// The settings as every AWS tool finds them, with this region, if it is given. `is_elsewhere`: the calls go to another server than AWS,
/// by an address that is given.
pub fn settings(http: SharedHttpConnector, region: Option<&str>, is_elsewhere: bool) -> ConfigLoader {
    let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client_fn(move |_, _| http.clone()));
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"].iter().any(|name| std::env::var_os(name).is_some());
    match region {
        Some(region) => loader.region(Region::new(region.to_owned())),
        // Other servers mostly ignore the region; asking an EC2 instance for it takes seconds.
        None if is_elsewhere && !named => loader.region(Region::new("us-east-1")),
        None => loader,
    }
}
