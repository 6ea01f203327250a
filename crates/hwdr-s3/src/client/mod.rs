//! S3's REST calls, signed, retried and paced.
//!
//! Credentials, profiles, roles, web identity and TLS come from the AWS SDK (`aws-config`, `aws-sigv4`, `aws-smithy-http-client`). The
//! calls are made here, because the SDK's S3 client splits a versions listing into two lists, drops unknown parts of a lifecycle
//! configuration, and would double the build time.

mod bucket;
mod calls;
mod connect;
mod copies;
mod error;
mod objects;
mod pace;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use hwdr_values::refusal::with_causes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::{debug, field};

pub use bucket::{Lifecycle, Versioning};
pub use connect::Settings;
pub use copies::{Copied, Head, Multipart};
pub use error::{Error, Problem};
pub use objects::LONGEST_READ;
pub(crate) use pace::Pace;

use super::folders::Folders;
use super::history::Nulls;
use super::xml;
use pace::Came;

/// What AWS's signature requires unencoded in a query ("Create a signed AWS API request"): letters, digits, `-._~`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What it requires unencoded in a path, where `/` stands for itself.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// The most bytes of a listing or one of hwdr's own objects: 1,000 entries with the longest keys, each byte of them encoded, are 4 MiB.
pub(crate) const MOST_OF_PAGE: usize = 16 << 20;
/// The most bytes of any other answer: enough for 1,000 lifecycle rules, S3's maximum.
const MOST_OF_ANSWER: usize = 4 << 20;
/// The slowest reading of data that is not taken for a fault, in bytes a second: many reads share one weak link.
const SLOWEST: u64 = 8 << 10;

/// How calls are retried.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// How often a call is attempted before it counts as failed.
    pub attempts: u32,
    /// The longest first pause; the next may be twice as long, and so on, up to 20 seconds.
    pub first_pause: Duration,
    /// How long the server may be silent in one attempt, and how long an attempt may take that reads no data. Copies of large data get ten times as
    /// long.
    pub limit: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 10, first_pause: Duration::from_millis(100), limit: Duration::from_secs(60) }
    }
}

/// A client for one bucket. Cheap to clone; clones share connections, credentials and pace.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    http: SharedHttpConnector,
    /// The server: `https://host[:port]/`.
    root: String,
    /// The bucket there, without a trailing slash.
    base: String,
    region: String,
    bucket: String,
    folders: Folders,
    provider: SharedCredentialsProvider,
    credentials: Mutex<Option<Credentials>>,
    pace: Pace,
    retries: Retries,
    /// The server's name for itself, from its first answer on.
    server: OnceLock<String>,
}

/// A call, before it is signed.
#[derive(Debug, Default, Clone)]
struct Call {
    action: &'static str,
    method: &'static str,
    key: Option<String>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Takes longer with more data.
    long: bool,
    /// How much data is read.
    bytes: u64,
    /// Not about the bucket, but about all of them.
    service: bool,
}

impl Call {
    /// How long the server may be silent, and how long all of it may take.
    fn limits(&self, limit: Duration) -> (Duration, Duration) {
        let silence = limit * if self.long { 10 } else { 1 };
        (silence, silence.saturating_add(Duration::from_secs(self.bytes / SLOWEST)))
    }
}

/// An answer.
#[derive(Debug)]
struct Reply {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn text(&self) -> Result<&str, Problem> {
        std::str::from_utf8(&self.body).map_err(|_| Problem::Nonsense("it is not UTF-8".to_owned()))
    }
}

