//! Waits: watches with a limit, which also end at *never*.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use kube::ResourceExt as _;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value as Json;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use super::{Cluster, Kind, json_of};
use crate::refusal::with_causes;
use crate::shown::duration;

/// What a condition says about the objects that it sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitState {
    /// It holds.
    Done,
    /// Not yet, and what is seen so far.
    NotYet(String),
    /// It cannot hold any more, and why.
    Never(String),
}

impl WaitState {
    /// Both: *never* wins, then *not yet*.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never(why), _) | (_, Self::Never(why)) => Self::Never(why),
            (Self::NotYet(why), _) | (_, Self::NotYet(why)) => Self::NotYet(why),
            (Self::Done, Self::Done) => Self::Done,
        }
    }
}

/// The objects that a wait watches, by name.
pub type Objects = BTreeMap<String, Json>;

/// Which objects a wait watches.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Their kind.
    pub kind: Kind,
    /// Their namespace; none for the release's.
    pub namespace: Option<String>,
    /// One object by its name, or all.
    pub name: Option<String>,
}

impl Selection {
    /// All objects of a kind in the release's namespace.
    pub fn all(kind: Kind) -> Self {
        Self { kind, namespace: None, name: None }
    }

    /// One object.
    pub fn one(kind: Kind, namespace: Option<&str>, name: &str) -> Self {
        Self { kind, namespace: namespace.map(str::to_owned), name: Some(name.to_owned()) }
    }
}

/// Why a wait ended without success.
#[derive(Debug, Error)]
pub enum WaitError {
    /// It cannot happen any more.
    #[error("{what}: {why}")]
    Never {
        /// What was waited for.
        what: String,
        /// The cluster's reason.
        why: String,
    },
    /// The limit has passed.
    #[error("{what}: still not after {}: {last}", duration(limit.as_secs()))]
    Limit {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// What was seen last.
        last: String,
    },
}

impl Cluster {
    /// Watches until `see` says *done* or *never*, or the limit has passed. `tell` gets every change of what is seen.
    /// An interrupted watch (a restarted API server) is started again.
    ///
    /// # Errors
    /// *Never*, or the limit: with what was seen last.
    pub async fn wait(
        &self,
        what: &str,
        selection: &Selection,
        limit: Duration,
        mut see: impl FnMut(&Objects) -> WaitState,
        mut tell: impl FnMut(&str),
    ) -> Result<(), WaitError> {
        let api = self.api(selection.kind, selection.namespace.as_deref());
        let mut config = watcher::Config::default();
        if let Some(name) = &selection.name {
            config = config.fields(&format!("metadata.name={name}"));
        }
        let mut events = watcher(api, config).default_backoff().boxed();
        let (mut objects, mut listing) = (Objects::new(), Objects::new());
        let mut last = format!("no {} are known yet", selection.kind.plural);
        let until = Instant::now() + limit;
        loop {
            let Ok(event) = timeout_at(until, events.next()).await else {
                return Err(WaitError::Limit { what: what.to_owned(), limit, last });
            };
            match event {
                Some(Ok(Event::Init)) => {
                    listing.clear();
                    continue;
                }
                Some(Ok(Event::InitApply(object))) => {
                    listing.insert(object.name_any(), json_of(object));
                    continue;
                }
                Some(Ok(Event::InitDone)) => objects = std::mem::take(&mut listing),
                Some(Ok(Event::Apply(object))) => {
                    objects.insert(object.name_any(), json_of(object));
                }
                Some(Ok(Event::Delete(object))) => {
                    objects.remove(&object.name_any());
                }
                Some(Err(error)) => {
                    last = format!("the watch was interrupted: {}", with_causes(&error));
                    tell(&last);
                    continue;
                }
                None => {
                    return Err(WaitError::Never { what: what.to_owned(), why: "the watch ended".to_owned() });
                }
            }
            match see(&objects) {
                WaitState::Done => return Ok(()),
                WaitState::Never(why) => return Err(WaitError::Never { what: what.to_owned(), why }),
                WaitState::NotYet(seen) => {
                    if seen != last {
                        tell(&seen);
                        last = seen;
                    }
                }
            }
        }
    }
}
