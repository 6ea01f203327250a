//! One function a call of S3's.

use std::fmt::Write as _;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use percent_encoding::utf8_percent_encode;

use super::{Call, Client, Error, PATH, Problem, Reply};
use crate::s3::listing::{self, Marker, Page};
use crate::s3::xml;

/// A bucket's lifecycle rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// The XML as it stands.
    pub xml: String,
    /// Which small objects change their storage class by default, on AWS. A configuration that is written without it gets AWS's
    /// own default, whatever it was before ("PutBucketLifecycleConfiguration", API reference).
    pub minimum: Option<String>,
}

/// The header that says so.
const MINIMUM: &str = "x-amz-transition-default-minimum-object-size";

/// What a bucket says of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioning {
    /// `Enabled`, `Suspended`, or none where it never was on.
    pub status: Option<String>,
    /// Whether removing a version asks for a second factor, which no program has.
    pub mfa_delete: bool,
    /// The server's clock, as it answered.
    pub server_time: Option<SystemTime>,
}

/// What one version is like: its headers, lower case, those that describe the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// All headers of the answer.
    headers: Vec<(String, String)>,
}

impl Head {
    /// A header's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The headers that a copy must have, too: what the object is, and what its owner wrote on it.
    pub fn description(&self) -> Vec<(String, String)> {
        const NAMES: [&str; 6] =
            ["content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
        let mut kept: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| NAMES.contains(&name.as_str()) || name.starts_with("x-amz-meta-"))
            .cloned()
            .collect();
        kept.sort();
        kept
    }

    /// The headers that ask for the same storage class, encryption and redirection, which S3 does not copy by itself.
    pub fn storage(&self) -> Vec<(String, String)> {
        const NAMES: [&str; 5] = [
            "x-amz-storage-class",
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-server-side-encryption-bucket-key-enabled",
            "x-amz-website-redirect-location",
        ];
        self.headers.iter().filter(|(name, _)| NAMES.contains(&name.as_str())).cloned().collect()
    }
}

/// What a copy has become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The new version's id, where the server says so.
    pub version: Option<String>,
    /// Its entity tag, without quotes.
    pub etag: String,
}

/// A copy in parts, under way.
#[derive(Debug, Clone)]
pub struct Multipart {
    key: String,
    id: String,
}

