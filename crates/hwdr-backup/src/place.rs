//! Where files are: a bucket, or memory in tests.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Range;

use crate::checker::Checker;
use crate::flaw::{Finding, Flaw};

/// How much is asked for at once.
const PIECE: u64 = 8 << 20;

/// Objects by key. What cannot be read, or not in time, is a [`Flaw`] of [`Verdict::Unknown`](crate::flaw::Verdict::Unknown).
pub trait Place {
    /// The objects directly in a folder, which ends with a slash or is empty: their names in it, and their lengths.
    fn folder(&self, folder: &str) -> impl Future<Output = Result<BTreeMap<String, u64>, Flaw>>;

    /// A part of an object, which is shorter where the object ends; none if it is not there. At most 8 MiB are asked for.
    fn bytes(&self, key: &str, range: Range<u64>) -> impl Future<Output = Result<Option<Vec<u8>>, Flaw>>;

    /// Feeds an object of this length to a checker, and returns the checker.
    fn feed<C: Checker + Send + 'static>(
        &self,
        key: &str,
        length: u64,
        checker: C,
    ) -> impl Future<Output = Result<C, Flaw>>;
}

/// Reads a small object whole.
///
/// # Errors
/// It is not there, or longer than `most`, or could not be read.
pub(crate) async fn whole(place: &impl Place, key: &str, most: u64) -> Result<Vec<u8>, Flaw> {
    let mut all = Vec::new();
    loop {
        let start = all.len() as u64;
        let piece = place.bytes(key, start..start.saturating_add(PIECE)).await?;
        let Some(piece) = piece else { return Err(Flaw::missing("is not there")) };
        let is_last = (piece.len() as u64) < PIECE;
        all.extend_from_slice(&piece);
        if all.len() as u64 > most {
            return Err(Flaw::unknown(format!("is longer than hwdr reads ({} MiB)", most >> 20)));
        }
        if is_last {
            return Ok(all);
        }
    }
}

/// Reads a small object whole, and what is in it.
pub(crate) async fn read<T>(
    place: &impl Place,
    key: &str,
    most: u64,
    read: impl FnOnce(&[u8]) -> Result<T, Flaw>,
) -> Result<T, Finding> {
    let bytes = whole(place, key, most).await;
    bytes.and_then(|bytes| read(&bytes)).map_err(|flaw| flaw.in_file(key))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Objects in memory.
    #[derive(Clone, Default, PartialEq, Eq)]
    pub(crate) struct Memory(pub(crate) BTreeMap<String, Vec<u8>>);

    impl Place for Memory {
        async fn folder(&self, folder: &str) -> Result<BTreeMap<String, u64>, Flaw> {
            let below = self.0.iter().filter_map(|(key, bytes)| Some((key.strip_prefix(folder)?, bytes)));
            let direct = below.filter(|(name, _)| !name.contains('/'));
            Ok(direct.map(|(name, bytes)| (name.to_owned(), bytes.len() as u64)).collect())
        }

        async fn bytes(&self, key: &str, range: Range<u64>) -> Result<Option<Vec<u8>>, Flaw> {
            let Some(bytes) = self.0.get(key) else { return Ok(None) };
            let place = |at: u64| (at as usize).min(bytes.len());
            Ok(Some(bytes[place(range.start)..place(range.end)].to_vec()))
        }

        async fn feed<C: Checker>(&self, key: &str, length: u64, mut checker: C) -> Result<C, Flaw> {
            let bytes = self.0.get(key).ok_or_else(|| Flaw::missing("is not there"))?;
            assert_eq!(bytes.len() as u64, length);
            bytes.chunks(1000).try_for_each(|piece| checker.feed(piece))?;
            Ok(checker)
        }
    }

    /// Runs what never waits.
    pub(crate) fn done<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done,
            Poll::Pending => panic!("nothing in memory is waited for"),
        }
    }

    #[test]
    fn small_objects_are_read_whole_within_a_bound() {
        let long = vec![7; (PIECE * 2) as usize];
        let place = Memory([("a".to_owned(), long.clone()), ("b".to_owned(), Vec::new())].into());
        assert!(done(whole(&place, "a", PIECE * 2)) == Ok(long));
        assert_eq!(done(whole(&place, "a", PIECE)), Err(Flaw::unknown("is longer than hwdr reads (8 MiB)")));
        assert_eq!(done(whole(&place, "b", 0)), Ok(Vec::new()));
        assert_eq!(done(whole(&place, "c", 0)), Err(Flaw::missing("is not there")));
    }
}
