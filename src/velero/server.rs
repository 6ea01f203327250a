//! Whether a URL is one of a storage location's own server.

use http::Uri;
use serde_json::Value as Json;

use crate::cluster::condition::text;

/// Whether `uri`, at which Velero offers a file, is in the bucket of a BackupStorageLocation. Its server is, in the words of Velero's
/// plugin for S3 (its `config`, backupstoragelocation.md), `publicUrl`, `s3Url`, or AWS itself.
///
/// # Errors
/// Why it is not, without the URL: its signature gives anybody access.
pub(super) fn is_of(uri: &Uri, location: &Json) -> Result<(), String> {
    let config = |key: &str| text(location, &format!("/spec/config/{key}"));
    let name = text(location, "/metadata/name");
    let provider = text(location, "/spec/provider");
    if provider.strip_prefix("velero.io/").unwrap_or(provider) != "aws" {
        return Err(format!("the storage location {name} is not on S3: hwdr does not know its server"));
    }
    let bucket = text(location, "/spec/objectStorage/bucket");
    let endpoint = [config("publicUrl"), config("s3Url")].into_iter().find(|url| !url.is_empty());
    let is_right = match endpoint {
        Some(endpoint) => endpoint.parse().is_ok_and(|endpoint: Uri| is_at(uri, &endpoint, bucket)),
        None => aws(config("region"))
            .any(|host| format!("https://{host}").parse().is_ok_and(|endpoint: Uri| is_at(uri, &endpoint, bucket))),
    };
    if is_right {
        return Ok(());
    }
    let server = format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.authority().map_or("", |it| it.host()));
    let expected = endpoint.unwrap_or("https, and a server of AWS");
    Err(format!("Velero offers a URL of {server}, which is not the server of the storage location {name} ({expected})"))
}

/// The hosts of S3 in a region (AWS General Reference, "Amazon S3 endpoints and quotas").
fn aws(region: &str) -> impl Iterator<Item = String> {
    let domains = ["amazonaws.com", "amazonaws.com.cn"];
    let hosts = [
        "s3".to_owned(),
        format!("s3.{region}"),
        format!("s3-{region}"),
        format!("s3.dualstack.{region}"),
        format!("s3-fips.{region}"),
        format!("s3-fips.dualstack.{region}"),
        "s3-accelerate".to_owned(),
        "s3-accelerate.dualstack".to_owned(),
    ];
    hosts.into_iter().flat_map(move |host| domains.map(|domain| format!("{host}.{domain}")))
}

/// Whether a URL is in a bucket at an endpoint: of the same scheme and port, with the bucket in the path or in front of the host.
fn is_at(uri: &Uri, endpoint: &Uri, bucket: &str) -> bool {
    let port = |uri: &Uri| uri.port_u16().or(if uri.scheme_str() == Some("http") { Some(80) } else { Some(443) });
    let (Some(host), Some(own)) = (uri.host(), endpoint.host()) else { return false };
    let in_path = host.eq_ignore_ascii_case(own)
        && uri
            .path()
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(bucket))
            .is_some_and(|rest| rest.starts_with('/'));
    let in_host = host.eq_ignore_ascii_case(&format!("{bucket}.{own}"));
    let is_plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    is_plain
        && !bucket.is_empty()
        && matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.scheme_str() == endpoint.scheme_str()
        && port(uri) == port(endpoint)
        && (in_path || in_host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_locations_own_bucket_is_asked() {
        let location = |config: Json| {
            json!({
                "metadata": {"name": "l"},
                "spec": {"provider": "velero.io/aws", "config": config, "objectStorage": {"bucket": "b"}},
            })
        };
        let aws = location(json!({"region": "eu-north-1"}));
        let own = location(json!({"region": "x", "s3Url": "https://s3.example.com:9000"}));
        let plain = location(json!({"region": "x", "s3Url": "http://10.0.0.1"}));
        let public =
            location(json!({"region": "x", "s3Url": "http://minio.svc", "publicUrl": "https://s3.example.com"}));
        for (location, url, expected) in [
            (&aws, "https://b.s3.eu-north-1.amazonaws.com/k?X-Amz-Signature=1", true),
            (&aws, "https://s3.eu-north-1.amazonaws.com/b/k", true),
            (&aws, "https://b.s3.amazonaws.com/k", true),
            (&aws, "https://b.s3.dualstack.eu-north-1.amazonaws.com/k", true),
            (&aws, "http://b.s3.eu-north-1.amazonaws.com/k", false),
            (&aws, "https://c.s3.eu-north-1.amazonaws.com/k", false),
            (&aws, "https://s3.eu-north-1.amazonaws.com/bc/k", false),
            (&aws, "https://s3.eu-north-1.amazonaws.com/c/b/k", false),
            (&aws, "https://s3-b.s3.eu-north-1.amazonaws.com/b/k", false),
            (&aws, "https://b.s3.us-east-1.amazonaws.com/k", false),
            (&aws, "https://b.s3.eu-north-1.amazonaws.com.evil.org/k", false),
            (&aws, "https://b.s3.eu-north-1.amazonaws.com:8443/k", false),
            (&aws, "https://169.254.169.254/latest", false),
            (&own, "https://s3.example.com:9000/b/k", true),
            (&own, "https://b.s3.example.com:9000/k", true),
            (&own, "https://s3.example.com/b/k", false),
            (&own, "http://s3.example.com:9000/b/k", false),
            (&own, "https://s3.example.com:9000@evil.org/b/k", false),
            (&own, "https://evil.org/b/k", false),
            (&plain, "http://10.0.0.1/b/k", true),
            (&plain, "http://10.0.0.1:80/b/k", true),
            (&plain, "https://10.0.0.1/b/k", false),
            (&public, "https://s3.example.com/b/k", true),
            (&public, "http://minio.svc/b/k", false),
        ] {
            let uri: Uri = url.parse().unwrap();
            let verdict = is_of(&uri, location);
            assert_eq!(verdict.is_ok(), expected, "{url}: {verdict:?}");
            assert!(!verdict.is_err_and(|why| why.contains("Signature")), "{url}");
        }
        let other = json!({"metadata": {"name": "l"}, "spec": {"provider": "gcp", "objectStorage": {"bucket": "b"}}});
        assert!(is_of(&"https://storage.googleapis.com/b/k".parse().unwrap(), &other).is_err());
    }
}
