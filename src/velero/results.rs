//! What a Restore could not do, in Velero's own words: a file in the bucket, for which Velero signs a URL (DownloadRequest).

use std::fmt;
use std::io::{BufReader, Read as _};
use std::time::Duration;

use flate2::read::GzDecoder;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use kube::{Client, Config};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::{MANAGED_BY, server};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind, Objects, Selection, WaitState};
use crate::shown::said;

/// How long Velero may take to sign a URL.
const SIGN: Duration = Duration::from_secs(30);
/// How long the download may take: the file has a line for each error.
const FETCH: Duration = Duration::from_secs(20);
/// How large the file may be: a line for each of a hundred thousand objects is packed to less.
const MAX_PACKED: usize = 8 << 20;
/// How much of it is unpacked. It is read as a stream, and only what is kept takes memory.
const MAX: u64 = 64 << 20;
/// How many lines of a kind are kept: more than anybody reads.
const KEPT: usize = 1_000;
/// How long a kept line may be, in characters.
const LINE: usize = 500;
/// How many lines are shown.
const SHOWN: usize = 20;

/// What Velero reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// One a line.
    pub errors: Vec<String>,
    /// One a line, without those about what Kubernetes itself creates in each namespace.
    pub warnings: Vec<String>,
}

/// Fetches the results of a Restore in Velero's namespace.
///
/// # Errors
/// A reason for people: only the cluster may be able to reach the URL's server. It never contains the URL, whose signature gives anybody
/// access.
pub async fn fetch(
    cluster: &Cluster,
    namespace: &str,
    restore: &str,
    tell: &mut dyn FnMut(&str),
) -> Result<Results, String> {
    tell(&format!("{restore}: asking Velero for its errors and warnings"));
    let location = location_of(cluster, namespace, restore).await?;
    let url = sign(cluster, namespace, restore).await?;
    let packed = download(&url, &location).await?;
    parse(&packed)
}

/// The storage location with the results of a Restore: that of its backup.
async fn location_of(cluster: &Cluster, namespace: &str, restore: &str) -> Result<Json, String> {
    let get = async |kind: Kind, name: &str| -> Result<Json, String> {
        let found = cluster.get(kind, Some(namespace), name).await.map_err(|error| error.to_string())?;
        found.ok_or_else(|| format!("there is no {} {name} in namespace {namespace}", kind.kind))
    };
    let restore = get(Kind::RESTORE, restore).await?;
    let backup = get(Kind::BACKUP, text(&restore, "/spec/backupName")).await?;
    get(Kind::STORAGE_LOCATION, text(&backup, "/spec/storageLocation")).await
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
        if url.is_empty() { WaitState::NotYet("Velero has not answered".to_owned()) } else { WaitState::Done }
    };
    let result = cluster.wait("Velero's DownloadRequest", &one, SIGN, see, |_| {}).await;
    // Velero itself deletes it when the URL expires, ten minutes later.
    let _ = cluster.delete(Kind::DOWNLOAD_REQUEST, Some(namespace), name).await;
    result.map_err(|error| error.to_string())?;
    Ok(url)
}

/// The file behind a signed URL. The client is Kubernetes' own, the only one in this program, without any of its credentials. It calls
/// only the location's own server: otherwise whoever may write a DownloadRequest's status could make it call any other.
async fn download(url: &str, location: &Json) -> Result<Vec<u8>, String> {
    let malformed = || "Velero's URL has an unknown form".to_owned();
    let uri: Uri = url.parse().map_err(|_| malformed())?;
    server::is_of(&uri, location)?;
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
        if !status.is_success() {
            return Err(format!("{server} answers {status}"));
        }
        let body = Limited::new(response.into_body(), MAX_PACKED).collect().await;
        Ok(body.map_err(|error| unreached(&innermost(&*error)))?.to_bytes().to_vec())
    };
    timeout(FETCH, answer).await.unwrap_or_else(|_| Err(unreached(&format!("no answer in {} s", FETCH.as_secs()))))
}

