//! As much of a Kubernetes API server as a run without pods needs: objects can be created, read, listed, replaced, patched and deleted,
//! with the versions and preconditions of the real one, and watched. A Job or Restore is complete, and a claim bound, as soon as it is created.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

/// When everything was made that is made here, unless it says something else.
pub(crate) const NOW: &str = "2026-02-13T16:00:00Z";

#[derive(Default)]
struct Kept {
    objects: BTreeMap<String, Json>,
    writes: Vec<(String, String, Json)>,
    reads: Vec<String>,
    failures: BTreeMap<String, u16>,
    denied: Vec<String>,
    forgets: bool,
    ahead: Option<SignedDuration>,
    versions: u64,
    /// What has changed: the version, the type of the event, the path, and the object.
    events: Vec<(u64, &'static str, String, Json)>,
    /// Whether nobody answers.
    is_gone: bool,
}

/// A server of this process.
#[derive(Clone)]
pub(crate) struct ApiServer {
    kept: Arc<Mutex<Kept>>,
    /// Its address.
    pub url: String,
}

/// A kubeconfig for a server, with the context `here` in the namespace `hopsworks`.
pub(crate) fn kubeconfig(url: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\nclusters: [{{name: c, cluster: {{server: \"{url}\"}}}}]\n\
         users: [{{name: u, user: {{}}}}]\ncontexts: [{{name: here, context: {{cluster: c, user: u, namespace: hopsworks}}}}]\n"
    )
}

impl ApiServer {
    /// Begins to serve.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let server = Self { kept: Arc::default(), url };
        let serving = server.clone();
        super::serve(listener, move |stream| serving.answer(stream));
        server
    }

    /// A kubeconfig for it.
    pub(crate) fn kubeconfig(&self) -> String {
        kubeconfig(&self.url)
    }

    /// Puts an object there, by the path of its kind.
    pub(crate) fn put(&self, path: &str, object: Json) {
        let mut kept = self.kept();
        kept.keep(path, object);
    }

    /// Puts a text there: a log.
    pub(crate) fn text(&self, path: &str, text: &str) {
        self.kept().objects.insert(path.to_owned(), text.into());
    }

    /// Answers all calls of this path, and of what lies below it, by an error; 0: never.
    pub(crate) fn fail(&self, path: &str, code: u16) {
        self.kept().failures.insert(path.to_owned(), code);
    }

    /// Whether it answers at all: if not, all connections end.
    pub(crate) fn is_gone(&self, is_gone: bool) {
        self.kept().is_gone = is_gone;
    }

    /// Forgets, once, where a list was.
    pub(crate) fn forget(&self) {
        self.kept().forgets = true;
    }

    /// Denies a verb on a resource (`patch secrets`) to whoever asks whether it is allowed.
    pub(crate) fn deny(&self, what: &str) {
        self.kept().denied.push(what.to_owned());
    }

    /// Has a clock that is so far ahead of this machine's; without it, no answer has a date.
    pub(crate) fn clock(&self, ahead: SignedDuration) {
        self.kept().ahead = Some(ahead);
    }

    /// What was read.
    pub(crate) fn reads(&self) -> Vec<String> {
        self.kept().reads.clone()
    }

    /// Takes an object away.
    pub(crate) fn remove(&self, path: &str) {
        self.kept().take(path);
    }

    /// An object.
    pub(crate) fn get(&self, path: &str) -> Option<Json> {
        self.kept().objects.get(path).cloned()
    }

    /// What was written, as `METHOD path` of the object itself, without the history and the lock, which every run writes, and questions.
    pub(crate) fn writes(&self) -> Vec<String> {
        let kept = self.kept();
        let writes = kept.writes.iter().map(|(method, path, _)| format!("{method} {path}"));
        writes
            .filter(|write| {
                !["hwdr-history", "/events", "/leases", "accessreviews"].iter().any(|own| write.contains(own))
            })
            .collect()
    }

    /// What was sent with the first such write.
    pub(crate) fn sent(&self, method: &str, path: &str) -> Option<Json> {
        let kept = self.kept();
        kept.writes
            .iter()
            .find(|write| (write.0.as_str(), write.1.as_str()) == (method, path))
            .map(|write| write.2.clone())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        let head: Vec<String> =
            reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        // A client that has changed its mind.
        if head.is_empty() {
            return;
        }
        let mut words = head.first().map(String::as_str).unwrap_or_default().split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or_default()];
        reader.read_exact(&mut body).expect("a body");
        let sent = serde_json::from_slice(&body).unwrap_or_default();
        if self.kept().is_gone {
            return;
        }
        let is_watch = method == "GET" && query.split('&').any(|term| matches!(term, "watch=true" | "watch=1"));
        let failure = self.kept().failure(if is_watch { "WATCH" } else { method }, path);
        if is_watch && failure.is_none() {
            self.watch(&mut stream, path, query);
            return;
        }
        if failure == Some(0) {
            loop {
                thread::park();
            }
        }
        let (status, answer) = failure.map_or_else(|| self.kept().call(method, path, query, sent), refused);
        let body = match &answer {
            // A log.
            Json::String(text) => text.clone(),
            answer => answer.to_string(),
        };
        let date = self.kept().ahead.map_or_else(String::new, |ahead| {
            let there = Timestamp::now() + ahead;
            format!("Date: {}\r\n", there.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        });
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{date}Connection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).ok();
    }

    /// What changes below a path from a version on, in chunks.
    fn watch(&self, stream: &mut TcpStream, path: &str, query: &str) {
        let number = |key: &str| {
            let term = query.split('&').filter_map(|term| term.split_once('=')).find(|(name, _)| *name == key);
            term.and_then(|(_, value)| value.parse::<u64>().ok())
        };
        let from = number("resourceVersion").unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(number("timeoutSeconds").unwrap_or(300));
        let head = "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        let mut is_written = stream.write_all(head.as_bytes()).is_ok();
        let mut seen = self.kept().events.partition_point(|(version, ..)| *version <= from);
        let inside = format!("{path}/");
        while is_written && Instant::now() < until {
            let kept = self.kept();
            if kept.is_gone {
                return;
            }
            let events = kept.events[seen..].iter();
            let mine = events.filter(|(_, _, at, object)| at.starts_with(&inside) && is_wanted(object, query));
            let lines = mine.map(|(_, kind, _, object)| format!("{}\n", json!({"type": kind, "object": object})));
            let text: String = lines.collect();
            seen = kept.events.len();
            drop(kept);
            if text.is_empty() {
                thread::sleep(Duration::from_millis(20));
            } else {
                is_written = stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).is_ok();
            }
        }
        stream.write_all(b"0\r\n\r\n").ok();
    }
}

impl Kept {
    fn failure(&mut self, method: &str, path: &str) -> Option<u16> {
        match method {
            "GET" => self.reads.push(path.to_owned()),
            "WATCH" => self.reads.push(format!("watch {path}")),
            _ => {}
        }
        let is_below =
            |failing: &str| path.strip_prefix(failing).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.failures.iter().find(|(failing, _)| is_below(failing)).map(|(_, code)| *code)
    }

    fn keep(&mut self, path: &str, mut object: Json) -> Json {
        self.versions += 1;
        object["metadata"]["resourceVersion"] = self.versions.to_string().into();
        let metadata = &mut object["metadata"];
        if metadata["uid"].is_null() {
            metadata["uid"] = format!("uid-{}", self.versions).into();
        }
        if metadata["creationTimestamp"].is_null() {
            metadata["creationTimestamp"] = NOW.into();
        }
        let kind = if self.objects.contains_key(path) { "MODIFIED" } else { "ADDED" };
        self.events.push((self.versions, kind, path.to_owned(), object.clone()));
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    fn take(&mut self, path: &str) {
        let Some(mut object) = self.objects.remove(path) else { return };
        self.versions += 1;
        object["metadata"]["resourceVersion"] = self.versions.to_string().into();
        self.events.push((self.versions, "DELETED", path.to_owned(), object));
    }

    fn call(&mut self, method: &str, path: &str, query: &str, sent: Json) -> (u16, Json) {
        if query.contains("continue=") && std::mem::take(&mut self.forgets) {
            return status(410, "Expired");
        }
        if method == "GET" {
            return match self.objects.get(path) {
                Some(object) => (200, object.clone()),
                None if is_list(path) => (200, self.list(path, query)),
                None => status(404, "NotFound"),
            };
        }
        let name = sent["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let at = if method == "POST" { format!("{path}/{name}") } else { path.to_owned() };
        self.writes.push((method.to_owned(), at, sent.clone()));
        let there = self.objects.get(path).cloned();
        match (method, there) {
            // It is answered, and not kept.
            ("POST", _) if path.ends_with("accessreviews") => (201, self.review(sent)),
            ("POST", _) if self.objects.contains_key(&format!("{path}/{name}")) => status(409, "AlreadyExists"),
            ("POST", _) => {
                let made = self.made(path, sent);
                (201, self.keep(&format!("{path}/{name}"), made))
            }
            (_, None) => status(404, "NotFound"),
            ("PUT", Some(there)) if !agrees(&there, &sent["metadata"]) => status(409, "Conflict"),
            ("PATCH", Some(there)) if !agrees(&there, &sent["metadata"]) => status(409, "Conflict"),
            ("DELETE", Some(there)) if !agrees(&there, &sent["preconditions"]) => status(409, "Conflict"),
            ("PUT", Some(_)) => (200, self.keep(path, sent)),
            ("PATCH", Some(mut there)) => {
                merge(&mut there, &sent);
                (200, self.keep(path, there))
            }
            (_, Some(there)) => {
                self.take(path);
                (200, there)
            }
        }
    }

    /// Whether something is allowed: all but what was denied.
    fn review(&self, mut review: Json) -> Json {
        let asked = &review["spec"]["resourceAttributes"];
        let word = |key: &str| asked[key].as_str().unwrap_or_default();
        let asked = format!("{} {}/{}", word("verb"), word("resource"), word("subresource"));
        review["status"] = json!({"allowed": !self.denied.contains(&asked.trim_end_matches('/').to_owned())});
        review
    }

    /// What its controllers make of an object at once.
    fn made(&mut self, path: &str, mut object: Json) -> Json {
        if path.ends_with("/jobs") {
            object["status"] = json!({"conditions": [{"type": "Complete", "status": "True"}]});
        }
        if path.ends_with("/backups") && object["status"].is_null() {
            let now = Timestamp::now();
            object["status"] = json!({"phase": "Completed", "startTimestamp": now, "completionTimestamp": now,
                "expiration": now + SignedDuration::from_hours(24 * 30)});
        }
        if path.ends_with("/restores") {
            object["status"] = json!({"phase": "Completed"});
        }
        let volume = object["spec"]["volumeName"].as_str().map(|name| format!("/api/v1/persistentvolumes/{name}"));
        if let Some(path) = volume.filter(|_| path.ends_with("/persistentvolumeclaims"))
            && let Some(mut volume) = self.objects.get(&path).cloned()
        {
            let of = &volume["spec"]["claimRef"];
            let is_free =
                of["uid"].is_null() && of["name"] == object["metadata"]["name"] && of["namespace"] == "hopsworks";
            object["metadata"]["uid"] = format!("made-{}", self.versions).into();
            if is_free {
                volume["spec"]["claimRef"]["uid"] = object["metadata"]["uid"].clone();
                self.keep(&path, volume);
                object["status"] = json!({"phase": "Bound"});
            }
        }
        object
    }

    fn list(&self, path: &str, query: &str) -> Json {
        let inside = format!("{path}/");
        let is_in = |at: &str| at.strip_prefix(&inside).is_some_and(|name| !name.contains('/'));
        let items = self.objects.iter().filter(|(at, object)| is_in(at) && is_wanted(object, query));
        let items: Vec<_> = items.map(|(_, object)| object).collect();
        let number = |key: &str| {
            let term = query.split('&').filter_map(|term| term.split_once('=')).find(|(name, _)| *name == key);
            term.and_then(|(_, value)| value.parse::<usize>().ok())
        };
        // A page, and where the next one begins. A watch begins with all.
        let from = number("continue").unwrap_or_default();
        let to = number("limit").map_or(items.len(), |limit| from + limit).min(items.len());
        let mut metadata = json!({"resourceVersion": self.versions.to_string()});
        if to < items.len() {
            metadata["continue"] = to.to_string().into();
        }
        json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": &items[from..to]})
    }
}

/// Whether an object is one of those that a list or watch selects.
fn is_wanted(object: &Json, query: &str) -> bool {
    query.split('&').all(|term| match term.split_once('=') {
        Some(("fieldSelector", name)) => {
            name.rsplit("%3D").next().and_then(|name| name.rsplit('=').next()) == object["metadata"]["name"].as_str()
        }
        Some(("labelSelector", labels)) if !labels.is_empty() => {
            labels.replace("%2F", "/").replace("%3D", "=").split("%2C").all(|label| {
                let labels = &object["metadata"]["labels"];
                label.split_once('=').map_or(!labels[label].is_null(), |(key, value)| labels[key] == value)
            })
        }
        _ => true,
    })
}

/// Whether a path is that of all objects of a kind: it ends in the name of a kind, all of which end in an s.
fn is_list(path: &str) -> bool {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let behind = parts.get(if parts[0] == "api" { 2.. } else { 3.. }).unwrap_or_default();
    matches!(behind, [_] | ["namespaces", _, _])
}

/// Whether an object is the one, in the version, that a call names.
fn agrees(there: &Json, named: &Json) -> bool {
    ["uid", "resourceVersion"].iter().all(|key| named[key].is_null() || named[key] == there["metadata"][key])
}

/// RFC 7386.
fn merge(object: &mut Json, patch: &Json) {
    let Some(patch) = patch.as_object() else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            object.as_object_mut().expect("an object").remove(key);
        } else {
            merge(&mut object[key], value);
        }
    }
}

fn refused(code: u16) -> (u16, Json) {
    match code {
        403 => status(403, "is forbidden: not allowed"),
        404 => status(404, "the server could not find the requested resource"),
        code => status(code, "no"),
    }
}

fn status(code: u16, reason: &str) -> (u16, Json) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": code, "message": reason});
    (code, status)
}