impl Client {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.inner.bucket
    }

    /// Its folders.
    pub fn folders(&self) -> Folders {
        self.inner.folders
    }

    /// How many requests may be in progress now.
    pub fn concurrency(&self) -> usize {
        self.inner.pace.limit()
    }

    /// Whether the server lists folder by folder, and not in the order of the keys.
    pub(crate) fn lists_by_folder(&self) -> bool {
        self.inner.server.get().is_some_and(|name| name.starts_with("SeaweedFS"))
    }

    /// Whether the server is certainly not MinIO, which refuses a prefix that ends in a dot; a proxy may hide the server's name.
    pub fn is_plain(&self) -> bool {
        self.inner.server.get().is_some_and(|name| name.starts_with("AmazonS3") || name.starts_with("SeaweedFS"))
    }

    /// What the bucket keeps of versions with the id `null`.
    ///
    /// # Errors
    /// If the server does not answer.
    pub async fn nulls(&self) -> Result<Nulls, Error> {
        let versioning = self.versioning().await?;
        let is_aws = self.inner.server.get().is_some_and(|name| name == "AmazonS3");
        Ok(match versioning.status.as_deref() {
            Some("Enabled") if versioning.exceptions.is_none() && is_aws => Nulls::Kept,
            Some("Enabled") if versioning.exceptions.is_none() => Nulls::KeptButFolders,
            _ => Nulls::Lost,
        })
    }

    /// Whether the server omits the number of tags when it describes an object.
    pub(crate) fn counts_no_tags(&self) -> bool {
        self.inner.server.get().is_none_or(|name| name != "AmazonS3")
    }

    /// Makes a call until it is answered, or is hopeless.
    async fn call(&self, call: Call) -> Result<Reply, Error> {
        let is_content = matches!(call.action, "s3:GetObject" | "s3:GetObjectVersion");
        self.call_for(call, |reply| {
            // An answer truncated on the way looks like a shorter one.
            if !is_content && reply.body.starts_with(b"<") {
                let wrong = |text| Problem::Nonsense(format!("the answer's XML: {text}"));
                xml::whole(reply.text()?).map_err(wrong)?;
            }
            Ok(reply)
        })
        .await
    }

    /// Makes a call, and parses the answer. If that fails, the call is made again.
    async fn call_for<T>(&self, call: Call, read: impl Fn(Reply) -> Result<T, Problem>) -> Result<T, Error> {
        let mut attempt = 1;
        loop {
            let problem = match self.once(&call).await {
                Ok(reply) => match read(reply) {
                    Ok(read) => return Ok(read),
                    Err(problem) => problem,
                },
                Err(problem) => problem,
            };
            if attempt >= self.inner.retries.attempts || !worth_a_retry(&problem) {
                return Err(self.error(&call, problem));
            }
            // "Full jitter" (AWS Architecture Blog, "Exponential Backoff and Jitter").
            let most =
                (self.inner.retries.first_pause * 2_u32.saturating_pow(attempt - 1)).min(Duration::from_secs(20));
            tokio::time::sleep(most.mul_f64(fastrand::f64())).await;
            attempt += 1;
        }
    }

    fn error(&self, call: &Call, problem: Problem) -> Error {
        Error { action: call.action, bucket: self.inner.bucket.clone(), key: call.key.clone(), problem }
    }

    async fn once(&self, call: &Call) -> Result<Reply, Problem> {
        let credentials = self.credentials().await?;
        let permit = self.inner.pace.turn().await;
        let (silence, whole) = call.limits(self.inner.retries.limit);
        let since = Instant::now();
        let answer = match timeout(whole, self.send(call, credentials, silence)).await {
            Ok(answer) => answer,
            Err(_) => Err(Problem::Transport(format!("no whole answer within {} s", whole.as_secs()))),
        };
        // Never headers or bodies: they contain the signature and data.
        let problem = answer.as_ref().err().map(field::debug);
        debug!(target: "bucket", key = call.key, took = ?since.elapsed(), problem, "{}", call.action);
        permit.done(match &answer {
            Ok(_) | Err(Problem::NotFound(_)) => Came::Well,
            Err(Problem::Throttled(_)) => Came::Throttled,
            Err(_) => Came::Badly,
        });
        answer
    }

    async fn send(&self, call: &Call, credentials: Credentials, silence: Duration) -> Result<Reply, Problem> {
        let request = self.signed(call, credentials).map_err(Problem::Nonsense)?;
        let transport = |error: &dyn std::error::Error| match with_causes(error) {
            // rustls' name for it (`Error::InvalidCertificate`): no retry changes it.
            text if text.contains("invalid peer certificate") => Problem::Untrusted(text),
            text => Problem::Transport(text),
        };
        let silent = |_| Problem::Transport(format!("no answer within {} s", silence.as_secs()));
        let response = timeout(silence, self.inner.http.call(request)).await.map_err(silent)?;
        let mut response = response.map_err(|error| transport(&error))?;
        let headers: Vec<(String, String)> =
            response.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let status = response.status().as_u16();
        // What grows as it comes takes twice as much.
        let mut body = Vec::with_capacity(usize::try_from(call.bytes).unwrap_or_default().min(MOST_OF_PAGE));
        let mut stream = ByteStream::new(response.take_body());
        let most = match call.action {
            "s3:ListBucket" | "s3:ListBucketVersions" | "s3:GetObject" | "s3:GetObjectVersion" => MOST_OF_PAGE,
            _ => MOST_OF_ANSWER,
        };
        while let Some(piece) = timeout(silence, stream.next()).await.map_err(silent)? {
            let piece = piece.map_err(|error| transport(&error))?;
            if piece.len() > most.saturating_sub(body.len()) {
                return Err(Problem::Endless(most));
            }
            body.extend_from_slice(&piece);
        }
        let reply = Reply { headers, body };
        if let Some(name) = reply.header("server") {
            self.inner.server.get_or_init(|| name.to_owned());
        }
        // A copy may fail after its answer has begun: "200 OK" with an Error inside (CopyObject, API reference).
        let text = String::from_utf8_lossy(reply.body.get(..512).unwrap_or(&reply.body));
        let failed_late = call.long && text.contains("<Error>");
        if (200..300).contains(&status) && !failed_late { Ok(reply) } else { Err(problem(status, &reply)) }
    }

    fn signed(&self, call: &Call, credentials: Credentials) -> Result<HttpRequest, String> {
        let inner = &self.inner;
        let mut uri = if call.service { inner.root.clone() } else { inner.base.clone() };
        if let Some(key) = &call.key {
            uri.push('/');
            uri.extend(utf8_percent_encode(key, PATH));
        }
        for (at, (name, value)) in call.query.iter().enumerate() {
            uri.push(if at == 0 { '?' } else { '&' });
            uri.push_str(name);
            uri.push('=');
            uri.extend(utf8_percent_encode(value, QUERY));
        }
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&inner.region)
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(call.method, &uri, headers, SignableBody::Bytes(&call.body))
            .map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| error.to_string())?.into_parts();

        let mut request = http::Request::builder().method(call.method).uri(uri);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if call.body.is_empty() && matches!(call.method, "PUT" | "POST") {
            request = request.header("content-length", "0");
        }
        let body = if call.body.is_empty() { SdkBody::empty() } else { SdkBody::from(call.body.clone()) };
        let mut request = request.body(body).map_err(|error| error.to_string())?;
        instructions.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| error.to_string())
    }

    /// The credentials, requested again five minutes before they expire.
    async fn credentials(&self) -> Result<Credentials, Problem> {
        let mut known = self.inner.credentials.lock().await;
        let soon = SystemTime::now().checked_add(Duration::from_secs(300));
        if let Some(known) = known.as_ref().filter(|known| known.expiry().is_none_or(|expiry| Some(expiry) > soon)) {
            return Ok(known.clone());
        }
        let fresh = self
            .inner
            .provider
            .provide_credentials()
            .await
            .map_err(|error| Problem::Credentials(with_causes(&error)))?;
        *known = Some(fresh.clone());
        Ok(fresh)
    }
}

