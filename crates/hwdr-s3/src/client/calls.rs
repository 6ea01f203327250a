//! One function for each call of S3's: listing, deleting, reading and writing; and calls that are only tried.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};

use super::{Call, Client, Error, Problem};
use crate::listing::{self, Marker, Page};
use crate::xml;

impl Client {
    /// A page of the versions below `prefix`, from `after` on. `most`: entries in it, at most 1,000.
    ///
    /// # Errors
    /// If the bucket cannot be listed. A truncated answer is requested again.
    pub async fn list_versions(
        &self,
        prefix: &str,
        after: &Marker,
        delimiter: Option<char>,
        most: u32,
    ) -> Result<Page, Error> {
        let mut query = vec![
            ("encoding-type", "url".to_owned()),
            ("max-keys", most.to_string()),
            ("prefix", prefix.to_owned()),
            ("versions", String::new()),
        ];
        if let Some(delimiter) = delimiter {
            query.push(("delimiter", delimiter.to_string()));
        }
        if !after.key.is_empty() {
            query.push(("key-marker", after.key.clone()));
        }
        if let Some(version) = &after.version {
            query.push(("version-id-marker", version.clone()));
        }
        let call = Call { action: "s3:ListBucketVersions", method: "GET", query, ..Call::default() };
        self.call_for(call, |reply| {
            let page =
                listing::parse(reply.text()?).map_err(|text| Problem::Nonsense(format!("the listing: {text}")))?;
            if page.next.as_ref().is_some_and(|next| next == after || next.key < after.key) {
                return Err(Problem::Nonsense(
                    "the listing does not advance: its next marker is not after its first".to_owned(),
                ));
            }
            Ok(page)
        })
        .await
    }

    /// Says that a listing is longer than can be held.
    pub fn endless(&self, key: &str, problem: String) -> Error {
        let call = Call { action: "s3:ListBucketVersions", key: Some(key.to_owned()), ..Call::default() };
        self.error(&call, Problem::Nonsense(problem))
    }

    /// Removes delete markers. Each pair is a key and the id of a *marker*; the caller has seen it listed as one.
    ///
    /// # Errors
    /// If the call fails as a whole. Failures for single keys are in the answer: key, reason.
    pub async fn remove_markers(&self, markers: &[(&str, &str)]) -> Result<Vec<(String, String)>, Error> {
        debug_assert!(markers.iter().all(|(_, version)| !version.is_empty() && *version != "null"));
        let objects: Vec<_> = markers.iter().map(|&(key, version)| (key, Some(version))).collect();
        self.delete_all("s3:DeleteObjectVersion", &objects).await
    }

    /// Puts delete markers on keys.
    ///
    /// # Errors
    /// As [`Client::remove_markers`].
    pub async fn put_markers(&self, keys: &[&str]) -> Result<Vec<(String, String)>, Error> {
        let objects: Vec<_> = keys.iter().map(|&key| (key, None)).collect();
        self.delete_all("s3:DeleteObject", &objects).await
    }

    /// DeleteObjects for what XML can represent, DeleteObject for the rest. Retries what the server was too busy for.
    async fn delete_all(
        &self,
        action: &'static str,
        objects: &[(&str, Option<&str>)],
    ) -> Result<Vec<(String, String)>, Error> {
        let mut failed = Vec::new();
        let mut left: Vec<(&str, Option<&str>)> = Vec::with_capacity(objects.len());
        for &(key, version) in objects {
            if xml::escape(key).is_some() {
                left.push((key, version));
            } else if let Err(error) = self.delete_one(action, key, version).await {
                failed.push((key.to_owned(), error.to_string()));
            }
        }
        let mut rounds = 3;
        while !left.is_empty() {
            let reply = self.call(delete_call(action, &left)).await?;
            let text = String::from_utf8_lossy(&reply.body);
            let mut again = Vec::new();
            for part in text.split("<Error>").skip(1) {
                let part = format!("<Error>{}</Error>", part.split_once("</Error>").map_or("", |(inside, _)| inside));
                let key = xml::text_of(&part, "Key").unwrap_or_default();
                let version = xml::text_of(&part, "VersionId").filter(|version| !version.is_empty());
                let code = xml::text_of(&part, "Code").unwrap_or_default();
                let own =
                    left.iter().find(|(known, id)| *known == key && (version.is_none() || *id == version.as_deref()));
                match (own, code.as_str()) {
                    // Already removed by an earlier attempt: as it should be.
                    (Some(_), "NoSuchVersion" | "NoSuchKey") => {}
                    (Some(&own), code) if is_busy(code) => again.push(own),
                    _ => failed.push((
                        key,
                        format!("{action}: {code} {}", xml::text_of(&part, "Message").unwrap_or_default()),
                    )),
                }
            }
            rounds -= 1;
            if rounds == 0 {
                // SeaweedFS fails for very long keys here (seen with 4.48), but deletes them one by one.
                for (key, version) in std::mem::take(&mut again) {
                    if let Err(error) = self.delete_one(action, key, version).await {
                        failed.push((key.to_owned(), error.to_string()));
                    }
                }
            } else if !again.is_empty() {
                tokio::time::sleep(self.inner.retries.first_pause * 4).await;
            }
            left = again;
        }
        Ok(failed)
    }

    async fn delete_one(&self, action: &'static str, key: &str, version: Option<&str>) -> Result<(), Error> {
        let query = version.map(|version| ("versionId", version.to_owned())).into_iter().collect();
        self.call(Call { action, method: "DELETE", key: Some(key.to_owned()), query, ..Call::default() })
            .await
            .map(drop)
    }

