//! Views: all objects of a kind, kept up to date by a watch, and whether they still are.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use kube::ResourceExt as _;
use kube::api::{Api, DynamicObject};
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value as Json;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::{Cluster, ClusterError, Kind, are_segments, json_of, meaning};
use crate::refusal::with_causes;

/// How long the API server may take for a page of the first list.
const PAGE_LIMIT: Duration = Duration::from_secs(30);
/// How long a watch lasts before it is started again, in seconds. A connection that was lost without a word is noticed by then.
const WATCH: u32 = 60;
/// The first pause before everything is listed again, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// Which objects are watched, and what is kept of them.
#[derive(Debug, Clone, Copy)]
pub struct Watched<T> {
    /// Their kind.
    pub kind: Kind,
    /// Their labels (`a=b,c=d`; empty: all).
    pub labels: &'static str,
    /// How many are listed at a time.
    pub page: u32,
    /// How many are kept at most. With more of them, the view is refused.
    pub most: usize,
    /// What is kept of one; none if it does not matter.
    pub keep: fn(Json) -> Option<T>,
}

/// What is known of the objects of a kind.
#[derive(Debug, Clone)]
pub enum Sight<T> {
    /// These are all.
    Current(Vec<T>),
    /// The API server refuses to show them.
    Refused(ClusterError),
    /// They are not known, or no longer known, and why.
    Stale(String),
}

/// The objects of a kind, in one namespace.
#[derive(Debug)]
pub struct View<T> {
    held: Arc<Mutex<Held<T>>>,
}

#[derive(Debug)]
struct Held<T> {
    objects: BTreeMap<String, T>,
    state: State,
}

#[derive(Debug)]
enum State {
    Current,
    Refused(ClusterError),
    Stale(String),
}

impl<T: Clone> View<T> {
    /// What is known now.
    pub fn sight(&self) -> Sight<T> {
        let held = lock(&self.held);
        match &held.state {
            State::Current => Sight::Current(held.objects.values().cloned().collect()),
            State::Refused(error) => Sight::Refused(error.clone()),
            State::Stale(why) => Sight::Stale(why.clone()),
        }
    }
}

fn lock<T>(held: &Mutex<Held<T>>) -> MutexGuard<'_, Held<T>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cluster {
    /// Begins to watch, for as long as this process lives. `changed` is notified of each change.
    ///
    /// # Errors
    /// If the namespace is not a valid name.
    pub fn view<T: Clone + Send + 'static>(
        &self,
        watched: Watched<T>,
        namespace: Option<&str>,
        changed: Arc<Notify>,
    ) -> Result<View<T>, ClusterError> {
        are_segments("watch", watched.kind, namespace, "all")?;
        let state = State::Stale(format!("{} are not read yet", watched.kind.plural));
        let held = Arc::new(Mutex::new(Held { objects: BTreeMap::new(), state }));
        let follower = Follower { api: self.api(watched.kind, namespace), watched, held: held.clone(), changed };
        tokio::spawn(follower.follow());
        Ok(View { held })
    }
}

/// Who keeps a view up to date.
struct Follower<T> {
    api: Api<DynamicObject>,
    watched: Watched<T>,
    held: Arc<Mutex<Held<T>>>,
    changed: Arc<Notify>,
}

impl<T: Send + 'static> Follower<T> {
    /// Lists, and watches; if that ends, again. kube's watcher would go on by itself, but does not say when it has succeeded.
    async fn follow(self) {
        let [first, longest] = PAUSES;
        let mut pause = first;
        loop {
            let (state, was_current) = self.until_it_ends().await;
            lock(&self.held).state = state;
            self.changed.notify_one();
            pause = if was_current { first } else { pause };
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(longest);
        }
    }

    /// One list and its watch, until they end: why, and whether the view was current in between.
    async fn until_it_ends(&self) -> (State, bool) {
        let mut config = watcher::Config::default().timeout(WATCH).page_size(self.watched.page);
        if !self.watched.labels.is_empty() {
            config = config.labels(self.watched.labels);
        }
        let mut events = pin!(watcher(self.api.clone(), config));
        let (mut listing, mut is_listing, mut was_current) = (BTreeMap::new(), true, false);
        let what = format!("watch {}", self.watched.kind.plural);
        loop {
            let event = if is_listing {
                let Ok(event) = timeout(PAGE_LIMIT, events.next()).await else {
                    let seconds = PAGE_LIMIT.as_secs();
                    return (State::Stale(format!("{what}: no answer within {seconds} s")), was_current);
                };
                event
            } else {
                events.next().await
            };
            match event {
                Some(Ok(Event::Init)) => {
                    listing.clear();
                    is_listing = true;
                    continue;
                }
                Some(Ok(Event::InitApply(object))) => {
                    self.apply(&mut listing, object);
                    if listing.len() > self.watched.most {
                        return (State::Refused(self.too_many(&what)), was_current);
                    }
                    continue;
                }
                Some(Ok(Event::InitDone)) => {
                    (is_listing, was_current) = (false, true);
                    let mut held = lock(&self.held);
                    held.objects = std::mem::take(&mut listing);
                    held.state = State::Current;
                }
                Some(Ok(Event::Apply(object))) => {
                    let mut held = lock(&self.held);
                    self.apply(&mut held.objects, object);
                    if held.objects.len() > self.watched.most {
                        return (State::Refused(self.too_many(&what)), was_current);
                    }
                }
                Some(Ok(Event::Delete(object))) => {
                    lock(&self.held).objects.remove(&object.name_any());
                }
                Some(Err(error)) => return (self.ended(&what, &error), was_current),
                None => return (State::Stale(format!("{what}: it has ended")), was_current),
            }
            self.changed.notify_one();
        }
    }

    fn apply(&self, objects: &mut BTreeMap<String, T>, mut object: DynamicObject) {
        // Nobody reads them, and they are longer than all else.
        object.metadata.managed_fields = None;
        let name = object.name_any();
        match (self.watched.keep)(json_of(object)) {
            Some(kept) => drop(objects.insert(name, kept)),
            None => drop(objects.remove(&name)),
        }
    }

    fn too_many(&self, what: &str) -> ClusterError {
        let why = format!("there are more than {}", self.watched.most);
        ClusterError::Call { what: what.to_owned(), why, code: 0 }
    }

    /// What the end of a watch means. Only a refusal is an answer.
    fn ended(&self, what: &str, error: &watcher::Error) -> State {
        let (code, why) = match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => {
                let (code, why, _) = meaning(error);
                (code, why)
            }
            watcher::Error::WatchError(status) => (status.code, status.message.clone()),
            watcher::Error::NoResourceVersion => (0, with_causes(error)),
        };
        let refusal = ClusterError::Call { what: format!("list {}", self.watched.kind.plural), why: why.clone(), code };
        if refusal.is_refusal() { State::Refused(refusal) } else { State::Stale(format!("{what}: {why}")) }
    }
}
