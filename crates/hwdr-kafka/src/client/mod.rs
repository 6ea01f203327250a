//! Reads a Kafka cluster.
//!
//! Every call has a limit of time. Within it, what passes by itself is tried again: a broker that is gone or starts, a leader that
//! is being chosen, a coordinator that loads. What does not pass (a wrong password, a certificate, a missing right) is said at once.

mod access;
mod acls;
mod connection;
mod error;
mod groups;
mod offsets;
mod read;
mod scram;
mod topics;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsConnector;

pub use access::{Access, Hash, Login, Mechanism, Password, Roots};
pub use acls::{Acl, Acls};
pub use error::{Code, Error};
pub use groups::{Group, Member, Offsets};
pub use offsets::{Ends, Positions, of_partition};
pub use read::Read;
pub use topics::{Partition, Topic};

use crate::name::Server;
use crate::wire::Request;
use connection::Connection;

/// A client of one cluster. One call at a time; a call that is dropped leaves nothing half-read behind.
pub struct Client {
    servers: Vec<Server>,
    access: Access,
    tls: Option<TlsConnector>,
    /// By the number of the broker.
    connections: HashMap<i32, Connection>,
    brokers: BTreeMap<i32, Server>,
    cluster: Option<String>,
    controller: i32,
    /// Who leads which partition, as of the last look.
    leaders: HashMap<String, HashMap<i32, i32>>,
    /// Which address to begin with next.
    turn: usize,
}

impl Client {
    /// A client, not yet connected.
    ///
    /// # Errors
    /// If the CA given cannot be used, or a password would be sent in clear.
    pub fn new(servers: Vec<Server>, access: Access) -> Result<Self, Error> {
        if access.tls.is_none() && access.login.as_ref().is_some_and(|login| login.mechanism == Mechanism::Plain) {
            return Err(Error::Clear);
        }
        let tls = connection::connector(&access)?;
        Ok(Self {
            servers,
            access,
            tls,
            connections: HashMap::new(),
            brokers: BTreeMap::new(),
            cluster: None,
            controller: -1,
            leaders: HashMap::new(),
            turn: 0,
        })
    }

    /// The cluster's id, once something was read from it.
    pub fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }

    /// The addresses of its brokers, as they name them themselves, once something was read from it.
    pub fn brokers(&self) -> Vec<Server> {
        self.brokers.values().cloned().collect()
    }

    /// Asks several brokers at once, each its own questions one after another.
    async fn ask_each<R: Request>(&mut self, requests: Vec<(i32, R)>) -> Result<Vec<R::Answer>, Error> {
        let mut by_broker: BTreeMap<i32, Vec<R>> = BTreeMap::new();
        for (broker, request) in requests {
            by_broker.entry(broker).or_default().push(request);
        }
        let mut asked = Vec::new();
        for (broker, requests) in by_broker {
            let Some(server) = self.brokers.get(&broker) else {
                return Err(Error::Connection {
                    broker: format!("number {broker}"),
                    problem: "its address is not known".to_owned(),
                });
            };
            let open = self.connections.remove(&broker);
            let (access, tls) = (&self.access, self.tls.as_ref());
            asked.push(async move {
                let mut connection = match open {
                    Some(open) => open,
                    None => Connection::open(server, access, tls).await?,
                };
                let mut answers = Vec::new();
                for request in &requests {
                    answers.push(connection.ask(request).await?);
                }
                Ok((broker, connection, answers))
            });
        }
        let mut answers = Vec::new();
        let mut failed = None;
        for one in join_all(asked).await {
            match one {
                Ok((broker, connection, own)) => {
                    self.connections.insert(broker, connection);
                    answers.extend(own);
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(answers), Err)
    }

    /// Asks any broker.
    async fn ask_any<R: Request>(&mut self, request: R) -> Result<R::Answer, Error> {
        if self.brokers.is_empty() {
            self.look().await?;
        }
        let Some(&broker) = self.brokers.keys().nth(self.turn.checked_rem(self.brokers.len()).unwrap_or(0)) else {
            return Err(Error::Connection {
                broker: "any".to_owned(),
                problem: "the cluster has no broker".to_owned(),
            });
        };
        self.ask_one(broker, request).await
    }

    /// Asks the broker that makes topics: any, where the cluster has no ZooKeeper.
    pub(crate) async fn ask_controller<R: Request>(&mut self, request: R) -> Result<R::Answer, Error> {
        self.look().await?;
        let controller = self.controller;
        if self.brokers.contains_key(&controller) {
            self.ask_one(controller, request).await
        } else {
            self.ask_any(request).await
        }
    }

    /// Asks the broker that leads a partition.
    pub(crate) async fn ask_leader<R: Request>(
        &mut self,
        topic: &str,
        partition: i32,
        request: R,
    ) -> Result<R::Answer, Error> {
        let leader = self.leader(topic, partition).await?;
        self.ask_one(leader, request).await
    }

    /// Whether there is such a topic now.
    pub(crate) async fn has(&mut self, topic: &str) -> Result<bool, Error> {
        self.look().await?;
        Ok(self.leaders.contains_key(topic))
    }

    async fn ask_one<R: Request>(&mut self, broker: i32, request: R) -> Result<R::Answer, Error> {
        let silent =
            || Error::Connection { broker: format!("number {broker}"), problem: "it did not answer".to_owned() };
        self.ask_each(vec![(broker, request)]).await?.pop().ok_or_else(silent)
    }

    /// Forgets what a fault may have made false.
    pub(crate) fn forget(&mut self) {
        self.connections.clear();
        self.leaders.clear();
        self.turn = self.turn.wrapping_add(1);
    }
}

/// Tries until the caller's limit.
pub(crate) struct Tries {
    what: &'static str,
    within: Duration,
    until: Instant,
    pause: Duration,
    last: Option<Error>,
}

impl Tries {
    pub(crate) fn new(what: &'static str, within: Duration) -> Self {
        let now = Instant::now();
        // A limit that no clock can hold is a day: every wait has an end.
        let until = now.checked_add(within).or_else(|| now.checked_add(Duration::from_secs(86_400))).unwrap_or(now);
        Self { what, within, until, pause: Duration::from_millis(100), last: None }
    }

    /// One try: what came of it, or none if another is due.
    pub(crate) async fn once<T>(&mut self, one: impl Future<Output = Result<T, Error>>) -> Result<Option<T>, Error> {
        match timeout_at(self.until, one).await {
            Ok(Ok(done)) => return Ok(Some(done)),
            Ok(Err(error)) if !error.passes() => return Err(error),
            Ok(Err(error)) => {
                tracing::debug!(what = self.what, %error, "trying again");
                self.last = Some(error);
            }
            Err(_) => return Err(self.late()),
        }
        if Instant::now().checked_add(self.pause).is_none_or(|next| next >= self.until) {
            return Err(self.late());
        }
        sleep(self.pause).await;
        self.pause = self.pause.saturating_mul(2).min(Duration::from_secs(2));
        Ok(None)
    }

    fn late(&mut self) -> Error {
        let last = self.last.take().map_or_else(|| "nothing answered".to_owned(), |error| format!("last: {error}"));
        Error::Late { what: self.what, within: self.within, last }
    }
}

/// Calls until it is done or the limit is over; after each fault, what was known is forgotten.
macro_rules! retry {
    ($client:expr, $what:expr, $within:expr, $once:expr) => {{
        let mut tries = $crate::client::Tries::new($what, $within);
        loop {
            if let Some(done) = tries.once($once).await? {
                break Ok(done);
            }
            $client.forget();
        }
    }};
}
pub(crate) use retry;