    /// Writes a small object of hwdr's own.
    ///
    /// # Errors
    /// If it was not written.
    pub async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), Error> {
        let headers = vec![digest(&body), ("content-type".to_owned(), "application/json".to_owned())];
        let call =
            Call { action: "s3:PutObject", method: "PUT", key: Some(key.to_owned()), headers, body, ..Call::default() };
        self.call(call).await.map(drop)
    }

    /// Reads a small object; `None` if it does not exist.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let call = Call { action: "s3:GetObject", method: "GET", key: Some(key.to_owned()), ..Call::default() };
        self.content(call).await
    }

    /// Reads one version of a small object; `None` if it does not exist.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) async fn get_version(&self, key: &str, version: &str) -> Result<Option<Vec<u8>>, Error> {
        let query = vec![("versionId", version.to_owned())];
        let call =
            Call { action: "s3:GetObjectVersion", method: "GET", key: Some(key.to_owned()), query, ..Call::default() };
        self.content(call).await
    }

    async fn content(&self, call: Call) -> Result<Option<Vec<u8>>, Error> {
        match self.call(call).await {
            Ok(reply) => Ok(Some(reply.body)),
            Err(Error { problem: Problem::NotFound(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tests whether this identity may delete versions, with a request that cannot succeed: it removes version `version` of `key`,
    /// which never had such a version.
    ///
    /// # Errors
    /// If it may not.
    pub(crate) async fn try_removing(&self, key: &str, version: &str) -> Result<(), Error> {
        allowed(self.delete_one("s3:DeleteObjectVersion", key, Some(version)).await)
    }

    /// Puts a delete marker on `key`, on a condition that cannot be true: a server with conditional deletes
    /// writes nothing. Returns the marker's id otherwise.
    ///
    /// # Errors
    /// If this identity may not.
    pub(crate) async fn try_deleting(&self, key: &str) -> Result<Option<String>, Error> {
        let call = Call {
            action: "s3:DeleteObject",
            method: "DELETE",
            key: Some(key.to_owned()),
            headers: vec![("if-match".to_owned(), "\"0\"".to_owned())],
            ..Call::default()
        };
        match self.call(call).await {
            Ok(reply) if reply.header("x-amz-delete-marker") == Some("true") => {
                Ok(reply.header("x-amz-version-id").map(str::to_owned))
            }
            Ok(_) => Ok(None),
            Err(error) => allowed(Err(error)).map(|()| None),
        }
    }

    /// Tests whether this identity may write: begins a multipart upload and aborts it.
    ///
    /// # Errors
    /// If it may not.
    pub(crate) async fn try_writing(&self, key: &str) -> Result<(), Error> {
        let upload = self.begin_parts(key, Vec::new()).await?;
        self.abort_parts(&upload).await
    }

    /// Tests whether this identity may write with a tag, which is another permission (CreateMultipartUpload, API reference).
    ///
    /// # Errors
    /// If it may not.
    pub(crate) async fn try_writing_tags(&self, key: &str) -> Result<(), Error> {
        let headers = vec![("x-amz-tagging".to_owned(), "hwdr=probe".to_owned())];
        let begun = self.begin_parts(key, headers).await;
        let upload = begun.map_err(|error| Error { action: "s3:PutObjectTagging", ..error })?;
        self.abort_parts(&upload).await
    }

    /// Tests whether this identity may read versions, with one that does not exist.
    ///
    /// # Errors
    /// If it may not.
    pub(crate) async fn try_reading(&self, key: &str, version: &str) -> Result<(), Error> {
        allowed(self.head(key, version).await.map(drop))
    }

    /// Tests whether this identity may read the tags of versions.
    ///
    /// # Errors
    /// If it may not.
    pub(crate) async fn try_reading_tags(&self, key: &str, version: &str) -> Result<(), Error> {
        allowed(self.tags(key, version).await.map(drop))
    }
}

/// Any answer but "access denied" means that the call is allowed.
fn allowed(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(Error { problem: Problem::NotFound(_) | Problem::Refused(..), .. }) => Ok(()),
        other => other,
    }
}

fn delete_call(action: &'static str, objects: &[(&str, Option<&str>)]) -> Call {
    let mut body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>".to_owned();
    for (key, version) in objects {
        let _ = write!(body, "<Object><Key>{}</Key>", xml::escape(key).unwrap_or_default());
        if let Some(version) = version.and_then(xml::escape) {
            let _ = write!(body, "<VersionId>{version}</VersionId>");
        }
        body.push_str("</Object>");
    }
    body.push_str("</Delete>");
    let body = body.into_bytes();
    Call {
        action,
        method: "POST",
        query: vec![("delete", String::new())],
        headers: vec![digest(&body), ("content-type".to_owned(), "application/xml".to_owned())],
        body,
        ..Call::default()
    }
}

/// Required by DeleteObjects, lifecycle rules and every write under an object lock; all servers know this form of it.
pub(super) fn digest(body: &[u8]) -> (String, String) {
    ("content-md5".to_owned(), BASE64.encode(Md5::digest(body)))
}

/// Codes that mean "retry". MinIO's `SlowDownRead` and `SlowDownWrite`, Ceph's `ConcurrentModification`, and what S3 has.
fn is_busy(code: &str) -> bool {
    code.starts_with("SlowDown")
        || matches!(
            code,
            "InternalError" | "ServiceUnavailable" | "OperationAborted" | "ConcurrentModification" | "RequestTimeout"
        )
}
