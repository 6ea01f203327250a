//! A stand-in for RDS that is as strict as RDS: it speaks the query protocol, knows each call's parameters (API reference, version
//! 2014-10-31), and refuses what RDS refuses. Instances go through RDS's states, one state a look.
//!
//! It is told to fail by its [`World`], which the tests change while it runs.

mod answers;
mod calls;
mod changes;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use hwdr_rds::{Rds, Wait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) use world::{Fault, World};

/// The one access key that is valid.
pub(crate) const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// A running stand-in.
pub(crate) struct StandIn {
    pub endpoint: String,
    world: Arc<Mutex<World>>,
}

/// The parameters of a call.
pub(crate) type Asked = BTreeMap<String, String>;

impl StandIn {
    /// Starts one on loopback. It ends with the test's runtime.
    pub(crate) async fn start(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::clone(&world);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { endpoint, world }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Rds {
        client(&self.endpoint, KEY)
    }

    /// The changes so far that were not refused.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.world().done.iter().filter(|action| !action.starts_with("Describe")).cloned().collect()
    }

    /// The changes that were asked for so far.
    pub(crate) fn tries(&self) -> usize {
        self.world().calls.iter().filter(|(action, _)| !action.starts_with("Describe")).count()
    }

    /// The parameters of the last call of this name.
    pub(crate) fn asked(&self, action: &str) -> Asked {
        let world = self.world();
        world
            .calls
            .iter()
            .rfind(|(name, _)| name == action)
            .unwrap_or_else(|| panic!("{action} was not called"))
            .1
            .clone()
    }
}

/// A client with short limits.
pub(crate) fn client(endpoint: &str, key: &str) -> Rds {
    use aws_config::retry::RetryConfig;
    use aws_config::timeout::TimeoutConfig;
    let http = hwdr_aws::http(None).unwrap();
    let credentials = Credentials::new(key, "secret", None, None, "test");
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-north-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_runtime_api::client::http::http_client_fn(move |_, _| http.clone()))
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(5)))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(2)).build())
        .build();
    Rds::of(&config).unwrap()
}

/// Looks quickly, and not for long.
pub(crate) fn wait() -> Wait {
    Wait { limit: Duration::from_secs(20), every: Duration::from_millis(5), patience: Duration::from_secs(2) }
}

async fn serve(mut stream: TcpStream, world: Arc<Mutex<World>>) {
    let mut data = Vec::new();
    while let Some((head, body)) = request(&mut stream, &mut data).await {
        let answer = world.lock().unwrap().answer(&head, &body);
        let Some((status, xml)) = answer else { return }; // cut off
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\nx-amzn-requestid: 1\r\ncontent-length: {}\r\n\r\n",
            xml.len()
        );
        if stream.write_all(format!("{head}{xml}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Head and body of the next request.
async fn request(stream: &mut TcpStream, data: &mut Vec<u8>) -> Option<(String, String)> {
    let find = |data: &[u8]| data.windows(4).position(|four| four == b"\r\n\r\n");
    loop {
        if let Some(end) = find(data) {
            let head = String::from_utf8(data[..end].to_vec()).ok()?.to_lowercase();
            let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
            if data.len() >= end + 4 + length {
                let original = String::from_utf8(data[..end].to_vec()).ok()?;
                let body = String::from_utf8(data[end + 4..end + 4 + length].to_vec()).ok()?;
                data.drain(..end + 4 + length);
                return Some((original, body));
            }
        }
        let mut piece = [0; 8192];
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => data.extend_from_slice(&piece[..read]),
            _ => return None,
        }
    }
}
