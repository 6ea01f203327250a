//! Names that stand in no list of the program: rules, and what a kubeconfig and a cluster know. A cluster is asked for less than a
//! second, once; without an answer there are no names.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use kube::config::Kubeconfig;
use serde_json::Value as Json;

use super::walk::{Candidate, Place, Source};
use crate::backups::{FAILED, NAMES};
use crate::cli::backups::look::{Asks, LookArgs};
use crate::cli::connection::{ConnectionArgs, block_on};
use crate::cli::vm;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::lint::{page, rules};
use crate::rights;

/// How long a cluster is asked: with the start of the program, that is less than a second.
const PATIENCE: Duration = Duration::from_millis(900);

/// Reads the names.
pub(super) fn read(source: Source, place: &Place) -> Vec<Candidate> {
    match source {
        Source::Rules => rules::all().map(|rule| Candidate::with(rule.name(), page::summary(rule.source()))).collect(),
        Source::Contexts => contexts(place).unwrap_or_default(),
        Source::Releases => ask(place, |cluster| Box::pin(releases(cluster))),
        Source::Namespaces => ask(place, |cluster| Box::pin(namespaces(cluster))),
        Source::Backups | Source::GoodBackups | Source::BackupIds => {
            let is_named = |name: &&str| match source {
                Source::BackupIds => false,
                Source::GoodBackups => *name != FAILED,
                _ => true,
            };
            let names = NAMES.into_iter().filter(is_named).map(Candidate::new);
            let connection = connection(place);
            let mut all = in_time(move || block_on(backups(connection)).unwrap_or_default());
            if source == Source::BackupIds {
                all.retain(|backup| backup.value.bytes().all(|byte| byte.is_ascii_digit()));
            }
            names.chain(all).collect()
        }
        Source::MachineBackups => {
            let found = vm::completed(place.inventory.as_deref()).into_iter();
            found.map(|(id, time)| Candidate { value: id, help: time.map(shown_time) }).collect()
        }
    }
}

fn connection(place: &Place) -> ConnectionArgs {
    // Helm moves its own flags from the line to the environment.
    let or_env = |given: &Option<String>, name: &str| given.clone().or_else(|| std::env::var(name).ok());
    ConnectionArgs {
        kubeconfig: place.kubeconfig.clone().map(Into::into),
        kube_context: or_env(&place.context, "HELM_KUBECONTEXT"),
        namespace: or_env(&place.namespace, "HELM_NAMESPACE"),
    }
}

type Names<'c> = std::pin::Pin<Box<dyn Future<Output = Result<Vec<Candidate>>> + Send + 'c>>;

/// Asks the cluster.
fn ask(place: &Place, names: fn(&Cluster) -> Names<'_>) -> Vec<Candidate> {
    let connection = connection(place);
    in_time(move || block_on(async { names(&connection.connect().await?.hurried(PATIENCE)).await }).unwrap_or_default())
}

/// What comes in time. The thread ends with the program.
fn in_time(read: impl FnOnce() -> Vec<Candidate> + Send + 'static) -> Vec<Candidate> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        // Nobody waits any more.
        let _ = send.send(read());
    });
    receive.recv_timeout(PATIENCE).unwrap_or_default()
}

/// Helm's releases in the namespace.
async fn releases(cluster: &Cluster) -> Result<Vec<Candidate>> {
    let mut names: Vec<String> = Vec::new();
    for secret in cluster.heads(Kind::SECRET, None, "owner=helm").await? {
        let name = text(&secret, "/metadata/labels/name");
        if !name.is_empty() && !names.iter().any(|known| *known == name) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names.into_iter().map(Candidate::new).collect())
}

async fn namespaces(cluster: &Cluster) -> Result<Vec<Candidate>> {
    let all = cluster.heads(Kind::NAMESPACE, None, "").await?;
    Ok(all.iter().map(|namespace: &Json| Candidate::new(text(namespace, "/metadata/name"))).collect())
}

/// The backups in the namespace, the newest first, each with its time.
async fn backups(connection: ConnectionArgs) -> Result<Vec<Candidate>> {
    let look = LookArgs::new(Default::default(), connection);
    let mut looked = look.look(rights::Command::Backups, Asks::Backups).await?;
    let inventory = looked.inventory();
    let one = |set| {
        let time = inventory_time(set);
        Candidate { value: inventory.name(set).to_owned(), help: time }
    };
    Ok(inventory.sets.iter().map(one).collect())
}

fn inventory_time(set: &crate::backups::BackupSet) -> Option<String> {
    set.time.map(shown_time)
}

fn shown_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The contexts of the kubeconfig.
fn contexts(place: &Place) -> Option<Vec<Candidate>> {
    let config = match &place.kubeconfig {
        Some(file) => Kubeconfig::read_from(file),
        None => Kubeconfig::read(),
    };
    Some(config.ok()?.contexts.into_iter().map(|context| Candidate::new(context.name)).collect())
}
