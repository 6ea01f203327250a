//! Calls that copy a version with its description, whole or in parts.

use std::fmt::Write as _;

use percent_encoding::utf8_percent_encode;

use super::{Call, Client, Error, PATH, Problem, Reply};
use crate::xml;

/// The headers of one version, in lower case.
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

    /// The headers that a copy must have, too: the object's type, and its owner's metadata.
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

    /// The headers for the same storage class, encryption and redirection, which S3 does not copy by itself.
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

/// The result of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The new version's id, if the server returns it.
    pub version: Option<String>,
    /// Its entity tag, without quotes.
    pub etag: String,
}

/// A copy in parts, in progress.
#[derive(Debug, Clone)]
pub struct Multipart {
    key: String,
    id: String,
}

impl Client {
    /// The headers of one version.
    ///
    /// # Errors
    /// If it does not exist, or may not be read.
    pub async fn head(&self, key: &str, version: &str) -> Result<Head, Error> {
        self.head_part(key, version, None).await
    }

    /// The headers of part `number` of one version: `content-length` is then the part's.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub(crate) async fn head_part(&self, key: &str, version: &str, number: Option<u32>) -> Result<Head, Error> {
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
    /// If they may not be read.
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

    /// Copies a version of up to 5 GiB on top of its own key, metadata and tags included; `headers` add to that.
    ///
    /// # Errors
    /// If the copy failed.
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
    /// If the server refuses.
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

    /// Copies the bytes `from` through `to` of a version as part `number`; returns the part's entity tag.
    ///
    /// # Errors
    /// If the part was not copied.
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

    /// Completes the upload from its parts.
    ///
    /// # Errors
    /// If the object was not created.
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

    /// Aborts a copy in parts, which deletes the parts.
    ///
    /// # Errors
    /// If the server keeps them.
    pub(crate) async fn abort_parts(&self, upload: &Multipart) -> Result<(), Error> {
        let call = Call {
            action: "s3:AbortMultipartUpload",
            method: "DELETE",
            key: Some(upload.key.clone()),
            query: vec![("uploadId", upload.id.clone())],
            ..Call::default()
        };
        self.call(call).await.map(drop)
    }
}

fn copied(reply: &Reply) -> Copied {
    let text = String::from_utf8_lossy(&reply.body);
    let etag = xml::text_of(&text, "ETag").unwrap_or_default().trim_matches('"').to_owned();
    Copied { version: reply.header("x-amz-version-id").map(str::to_owned), etag }
}