impl Client {
    /// A page of the versions below `prefix`, from `after` on. `most`: entries in it, at most 1,000.
    ///
    /// # Errors
    /// Where the bucket cannot be listed. An answer that was cut off is asked for again.
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
        let parse = |reply: &Reply| {
            let page =
                listing::parse(reply.text()?).map_err(|text| Problem::Nonsense(format!("the listing: {text}")))?;
            if page.next.as_ref().is_some_and(|next| next == after) {
                return Err(Problem::Nonsense("the listing does not go on: its next marker is its first".to_owned()));
            }
            Ok(page)
        };
        let reply = self.call_for(call.clone(), |reply| parse(reply).map(drop)).await?;
        parse(&reply).map_err(|problem| self.error(&call, problem))
    }

    /// Whether the bucket keeps versions, and the server's clock.
    ///
    /// # Errors
    /// Where the bucket is not there, or does not say.
    pub async fn versioning(&self) -> Result<Versioning, Error> {
        let call = self.about_bucket("s3:GetBucketVersioning", "versioning");
        let reply = self.call(call).await?;
        let text = String::from_utf8_lossy(&reply.body);
        let server_time = reply
            .header("date")
            .and_then(|date| jiff::fmt::rfc2822::parse(date).ok())
            .map(|date| SystemTime::from(date.timestamp()));
        Ok(Versioning {
            status: xml::text_of(&text, "Status"),
            mfa_delete: xml::text_of(&text, "MfaDelete").as_deref() == Some("Enabled"),
            server_time,
        })
    }

    /// The bucket's object lock: the XML as it stands, or none where there is none.
    ///
    /// # Errors
    /// Where it does not say.
    pub async fn object_lock(&self) -> Result<Option<String>, Error> {
        self.setting("s3:GetBucketObjectLockConfiguration", "object-lock").await
    }

    /// The bucket's lifecycle rules, or none where there are none.
    ///
    /// # Errors
    /// Where it does not say. Only "there are none" counts as none: who writes rules writes all of them.
    pub async fn lifecycle(&self) -> Result<Option<Lifecycle>, Error> {
        match self.call(self.about_bucket("s3:GetLifecycleConfiguration", "lifecycle")).await {
            Ok(reply) => Ok(Some(Lifecycle {
                xml: String::from_utf8_lossy(&reply.body).into_owned(),
                minimum: reply.header(MINIMUM).map(str::to_owned),
            })),
            Err(Error { problem: Problem::NotFound(code), .. }) if code == "NoSuchLifecycleConfiguration" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the bucket's lifecycle rules, all of them.
    ///
    /// # Errors
    /// Where the server does not take them.
    pub async fn put_lifecycle(&self, rules: &Lifecycle) -> Result<(), Error> {
        let mut call = self.about_bucket("s3:PutLifecycleConfiguration", "lifecycle");
        call.method = "PUT";
        call.body = rules.xml.as_bytes().to_vec();
        call.headers = vec![digest(&call.body), ("content-type".to_owned(), "application/xml".to_owned())];
        call.headers.extend(rules.minimum.iter().map(|minimum| (MINIMUM.to_owned(), minimum.clone())));
        self.call(call).await.map(drop)
    }

    /// The bucket's default encryption: the XML as it stands, or none.
    ///
    /// # Errors
    /// Where it does not say.
    pub async fn encryption(&self) -> Result<Option<String>, Error> {
        self.setting("s3:GetEncryptionConfiguration", "encryption").await
    }

    /// When the bucket was made, in seconds since 1970; none where this identity may not list buckets. On AWS the date moves when
    /// the bucket's settings are changed (ListBuckets, API reference).
    pub async fn created(&self) -> Option<i64> {
        let call = Call { action: "s3:ListAllMyBuckets", method: "GET", service: true, ..Call::default() };
        let reply = self.call(call).await.ok()?;
        let text = String::from_utf8_lossy(&reply.body);
        let name = format!("<Name>{}</Name>", self.bucket());
        let own = text.split("<Bucket>").find(|part| part.contains(&name)).unwrap_or_default();
        let date = own.split_once("<CreationDate>").and_then(|(_, rest)| rest.split_once("</")).map(|(date, _)| date);
        date.and_then(|date| date.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second)
    }

    fn about_bucket(&self, action: &'static str, what: &'static str) -> Call {
        Call { action, method: "GET", query: vec![(what, String::new())], ..Call::default() }
    }

    /// A setting that may be absent. A server that does not know of such a thing at all has none, either.
    async fn setting(&self, action: &'static str, what: &'static str) -> Result<Option<String>, Error> {
        match self.call(self.about_bucket(action, what)).await {
            Ok(reply) => Ok(Some(String::from_utf8_lossy(&reply.body).into_owned())),
            Err(Error { problem: Problem::NotFound(_) | Problem::Refused(400 | 405 | 501, ..), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes delete markers. Each pair is a key and the id of a *marker*; the caller has seen it listed as one.
    ///
    /// # Errors
    /// Where the call fails as a whole. What failed for single keys is in the answer: key, reason.
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

    /// DeleteObjects for what XML can write, DeleteObject for the rest. What the server was too busy for is asked again.
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
                    // Gone already, by an earlier try: as it should be.
                    (Some(_), "NoSuchVersion" | "NoSuchKey") => {}
                    (Some(&own), "SlowDown" | "InternalError" | "ServiceUnavailable" | "OperationAborted") => {
                        again.push(own)
                    }
                    _ => failed.push((
                        key,
                        format!("{action}: {code} {}", xml::text_of(&part, "Message").unwrap_or_default()),
                    )),
                }
            }
            rounds -= 1;
            if rounds == 0 {
                // SeaweedFS fails for very long keys here (seen with 4.48), and does them one by one.
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

    /// What one version is like.
    ///
    /// # Errors
    /// Where it is not there, or may not be read.
    pub async fn head(&self, key: &str, version: &str) -> Result<Head, Error> {
        self.head_part(key, version, None).await
    }

    /// The same of its part `number`: `content-length` is then the part's.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn head_part(&self, key: &str, version: &str, number: Option<u32>) -> Result<Head, Error> {
        let mut query = vec![("versionId", version.to_owned())];
        if let Some(number) = number {
            query.insert(0, ("partNumber", number.to_string()));
        }
        let call =
            Call { action: "s3:GetObjectVersion", method: "HEAD", key: Some(key.to_owned()), query, ..Call::default() };
        let reply = self.call(call).await?;
        let headers = reply.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Ok(Head { headers })
    }

    /// A version's tags, sorted.
    ///
    /// # Errors
    /// Where they may not be read.
    pub async fn tags(&self, key: &str, version: &str) -> Result<Vec<(String, String)>, Error> {
        let query = vec![("tagging", String::new()), ("versionId", version.to_owned())];
        let call = Call {
            action: "s3:GetObjectVersionTagging",
            method: "GET",
            key: Some(key.to_owned()),
            query,
            ..Call::default()
        };
        let reply = self.call(call).await?;
        let text = String::from_utf8_lossy(&reply.body);
        let mut tags: Vec<(String, String)> = text
            .split("<Tag>")
            .skip(1)
            .map(|part| {
                let part = format!("<Tag>{}</Tag>", part.split("</Tag>").next().unwrap_or_default());
                (xml::text_of(&part, "Key").unwrap_or_default(), xml::text_of(&part, "Value").unwrap_or_default())
            })
            .collect();
        tags.sort();
        Ok(tags)
    }

    /// Copies a version of up to 5 GiB on top of its own key, metadata and tags included; `headers` say what else it is to have.
    ///
    /// # Errors
    /// Where the copy was not made.
    pub async fn copy(&self, key: &str, version: &str, headers: Vec<(String, String)>) -> Result<Copied, Error> {
        let mut headers = headers;
        headers.push(self.copy_source(key, version));
        let call = Call {
            action: "s3:PutObject",
            method: "PUT",
            key: Some(key.to_owned()),
            headers,
            long: true,
            ..Call::default()
        };
        let reply = self.call(call).await?;
        Ok(copied(&reply))
    }

    fn copy_source(&self, key: &str, version: &str) -> (String, String) {
        let source = format!("/{}/{}?versionId={version}", self.bucket(), utf8_percent_encode(key, PATH));
        ("x-amz-copy-source".to_owned(), source)
    }

    /// Begins a copy in parts. Metadata, tags, class and encryption are in `headers`.
    ///
    /// # Errors
    /// Where the server does not begin it.
    pub async fn begin_parts(&self, key: &str, headers: Vec<(String, String)>) -> Result<Multipart, Error> {
        let call = Call {
            action: "s3:PutObject",
            method: "POST",
            key: Some(key.to_owned()),
            query: vec![("uploads", String::new())],
            headers,
            ..Call::default()
        };
        let reply = self.call(call.clone()).await?;
        let id = xml::text_of(&String::from_utf8_lossy(&reply.body), "UploadId");
        let id = id.ok_or_else(|| self.error(&call, Problem::Nonsense("no UploadId".to_owned())))?;
        Ok(Multipart { key: key.to_owned(), id })
    }

    /// Copies the bytes `from` up to and including `to` of a version, as part `number`; gives the part's entity tag.
    ///
    /// # Errors
    /// Where the part was not made.
    pub async fn copy_part(
        &self,
        to: &Multipart,
        number: u32,
        version: &str,
        bytes: (u64, u64),
    ) -> Result<String, Error> {
        let call = Call {
            action: "s3:PutObject",
            method: "PUT",
            key: Some(to.key.clone()),
            query: vec![("partNumber", number.to_string()), ("uploadId", to.id.clone())],
            headers: vec![
                self.copy_source(&to.key, version),
                ("x-amz-copy-source-range".to_owned(), format!("bytes={}-{}", bytes.0, bytes.1)),
            ],
            long: true,
            ..Call::default()
        };
        let reply = self.call(call).await?;
        Ok(copied(&reply).etag)
    }

    /// Puts the parts together.
    ///
    /// # Errors
    /// Where the object was not made.
    pub async fn finish_parts(&self, upload: &Multipart, etags: &[String]) -> Result<Copied, Error> {
        let mut body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
        for (number, etag) in (1..).zip(etags) {
            let _ = write!(body, "<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag></Part>");
        }
        body.push_str("</CompleteMultipartUpload>");
        let call = Call {
            action: "s3:PutObject",
            method: "POST",
            key: Some(upload.key.clone()),
            query: vec![("uploadId", upload.id.clone())],
            headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
            body: body.into_bytes(),
            long: true,
            ..Call::default()
        };
        let reply = self.call(call).await?;
        Ok(copied(&reply))
    }

    /// Gives a copy in parts up: its parts go away.
    ///
    /// # Errors
    /// Where the server keeps them.
    pub async fn abort_parts(&self, upload: &Multipart) -> Result<(), Error> {
        let call = Call {
            action: "s3:AbortMultipartUpload",
            method: "DELETE",
            key: Some(upload.key.clone()),
            query: vec![("uploadId", upload.id.clone())],
            ..Call::default()
        };
        self.call(call).await.map(drop)
    }

    /// Writes a small object of hwdr's own.
    ///
    /// # Errors
    /// Where it was not written.
    pub async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), Error> {
        let headers = vec![digest(&body), ("content-type".to_owned(), "application/json".to_owned())];
        let call =
            Call { action: "s3:PutObject", method: "PUT", key: Some(key.to_owned()), headers, body, ..Call::default() };
        self.call(call).await.map(drop)
    }

    /// Reads a small object; none if it is not there.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let call = Call { action: "s3:GetObject", method: "GET", key: Some(key.to_owned()), ..Call::default() };
        match self.call(call).await {
            Ok(reply) => Ok(Some(reply.body)),
            Err(Error { problem: Problem::NotFound(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for something that cannot be there, to see whether this identity may ask at all: removes version `version` of `key`,
    /// which never had such a version.
    ///
    /// # Errors
    /// Where it may not.
    pub async fn try_removing(&self, key: &str, version: &str) -> Result<(), Error> {
        allowed(self.delete_one("s3:DeleteObjectVersion", key, Some(version)).await)
    }

    /// Puts a delete marker on `key`, on condition that it holds an object that it cannot hold: where the server knows such
    /// conditions, nothing is written. Gives the marker's id where it does not.
    ///
    /// # Errors
    /// Where this identity may not.
    pub async fn try_deleting(&self, key: &str) -> Result<Option<String>, Error> {
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

    /// Sees whether this identity may write: begins an upload in parts and gives it up.
    ///
    /// # Errors
    /// Where it may not.
    pub async fn try_writing(&self, key: &str) -> Result<(), Error> {
        let upload = self.begin_parts(key, Vec::new()).await?;
        self.abort_parts(&upload).await
    }

    /// Sees whether this identity may read versions, of one that is not there.
    ///
    /// # Errors
    /// Where it may not.
    pub async fn try_reading(&self, key: &str, version: &str) -> Result<(), Error> {
        allowed(self.head(key, version).await.map(drop))
    }

    /// The same for a version's tags.
    ///
    /// # Errors
    /// Where it may not.
    pub async fn try_reading_tags(&self, key: &str, version: &str) -> Result<(), Error> {
        allowed(self.tags(key, version).await.map(drop))
    }
}

/// Whatever is not "you may not" says that one may.
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

/// DeleteObjects and lifecycle rules want one, and so does every write under an object lock; all servers know this form of it.
fn digest(body: &[u8]) -> (String, String) {
    ("content-md5".to_owned(), BASE64.encode(Md5::digest(body)))
}

fn copied(reply: &Reply) -> Copied {
    let text = String::from_utf8_lossy(&reply.body);
    let etag = xml::text_of(&text, "ETag").unwrap_or_default().trim_matches('"').to_owned();
    Copied { version: reply.header("x-amz-version-id").map(str::to_owned), etag }
}
