//! As much of an S3 server as is needed to read a bucket: objects can be listed, described and read in ranges; all of it is kept in memory.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

type Objects = BTreeMap<String, (Vec<u8>, Timestamp)>;

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It never comes.
    Hangs,
    /// The connection ends in its middle.
    Half,
    /// It trickles.
    Slow,
}

/// A server of this process. Every bucket is the same one.
#[derive(Clone)]
pub(crate) struct S3Server {
    objects: Arc<Mutex<Objects>>,
    /// What it says of the bucket, by the name of the question.
    about: Arc<Mutex<BTreeMap<String, (u16, String)>>>,
    /// What is wrong with the answers to requests that contain a text.
    wrong: Arc<Mutex<Vec<(String, Wrong)>>>,
    /// Its address.
    pub url: String,
}

impl S3Server {
    /// Begins to serve.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let server = Self { objects: Arc::default(), about: Arc::default(), wrong: Arc::default(), url };
        let serving = server.clone();
        super::serve(listener, move |stream| serving.answer(stream));
        server
    }

    /// Values that name its bucket.
    pub(crate) fn values(&self) -> String {
        format!(
            "global:\n  _hopsworks:\n    managedObjectStorage: {{enabled: true, s3: {{bucket: {{name: hopsworks}}, region: x, endpoint: \"{}\"}}}}\n",
            self.url
        )
    }

    /// Puts an object there.
    pub(crate) fn put(&self, key: &str, bytes: impl Into<Vec<u8>>, modified: Timestamp) {
        self.change(|objects| objects.insert(key.to_owned(), (bytes.into(), modified)));
    }

    /// Takes an object away.
    pub(crate) fn remove(&self, key: &str) {
        self.change(|objects| objects.remove(key));
    }

    /// Takes all objects away whose keys begin like this.
    pub(crate) fn remove_below(&self, begin: &str) {
        self.change(|objects| objects.retain(|key, _| !key.starts_with(begin)));
    }

    /// Answers a question about the bucket (`versioning`, `lifecycle`).
    pub(crate) fn say(&self, question: &str, code: u16, body: &str) {
        let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        about.insert(question.to_owned(), (code, body.to_owned()));
    }

    /// Answers requests whose target contains this text in that way.
    pub(crate) fn wrong(&self, target: &str, wrong: Wrong) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push((target.to_owned(), wrong));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Objects) -> T) -> T {
        change(&mut self.objects.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        let head: Vec<String> =
            reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let mut words = head.first().map(String::as_str).unwrap_or_default().split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let wrong = wrong.into_iter().find(|(text, _)| target.contains(text)).map(|(_, wrong)| wrong);
        if wrong == Some(Wrong::Hangs) {
            // Until the client has had enough.
            reader.read_to_end(&mut Vec::new()).ok();
            return;
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let key = decoded(path[1..].split_once('/').map_or("", |(_, key)| key));
        let range = head.iter().find_map(|line| {
            let (from, to) = line
                .to_lowercase()
                .strip_prefix("range: bytes=")?
                .split_once('-')
                .map(|it| (it.0.parse(), it.1.parse()))?;
            Some((from.ok()?, to.ok()?))
        });
        let (status, headers, body) = match key.is_empty() {
            true => self.about_bucket(query),
            false => self.object(&key, range),
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).ok();
        if method != "HEAD" {
            let sent = if wrong == Some(Wrong::Half) { length / 2 } else { length };
            let pause = if wrong == Some(Wrong::Slow) { Duration::from_millis(50) } else { Duration::ZERO };
            for piece in body[..sent].chunks((sent / 20).max(1)) {
                thread::sleep(pause);
                stream.write_all(piece).ok();
            }
        }
    }

    fn object(&self, key: &str, range: Option<(usize, usize)>) -> (u16, String, Vec<u8>) {
        let Some((bytes, modified)) = self.change(|objects| objects.get(key).cloned()) else {
            return (404, String::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec());
        };
        let date = modified.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let (status, place, body) = match range {
            None => (200, String::new(), bytes),
            Some((from, to)) => {
                let to = (to + 1).min(bytes.len());
                let place = format!("Content-Range: bytes {from}-{}/{}\r\n", to - 1, bytes.len());
                (206, place, bytes[from.min(to)..to].to_vec())
            }
        };
        (status, format!("Last-Modified: {date}\r\nETag: \"e\"\r\n{place}"), body)
    }

    fn about_bucket(&self, query: &str) -> (u16, String, Vec<u8>) {
        let value = |name: &str| {
            let mut terms = query.split('&').filter_map(|term| term.split_once('='));
            terms.find(|(key, _)| *key == name).map(|(_, value)| decoded(value)).unwrap_or_default()
        };
        let (prefix, is_level) = (value("prefix"), !value("delimiter").is_empty());
        let has = |name: &str| query.split('&').any(|term| term.split('=').next() == Some(name));
        let xml = |text: String| (200, String::new(), text.into_bytes());
        let about = self.about.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, (code, body))) = about.into_iter().find(|(question, _)| has(question)) {
            return (code, String::new(), body.into_bytes());
        }
        if has("versioning") {
            return xml("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>".to_owned());
        }
        if has("lifecycle") {
            return (404, String::new(), b"<Error><Code>NoSuchLifecycleConfiguration</Code></Error>".to_vec());
        }
        let mut entries = String::new();
        let mut folders = Vec::new();
        self.change(|objects| {
            for (key, (bytes, modified)) in objects.iter().filter(|(key, _)| key.starts_with(&prefix)) {
                if let Some((folder, _)) = key[prefix.len()..].split_once('/').filter(|_| is_level) {
                    folders.push(format!("{prefix}{folder}/"));
                    continue;
                }
                let entry = if has("versions") { "Version" } else { "Contents" };
                let size = bytes.len();
                entries += &format!(
                    "<{entry}><Key>{key}</Key><VersionId>v</VersionId><IsLatest>true</IsLatest><LastModified>{modified}</LastModified>\
                     <ETag>e</ETag><Size>{size}</Size></{entry}>"
                );
            }
        });
        folders.dedup();
        let folders: String = folders
            .iter()
            .map(|folder| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"))
            .collect();
        let root = if has("versions") { "ListVersionsResult" } else { "ListBucketResult" };
        xml(format!("<{root}><IsTruncated>false</IsTruncated>{entries}{folders}</{root}>"))
    }
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = u8::from_str_radix(&part[..2], 16).expect("two digits");
        out.push(byte as char);
        out.push_str(&part[2..]);
    }
    out
}
