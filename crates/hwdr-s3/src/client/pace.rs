//! Limits the requests in progress, and the requests per second.
//!
//! The number in progress grows by one for each round of answers, and is cut by a third when the server says that it is too high (503, 429,
//! SlowDown): TCP finds the bandwidth of a link by the same rule. It also stops growing where more requests only wait longer.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

const FIRST: f64 = 16.0;
const MOST: f64 = 256.0;
/// Answers that take this many times the quickest average mean that requests queue at the server.
const QUEUEING: f64 = 4.0;

/// The gate that each request passes.
#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    freed: Notify,
    gap: Option<Duration>,
}

#[derive(Debug)]
struct State {
    limit: f64,
    under_way: usize,
    /// A request had to wait: only then are more in parallel useful.
    crowded: bool,
    last_cut: Option<Instant>,
    next_slot: Instant,
    average: f64,
    quickest: f64,
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// Success.
    Well,
    /// "Slow down".
    Throttled,
    /// No answer, or another error: says nothing about the load.
    Badly,
}

impl Pace {
    /// A gate with a limit of requests per second, or none.
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let state = State {
            limit: FIRST,
            under_way: 0,
            crowded: false,
            last_cut: None,
            next_slot: Instant::now(),
            average: 0.0,
            quickest: f64::MAX,
        };
        let gap = per_second.map(|rate| Duration::from_secs_f64(1.0 / f64::from(rate.max(1))));
        Self { state: Mutex::new(state), freed: Notify::new(), gap }
    }

    /// Waits for a turn. [`Permit::done`] or dropping the permit returns it.
    pub(crate) async fn turn(&self) -> Permit<'_> {
        loop {
            let freed = self.freed.notified();
            if let Some(slot) = self.enter() {
                let permit = Permit { pace: self, began: Instant::now(), came: Came::Badly };
                if let Some(slot) = slot {
                    tokio::time::sleep_until(slot.into()).await;
                }
                return permit;
            }
            freed.await;
        }
    }

    /// How many requests may be in progress now.
    pub(crate) fn limit(&self) -> usize {
        self.lock().limit as usize
    }

    /// Takes a place if one is free, and returns when the request may leave.
    fn enter(&self) -> Option<Option<Instant>> {
        let mut state = self.lock();
        if state.under_way >= state.limit as usize {
            state.crowded = true;
            return None;
        }
        state.under_way += 1;
        let Some(gap) = self.gap else { return Some(None) };
        let slot = state.next_slot.max(Instant::now());
        state.next_slot = slot + gap;
        Some(Some(slot))
    }

    fn leave(&self, came: Came, took: Duration) {
        let mut state = self.lock();
        state.under_way -= 1;
        state.crowded &= state.under_way * 2 >= state.limit as usize;
        match came {
            Came::Well => {
                let seconds = took.as_secs_f64();
                state.average = if state.average == 0.0 { seconds } else { state.average * 0.95 + seconds * 0.05 };
                state.quickest = state.quickest.min(state.average).max(0.001);
                if state.crowded && state.average < state.quickest * QUEUEING {
                    state.limit = (state.limit + 1.0 / state.limit).min(MOST);
                }
            }
            // All requests in progress see the same overload: one cut for all of them.
            Came::Throttled if state.last_cut.is_none_or(|cut| cut.elapsed() > Duration::from_millis(500)) => {
                state.limit = (state.limit * 2.0 / 3.0).max(1.0);
                state.last_cut = Some(Instant::now());
            }
            Came::Throttled | Came::Badly => {}
        }
        drop(state);
        // Both the freed place, and one by which the limit may have grown.
        self.freed.notify_one();
        self.freed.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's turn.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    pace: &'a Pace,
    began: Instant,
    came: Came,
}

impl Permit<'_> {
    /// Records the outcome.
    pub(crate) fn done(mut self, came: Came) {
        self.came = came;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pace.leave(self.came, self.began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(pace: &Pace, count: usize, came: Came) {
        for _ in 0..count {
            while pace.enter().is_some() {}
            let under_way = pace.lock().under_way;
            for _ in 0..under_way {
                pace.leave(came, Duration::from_millis(10));
            }
        }
    }

    #[test]
    fn it_grows_by_one_a_round_and_is_cut_once_for_many_complaints() {
        let pace = Pace::new(None);
        turns(&pace, 20, Came::Well);
        assert!((24..=28).contains(&pace.limit()), "{}", pace.limit());
        let before = pace.limit();
        turns(&pace, 1, Came::Throttled);
        assert_eq!(pace.limit(), before * 2 / 3);
        turns(&pace, 5, Came::Badly);
        assert_eq!(pace.limit(), before * 2 / 3, "a lost connection says nothing of the load");
    }

    #[test]
    fn it_never_stops_altogether() {
        let pace = Pace::new(None);
        for _ in 0..50 {
            pace.lock().last_cut = None;
            assert!(pace.enter().is_some());
            pace.leave(Came::Throttled, Duration::from_millis(10));
        }
        assert_eq!(pace.limit(), 1);
    }

    #[test]
    fn requests_leave_at_the_given_rate() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let pace = Pace::new(Some(100));
        let began = Instant::now();
        runtime.block_on(async {
            for _ in 0..20 {
                pace.turn().await.done(Came::Well);
            }
        });
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(185), "20 requests at 100 a second took {took:?}");
    }
}