/// What an error answer says.
fn problem(status: u16, reply: &Reply) -> Problem {
    let body = String::from_utf8_lossy(&reply.body);
    let code = xml::text_of(&body, "Code").unwrap_or_default();
    let message = xml::text_of(&body, "Message").unwrap_or_default();
    let shown = if code.is_empty() { status.to_string() } else { code.clone() };
    match (status, code.as_str()) {
        (_, "NoSuchBucket") => Problem::NoBucket,
        (_, "ExpiredToken" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken") => {
            Problem::Credentials(format!("{code}: {message}"))
        }
        (_, "RequestTimeTooSkewed") => Problem::Clock(message),
        (301, _) | (400, "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
            let region = reply.header("x-amz-bucket-region").map(str::to_owned);
            Problem::Region(region.or_else(|| xml::text_of(&body, "Region")).unwrap_or_default())
        }
        (429 | 503, _)
        | (_, "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "TooManyRequests") => {
            Problem::Throttled(shown)
        }
        (500 | 502 | 504, _) | (_, "InternalError" | "RequestTimeout" | "OperationAborted") => {
            Problem::Transport(format!("{status} {code} {message}"))
        }
        (401 | 403, _) => Problem::Denied(if message.is_empty() { shown } else { format!("{shown}: {message}") }),
        (404, _) | (_, "NoSuchKey" | "NoSuchVersion") => Problem::NotFound(shown),
        _ => Problem::Refused(status, code, message),
    }
}

fn worth_a_retry(problem: &Problem) -> bool {
    matches!(problem, Problem::Throttled(_) | Problem::Transport(_) | Problem::Nonsense(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen pieces of 4 MiB come at once where a backup is read: over 200 kB/s, each takes more than five minutes.
    #[test]
    fn a_weak_link_is_no_fault() {
        let limits = |call: Call| call.limits(Duration::from_secs(15));
        let seconds = Duration::from_secs;
        assert_eq!(limits(Call { bytes: 4 << 20, ..Call::default() }), (seconds(15), seconds(15 + 512)));
        assert_eq!(limits(Call::default()), (seconds(15), seconds(15)));
        assert_eq!(limits(Call { long: true, ..Call::default() }), (seconds(150), seconds(150)));
    }
}
