//! What a Restore could not do, in Velero's own words: a file in the bucket, to which Velero gives a signed URL (DownloadRequest).

use std::io::Read as _;
use std::time::Duration;

use flate2::read::GzDecoder;
use http::{Request, Uri};
use kube::client::Body;
use kube::{Client, Config};
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::MANAGED_BY;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind, Objects, Selection, Verdict};

/// How long Velero may take to sign a URL.
const SIGN: Duration = Duration::from_secs(30);
/// How long the download may take: the file has a line for each error.
const FETCH: Duration = Duration::from_secs(20);
/// How large the unpacked file may be.
const MAX: u64 = 64 << 20;
/// How many lines are shown.
const SHOWN: usize = 20;

/// What Velero wrote down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// One a line.
    pub errors: Vec<String>,
    /// One a line; without those of what Kubernetes makes in each namespace itself.
    pub warnings: Vec<String>,
}

/// Fetches the results of a Restore in Velero's namespace.
///
/// # Errors
/// A reason for people: the URL may lead to a server that only the cluster reaches. It never holds the URL, whose signature lets
/// anybody in.
pub async fn fetch(
    cluster: &Cluster,
    namespace: &str,
    restore: &str,
    tell: &mut dyn FnMut(&str),
) -> Result<Results, String> {
    tell(&format!("{restore}: asking Velero for its errors and warnings"));
    let url = sign(cluster, namespace, restore).await?;
    let packed = download(&url).await?;
    parse(&packed)
}

/// Asks Velero for the URL.
async fn sign(cluster: &Cluster, namespace: &str, restore: &str) -> Result<String, String> {
    let request = json!({
        "apiVersion": "velero.io/v1",
        "kind": "DownloadRequest",
        "metadata": {"generateName": "hwdr-", "namespace": namespace, "labels": {MANAGED_BY.0: MANAGED_BY.1}},
        "spec": {"target": {"kind": "RestoreResults", "name": restore}},
    });
    let made =
        cluster.create(Kind::DOWNLOAD_REQUEST, Some(namespace), &request).await.map_err(|error| error.to_string())?;
    let name = text(&made, "/metadata/name");
    let one = Selection::one(Kind::DOWNLOAD_REQUEST, Some(namespace), name);
    let mut url = String::new();
    let see = |objects: &Objects| {
        url = objects.get(name).map_or_else(String::new, |request| text(request, "/status/downloadURL").to_owned());
        if url.is_empty() { Verdict::NotYet("Velero has not answered".to_owned()) } else { Verdict::Done }
    };
    let result = cluster.wait("Velero's DownloadRequest", &one, SIGN, see, |_| {}).await;
    // Velero itself deletes it when the URL expires, ten minutes later.
    let _ = cluster.delete(Kind::DOWNLOAD_REQUEST, Some(namespace), name).await;
    result.map_err(|error| error.to_string())?;
    Ok(url)
}

/// The file behind a signed URL. The client is Kubernetes' own, without any of its credentials: the only one in this program.
async fn download(url: &str) -> Result<Vec<u8>, String> {
    let malformed = || "Velero's URL has an unknown form".to_owned();
    let uri: Uri = url.parse().map_err(|_| malformed())?;
    let (Some(scheme), Some(authority), Some(path)) = (uri.scheme_str(), uri.authority(), uri.path_and_query()) else {
        return Err(malformed());
    };
    let server = format!("{scheme}://{authority}");
    let unreached = |why: &str| format!("{server} cannot be reached from here: {why}");
    let mut config = Config::new(server.parse().map_err(|_| malformed())?);
    config.connect_timeout = Some(Duration::from_secs(5));
    config.default_retry = false;
    let client = Client::try_from(config).map_err(|error| unreached(&error.to_string()))?;
    let request = Request::get(path.as_str()).body(Body::empty()).map_err(|_| malformed())?;
    let answer = async {
        let response = client.send(request).await.map_err(|error| unreached(&innermost(&error)))?;
        let status = response.status();
        let bytes = response.into_body().collect_bytes().await.map_err(|error| unreached(&innermost(&error)))?;
        if status.is_success() { Ok(bytes.to_vec()) } else { Err(format!("{server} answers {status}")) }
    };
    timeout(FETCH, answer).await.unwrap_or_else(|_| Err(unreached(&format!("no answer in {} s", FETCH.as_secs()))))
}

/// What is at the bottom of an error: `Connection refused`, and not `ServiceError`.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Reads the file: gzip, and in it a JSON map of `errors` and `warnings` (pkg/util/results/result.go).
fn parse(packed: &[u8]) -> Result<Results, String> {
    let mut unpacked = Vec::new();
    let unreadable = |why: String| format!("the results have another form than expected: {why}");
    GzDecoder::new(packed).take(MAX).read_to_end(&mut unpacked).map_err(|error| unreadable(error.to_string()))?;
    let results: Json = serde_json::from_slice(&unpacked).map_err(|error| unreadable(error.to_string()))?;
    let mut warnings = lines(&results["warnings"]);
    // Kubernetes makes it in every namespace, with the cluster's own certificate.
    warnings.retain(|warning| !warning.contains("kube-root-ca.crt"));
    Ok(Results { errors: lines(&results["errors"]), warnings })
}

/// All messages of one kind, with the namespace that they are about.
fn lines(result: &Json) -> Vec<String> {
    let texts = |list: &Json| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let mut lines = texts(&result["velero"]);
    lines.extend(texts(&result["cluster"]));
    for (namespace, list) in result["namespaces"].as_object().into_iter().flatten() {
        lines.extend(texts(list).into_iter().map(|line| format!("{namespace}: {line}")));
    }
    lines
}

/// The first lines, and how many more.
pub fn shortened(lines: &[String]) -> String {
    let mut text = lines.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    if lines.len() > SHOWN {
        text = format!("{text}\nand {} more", lines.len() - SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn errors_and_warnings_with_their_namespace() {
        let text = r#"{"errors":{"velero":["a"],"cluster":["b"],"namespaces":{"n":["c","d"]}},
            "warnings":{"namespaces":{"n":["could not restore, ConfigMap:kube-root-ca.crt already exists.","Secret x"]}}}"#;
        let results = parse(&packed(text)).unwrap();
        assert_eq!(results.errors, ["a", "b", "n: c", "n: d"]);
        assert_eq!(results.warnings, ["n: Secret x"]);
        assert_eq!(parse(&packed(r#"{"errors":{},"warnings":{}}"#)), Ok(Results::default()));
        assert!(parse(b"<Error>").is_err());
    }

    #[test]
    fn many_lines_are_shortened() {
        let lines: Vec<_> = (0..23).map(|number| number.to_string()).collect();
        assert!(shortened(&lines).ends_with("19\nand 3 more"));
        assert_eq!(shortened(&lines[..2]), "0\n1");
    }
}
