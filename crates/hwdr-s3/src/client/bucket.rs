//! Calls about the bucket as a whole: its settings and rules.

use std::time::SystemTime;

use super::calls::digest;
use super::{Call, Client, Error, Problem};
use crate::xml;

/// A bucket's lifecycle rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// The XML as the server sent it.
    pub xml: String,
    /// Which small objects change their storage class by default, on AWS. A configuration written without it gets AWS's
    /// own default, whatever it was before ("PutBucketLifecycleConfiguration", API reference).
    pub minimum: Option<String>,
}

/// The header for [`Lifecycle::minimum`].
const MINIMUM: &str = "x-amz-transition-default-minimum-object-size";

/// What the bucket reports about versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioning {
    /// `Enabled`, `Suspended`, or `None` if it never was on.
    pub status: Option<String>,
    /// Whether removing a version requires a second factor, which no program has.
    pub mfa_delete: bool,
    /// The server's clock, from its answer.
    pub server_time: Option<SystemTime>,
    /// Some keys have no versions, though the status is Enabled: MinIO's name for it (`ExcludedPrefixes`, `ExcludeFolders` in its
    /// internal/bucket/versioning/versioning.go).
    pub exceptions: Option<&'static str>,
    /// A delete removes all versions of a key (AIStor's `PurgeOnDelete`, minio-go's api-bucket-versioning.go).
    pub purges: bool,
}

impl Client {
    /// Whether the bucket keeps versions, and the server's clock.
    ///
    /// # Errors
    /// If the bucket does not exist, or does not answer.
    pub async fn versioning(&self) -> Result<Versioning, Error> {
        let call = self.about_bucket("s3:GetBucketVersioning", "versioning");
        let reply = self.call(call).await?;
        let text = String::from_utf8_lossy(&reply.body);
        let server_time = reply
            .header("date")
            .and_then(|date| jiff::fmt::rfc2822::parse(date).ok())
            .map(|date| SystemTime::from(date.timestamp()));
        let says =
            |name: &str| xml::text_of(&text, name).is_some_and(|text| !matches!(text.as_str(), "" | "off" | "false"));
        let excluded = text.contains("<ExcludedPrefixes>").then_some("ExcludedPrefixes");
        Ok(Versioning {
            exceptions: excluded.or(says("ExcludeFolders").then_some("ExcludeFolders")),
            purges: text.contains("<PurgeOnDelete>")
                && xml::text_of(&text, "PurgeOnDelete").is_none_or(|_| says("PurgeOnDelete")),
            status: xml::text_of(&text, "Status"),
            mfa_delete: xml::text_of(&text, "MfaDelete").as_deref() == Some("Enabled"),
            server_time,
        })
    }

    /// The bucket's object lock: the XML as the server sent it, or `None`.
    ///
    /// # Errors
    /// If the server does not answer.
    pub(crate) async fn object_lock(&self) -> Result<Option<String>, Error> {
        self.setting("s3:GetBucketObjectLockConfiguration", "object-lock").await
    }

    /// The bucket's lifecycle rules, or `None` if it has none.
    ///
    /// # Errors
    /// If the server does not answer. Only "there are none" counts as none: a write replaces all rules.
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
    /// If the server refuses them.
    pub async fn put_lifecycle(&self, rules: &Lifecycle) -> Result<(), Error> {
        let mut call = self.about_bucket("s3:PutLifecycleConfiguration", "lifecycle");
        call.method = "PUT";
        call.body = rules.xml.as_bytes().to_vec();
        call.headers = vec![digest(&call.body), ("content-type".to_owned(), "application/xml".to_owned())];
        call.headers.extend(rules.minimum.iter().map(|minimum| (MINIMUM.to_owned(), minimum.clone())));
        self.call(call).await.map(drop)
    }

    /// The bucket's default encryption: the XML as the server sent it, or `None`.
    ///
    /// # Errors
    /// If the server does not answer.
    pub async fn encryption(&self) -> Result<Option<String>, Error> {
        self.setting("s3:GetEncryptionConfiguration", "encryption").await
    }

    /// When the bucket was created, in seconds since 1970; `None` if this identity may not list buckets. On AWS the date changes when
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

    /// A setting that may be absent, also because the server does not support it.
    async fn setting(&self, action: &'static str, what: &'static str) -> Result<Option<String>, Error> {
        match self.call(self.about_bucket(action, what)).await {
            Ok(reply) => Ok(Some(String::from_utf8_lossy(&reply.body).into_owned())),
            Err(Error { problem: Problem::NotFound(_) | Problem::Refused(400 | 405 | 501, ..), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