/// The innermost cause of an error: `Connection refused`, not `ServiceError`.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Reads the file: gzip, and in it a JSON map of `errors` and `warnings` (pkg/util/results/result.go).
fn parse(packed: &[u8]) -> Result<Results, String> {
    let unreadable = |why: String| format!("the results have an unexpected form: {why}");
    let unpacked = BufReader::new(GzDecoder::new(packed).take(MAX));
    let file: File = serde_json::from_reader(unpacked).map_err(|error| unreadable(error.to_string()))?;
    let mut warnings = file.warnings.unwrap_or_default().lines();
    // Kubernetes creates it in every namespace, with the cluster's own certificate.
    warnings.retain(|warning: &String| !warning.contains("kube-root-ca.crt"));
    Ok(Results { errors: file.errors.unwrap_or_default().lines(), warnings })
}

#[derive(Deserialize)]
struct File {
    errors: Option<Messages>,
    warnings: Option<Messages>,
}

/// All messages of one kind.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Messages {
    velero: Lines,
    cluster: Lines,
    namespaces: Namespaces,
}

impl Messages {
    /// All of them, with the namespace that they are about, and how many were left out.
    fn lines(self) -> Vec<String> {
        let mut all = self.velero;
        all.extend(self.cluster);
        all.extend(self.namespaces.0);
        let mut lines: Vec<_> = all.kept.iter().map(|line| said(line)).collect();
        if all.more > 0 {
            lines.push(format!("{} more are not shown", all.more));
        }
        lines
    }
}

/// The first lines of a list, and how many more it has.
#[derive(Default)]
struct Lines {
    kept: Vec<String>,
    more: usize,
}

impl Lines {
    fn push(&mut self, line: String) {
        if self.kept.len() >= KEPT {
            self.more = self.more.saturating_add(1);
            return;
        }
        let short = line.char_indices().nth(LINE).map(|(end, _)| format!("{}…", line.get(..end).unwrap_or_default()));
        self.kept.push(short.unwrap_or(line));
    }

    fn extend(&mut self, other: Self) {
        other.kept.into_iter().for_each(|line| self.push(line));
        self.more = self.more.saturating_add(other.more);
    }
}

/// A list of texts, or null.
impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Lines;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_unit<E>(self) -> Result<Lines, E> {
                Ok(Lines::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Lines, A::Error> {
                let mut lines = Lines::default();
                while lines.kept.len() < KEPT
                    && let Some(line) = list.next_element::<String>()?
                {
                    lines.push(line);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    lines.more = lines.more.saturating_add(1);
                }
                Ok(lines)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The lists of all namespaces as one, each line with its namespace; or null.
#[derive(Default)]
struct Namespaces(Lines);

impl<'de> Deserialize<'de> for Namespaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Namespaces;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of lists")
            }

            fn visit_unit<E>(self) -> Result<Namespaces, E> {
                Ok(Namespaces::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Namespaces, A::Error> {
                let mut all = Lines::default();
                while let Some((namespace, list)) = map.next_entry::<String, Lines>()? {
                    let kept = list.kept.into_iter().map(|line| format!("{namespace}: {line}")).collect();
                    all.extend(Lines { kept, more: list.more });
                }
                Ok(Namespaces(all))
            }
        }
        deserializer.deserialize_any(Reader)
    }
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

    /// Endless lists are counted, not kept. (Unpacked, each of these has more than ten million values.)
    #[test]
    fn a_file_without_end_is_read_in_little_room() {
        let packed = |piece: &str, times: usize, front: &str, behind: &str| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(front.as_bytes()).unwrap();
            let block = piece.repeat(10_000);
            for _ in 0..times {
                encoder.write_all(block.as_bytes()).unwrap();
            }
            encoder.write_all(behind.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let results = parse(&packed("\"\",", 1_000, r#"{"errors":{"velero":["#, r#"""]}}"#)).unwrap();
        assert_eq!(results.errors.len(), KEPT + 1);
        assert_eq!(results.errors.last().unwrap(), "9999001 more are not shown");
        let results =
            parse(&packed("\"n\":[\"x\"],", 200, r#"{"warnings":{"namespaces":{"#, r#""n":null}}}"#)).unwrap();
        assert_eq!(results.warnings.len(), KEPT + 1);
        let results = parse(&packed("xxxxxxxxxx", 300, r#"{"errors":{"velero":[""#, r#""]}}"#)).unwrap();
        assert_eq!(results.errors[0].chars().count(), LINE + 1);
        // More than is unpacked at all.
        assert!(parse(&packed("          ", 1_000, "{", "}")).is_err());
    }

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
