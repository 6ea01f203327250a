//! Reads objects as they are now: lists them, describes them, and reads parts of them. What is read has a limit; larger objects come in pieces.

use std::ops::Range;

use futures_util::stream::{self, Stream, StreamExt as _};

use super::{Call, Client, Error, MOST_OF_PAGE, Problem};
use crate::objects::{self, Object, Objects};

/// The most bytes that [`Client::read`] returns.
pub const LONGEST_READ: u64 = MOST_OF_PAGE as u64;
/// Bytes in a piece of [`Client::body`]: small enough for the time limit of a call on a slow link.
const PIECE: u64 = 4 << 20;
/// How many pieces are requested ahead.
const AHEAD: usize = 4;
/// So many pages in a row may be empty: a server may filter what it lists.
const EMPTY_PAGES: u32 = 100;

impl Client {
    /// All objects below `prefix`, at most `most`.
    ///
    /// # Errors
    /// If the bucket cannot be listed.
    pub async fn list(&self, prefix: &str, most: usize) -> Result<Objects, Error> {
        self.listed(prefix, None, most).await
    }

    /// The objects and folders whose names begin with `prefix`, up to the next slash behind it; at most `most`.
    ///
    /// # Errors
    /// If the bucket cannot be listed.
    pub async fn list_level(&self, prefix: &str, most: usize) -> Result<Objects, Error> {
        self.listed(prefix, Some("/"), most).await
    }

    async fn listed(&self, prefix: &str, delimiter: Option<&str>, most: usize) -> Result<Objects, Error> {
        let mut found = Objects::default();
        let mut token: Option<String> = None;
        let mut empty = 0;
        loop {
            let length = found.objects.len().saturating_add(found.folders.len());
            let left = most.saturating_sub(length);
            if left == 0 {
                return Ok(Objects { is_cut: true, ..found });
            }
            let mut query = vec![
                ("encoding-type", "url".to_owned()),
                ("list-type", "2".to_owned()),
                ("max-keys", left.min(1000).to_string()),
                ("prefix", prefix.to_owned()),
            ];
            if let Some(delimiter) = delimiter {
                query.insert(0, ("delimiter", delimiter.to_owned()));
            }
            if let Some(token) = &token {
                query.insert(0, ("continuation-token", token.clone()));
            }
            let call = Call { action: "s3:ListBucket", method: "GET", query, ..Call::default() };
            let nonsense = |text: &str| Problem::Nonsense(format!("the listing: {text}"));
            let page = self.call_for(call.clone(), |reply| {
                let page = objects::parse(reply.text()?).map_err(|text| nonsense(&text))?;
                let keys = page.found.objects.iter().map(|object| &object.key).chain(&page.found.folders);
                if keys.into_iter().any(|key| !key.starts_with(prefix)) {
                    return Err(nonsense("it has keys that do not begin with the prefix"));
                }
                Ok(page)
            });
            let page = page.await?;
            found.unreadable = found.unreadable.saturating_add(page.found.unreadable);
            empty = if page.found.objects.is_empty() && page.found.folders.is_empty() { empty + 1 } else { 0 };
            // A server that ignores `max-keys` does not get more into memory.
            let room = left.saturating_sub(page.found.folders.len());
            found.is_cut = page.found.objects.len() > room || page.found.folders.len() > left;
            found.folders.extend(page.found.folders.into_iter().take(left));
            found.objects.extend(page.found.objects.into_iter().take(room));
            match page.next {
                None => return Ok(found),
                next if empty > EMPTY_PAGES || next == token => {
                    return Err(self.error(&call, nonsense("it does not advance")));
                }
                next => token = next,
            }
        }
    }

    /// An object's description; `None` if it does not exist.
    ///
    /// # Errors
    /// If the server refuses, or does not answer.
    pub async fn object(&self, key: &str) -> Result<Option<Object>, Error> {
        let call = Call { action: "s3:GetObject", method: "HEAD", key: Some(key.to_owned()), ..Call::default() };
        let read = self.call_for(call, |reply| {
            let missing = |name: &str| Problem::Nonsense(format!("it has no {name}"));
            let size = reply.header("content-length").and_then(|size| size.parse().ok());
            let modified = reply.header("last-modified").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
            Ok(Object {
                key: key.to_owned(),
                size: size.ok_or_else(|| missing("Content-Length"))?,
                modified: modified.map(|date| date.timestamp()).ok_or_else(|| missing("Last-Modified"))?,
                etag: reply.header("etag").unwrap_or_default().trim_matches('"').to_owned(),
                class: reply.header("x-amz-storage-class").unwrap_or_default().to_owned(),
            })
        });
        absent(read.await)
    }

    /// The bytes of an object in `range`, at most [`LONGEST_READ`]; fewer where it ends earlier. `None` if it does not exist.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn read(&self, key: &str, range: Range<u64>) -> Result<Option<Vec<u8>>, Error> {
        absent(self.read_of(key, "", range).await)
    }

    /// The bytes of an object in `range`, in order, in pieces of some MiB that are requested ahead. Ends in an error if the object is not there, is
    /// shorter, or changes meanwhile.
    pub fn body(
        &self,
        object: &Object,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Vec<u8>, Error>> + Send + use<> {
        let (client, key, etag) = (self.clone(), object.key.clone(), object.etag.clone());
        let starts = (range.start..range.end).step_by(PIECE as usize);
        let pieces = starts.map(move |start| {
            let (client, key, etag) = (client.clone(), key.clone(), etag.clone());
            let piece = start..start.saturating_add(PIECE).min(range.end);
            async move {
                let length = piece.end.saturating_sub(piece.start);
                let bytes = client.read_of(&key, &etag, piece).await?;
                if bytes.len() as u64 == length {
                    return Ok(bytes);
                }
                let call = Call { action: "s3:GetObject", key: Some(key), ..Call::default() };
                Err(client.error(&call, Problem::Nonsense("it is shorter than the listing says".to_owned())))
            }
        });
        stream::iter(pieces).buffered(AHEAD)
    }

    /// Bytes of an object that still has this entity tag, unless that is empty.
    async fn read_of(&self, key: &str, etag: &str, range: Range<u64>) -> Result<Vec<u8>, Error> {
        let length = range.end.saturating_sub(range.start);
        let last = range.end.saturating_sub(1);
        let mut headers = vec![("range".to_owned(), format!("bytes={}-{last}", range.start))];
        if !etag.is_empty() {
            headers.push(("if-match".to_owned(), format!("\"{etag}\"")));
        }
        let (action, key) = ("s3:GetObject", Some(key.to_owned()));
        let call = Call { action, method: "GET", key, headers, bytes: length, ..Call::default() };
        if length > LONGEST_READ {
            return Err(self.error(&call, Problem::Endless(MOST_OF_PAGE)));
        }
        if length == 0 {
            return Ok(Vec::new());
        }
        let read = self.call_for(call, |reply| {
            // A server that ignores the range sends all of the object.
            let start = match reply.header("content-range") {
                Some(text) => text.strip_prefix("bytes ").and_then(|text| text.split('-').next()?.parse().ok()),
                None => Some(0),
            };
            if start != Some(range.start) || reply.body.len() as u64 > length {
                return Err(Problem::Nonsense("it is not the range that was asked for".to_owned()));
            }
            Ok(reply.body)
        });
        match read.await {
            // It ends before the range begins.
            Err(Error { problem: Problem::Refused(416, ..), .. }) => Ok(Vec::new()),
            read => read,
        }
    }
}

fn absent<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Error { problem: Problem::NotFound(_), .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
