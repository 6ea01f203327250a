//! One run at a time: the lock of a run in a cluster. A Lease is renewed while the run lives; afterwards another run can take it over.

use std::process::id;
use std::time::Duration;

use hwdr_run::{Halt, Lock, process};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::state::labels;
use crate::cluster::{Beat, Cluster, Kind, Pulse};
use crate::commands::Commands;
use crate::shown::{plain, word};

/// How long a Lease is valid without renewal.
const DURATION: Duration = Duration::from_secs(15);
/// How long it may go without renewal while the API server is unreachable: as long as a call is retried.
const PATIENCE: Duration = Duration::from_secs(150);
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(4);
/// How long a renewal may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long after a renewal the cluster may be changed: less than the Lease is valid, because a change takes a moment to arrive.
const FRESH: Duration = Duration::from_secs(10);

/// The Lease of a release, held by this process. Dropping it ends the renewal; [`Lock::release`] gives it back at once.
pub struct Lease {
    cluster: Cluster,
    release: String,
    holder: String,
    pulse: Pulse,
    lost: watch::Receiver<Option<Halt>>,
    renewal: tokio::task::JoinHandle<()>,
}

impl Lease {
    /// Takes the Lease of `release`: at once if nobody holds it, or after its holder has not renewed it while it was valid.
    ///
    /// # Errors
    /// If another process holds it and renews it.
    pub async fn take(cluster: &Cluster, release: &str, mut tell: impl FnMut(&str)) -> Result<Self, Halt> {
        let name = lease_name(release);
        let holder = format!("{}/{}", process::name(id()), Timestamp::now().as_millisecond());
        // Another machine's clock may be wrong: what counts is how long this machine sees no change.
        let mut seen: Option<(String, Instant)> = None;
        let taken = loop {
            let since = Beat::now();
            let Some(mut lease) = cluster.get(Kind::LEASE, None, &name).await? else {
                match cluster.create(Kind::LEASE, None, &lease(&name, release, &holder)).await {
                    Ok(_) => break since,
                    Err(error) if error.is_conflict() => continue,
                    Err(error) => return Err(error.into()),
                }
            };
            let other = lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned();
            let version = lease["metadata"]["resourceVersion"].to_string();
            let stale = match &seen {
                _ if other.is_empty() || process::is_dead(&other) => true,
                Some((old, since)) if *old == version => since.elapsed() > DURATION,
                Some(_) => {
                    return Err(Halt::new(format!("another run holds the release: {}", process::people(&other)))
                        .help(format!("watch it:\n{}", cluster.commands().watch(release))));
                }
                None => {
                    tell(&format!("waiting up to {} s for the run of {}", DURATION.as_secs(), process::people(&other)));
                    seen = Some((version, Instant::now()));
                    false
                }
            };
            if stale {
                lease["spec"] = spec(&holder);
                match cluster.replace(Kind::LEASE, None, &lease).await {
                    Ok(_) => break since,
                    Err(error) if error.is_conflict() => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            sleep(Duration::from_secs(1)).await;
        };
        let (sender, lost) = watch::channel(None);
        let pulse = Pulse::new(taken, FRESH);
        let renewal = tokio::spawn(renew(cluster.clone(), release.to_owned(), holder.clone(), pulse.clone(), sender));
        Ok(Self { cluster: cluster.clone(), release: release.to_owned(), holder, pulse, lost, renewal })
    }

    /// The cluster, which may be changed only while the Lease is held: a process that was suspended first finds out whether another one
    /// has taken over. What uses it must be guarded ([`Lock::guard`]).
    pub fn cluster(&self) -> Cluster {
        self.cluster.under(self.pulse.clone())
    }
}

impl Lock for Lease {
    async fn lost(&self) -> Halt {
        let mut receiver = self.lost.clone();
        // An error means that the renewal ended without a message, which is a loss, too.
        let halt = receiver.wait_for(Option::is_some).await.ok().and_then(|halt| halt.clone());
        halt.unwrap_or_else(|| lost(&self.cluster.commands(), &self.release))
    }

    async fn release(self) {
        self.renewal.abort();
        if let Ok(Some(mut lease)) = self.cluster.get(Kind::LEASE, None, &lease_name(&self.release)).await
            && lease["spec"]["holderIdentity"] == self.holder.as_str()
        {
            lease["spec"]["holderIdentity"] = "".into();
            // If this fails, the Lease expires.
            let _ = self.cluster.replace(Kind::LEASE, None, &lease).await;
        }
    }
}

/// Renews until it is lost: to another holder, or because the API server was unreachable for too long.
async fn renew(cluster: Cluster, release: String, holder: String, pulse: Pulse, sender: watch::Sender<Option<Halt>>) {
    let name = lease_name(&release);
    let mut renewed = Instant::now();
    let halt = loop {
        sleep(RENEWAL).await;
        let since = Beat::now();
        let attempt = async {
            let mut lease = cluster.get(Kind::LEASE, None, &name).await?.unwrap_or_default();
            if lease["spec"]["holderIdentity"] != holder.as_str() {
                return Ok(false);
            }
            lease["spec"]["renewTime"] = now().into();
            cluster.replace(Kind::LEASE, None, &lease).await.map(|_| true)
        };
        // The call itself retries for longer than the Lease is valid, so it is cut off and started again.
        let why = match tokio::time::timeout(ATTEMPT, attempt).await {
            Ok(Ok(true)) => {
                pulse.beat(since);
                renewed = Instant::now();
                continue;
            }
            Ok(Ok(false)) => break lost(&cluster.commands(), &release),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer in {} s", ATTEMPT.as_secs()),
        };
        // An API server that is down serves no other run either: nobody can take the Lease until it is back, and then the check above
        // shows who holds it. If only this machine cannot reach it, another run can take it, so nothing is changed meanwhile.
        if renewed.elapsed() > PATIENCE {
            let problem = format!("the Lease {name} could not be renewed for {} s: {why}", PATIENCE.as_secs());
            break Halt::lost(problem).help(format!(
                "when the API server can be reached again, resume:\n{}",
                cluster.commands().resume(&release)
            ));
        }
    };
    let _ = sender.send(Some(halt));
}

/// Sees from outside whether any process works on a release.
#[derive(Debug, Default)]
pub struct Onlooker {
    seen: Option<(String, Instant)>,
}

impl Onlooker {
    /// Why none does, if that is known.
    pub async fn nobody(&mut self, cluster: &Cluster, release: &str) -> Option<String> {
        let lease = cluster.get(Kind::LEASE, None, &lease_name(release)).await.ok()?.unwrap_or_default();
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
        if holder.is_empty() {
            return Some("no process holds the release's Lease".to_owned());
        }
        if process::is_dead(holder) {
            return Some(format!("{} has ended", process::people(holder)));
        }
        let version = lease["metadata"]["resourceVersion"].to_string();
        match &self.seen {
            Some((old, since)) if *old == version => {
                let (late, limit) = (since.elapsed() > DURATION, DURATION.as_secs());
                late.then(|| format!("{} has not renewed its Lease for more than {limit} s", process::people(holder)))
            }
            _ => {
                self.seen = Some((version, Instant::now()));
                None
            }
        }
    }
}

fn lease_name(release: &str) -> String {
    format!("hwdr-{release}")
}

fn lease(name: &str, release: &str, holder: &str) -> Json {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "labels": labels(release)},
        "spec": spec(holder),
    })
}

fn spec(holder: &str) -> Json {
    json!({"holderIdentity": holder, "leaseDurationSeconds": DURATION.as_secs(), "acquireTime": now(), "renewTime": now()})
}

/// Now, as Kubernetes' MicroTime.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// The command that ends a process.
pub(super) fn kill(name: &str) -> String {
    let (host, number) = process::host_and_number(name);
    format!("kill {} (on {})", word(number), plain(host))
}

/// Another run has taken the Lease.
pub(super) fn lost(commands: &Commands, release: &str) -> Halt {
    Halt::lost("another run of hwdr has taken over, so this one stops")
        .help(format!("watch it:\n{}", commands.watch(release)))
}
