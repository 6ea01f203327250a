//! Where the record of a run is kept, and how it is locked.

use std::future::Future;

use crate::{Halt, Record};

/// Keeps the record of one run. Records are written by compare and swap: over the version that this process has read or written last, and
/// over no other.
pub trait Store {
    /// What it keeps.
    type Record: Record;

    /// The record in the version that this process knows.
    ///
    /// # Errors
    /// Where it cannot be read, a later hwdr wrote it, or no hwdr did.
    fn load(&self) -> Result<Self::Record, Halt>;

    /// Writes the record.
    ///
    /// # Errors
    /// [`Cause::Lost`](crate::Cause::Lost) where another process has written in between; else where it cannot be written. The run stops
    /// then: what is not written down is not done.
    fn save(&mut self, record: &Self::Record) -> impl Future<Output = Result<(), Halt>>;
}

/// Held by the one process that works on a run. Dropping it gives it up, at the latest when nobody has renewed it for a while.
pub trait Lock: Sized {
    /// Ends when the lock is lost, and says why.
    fn lost(&self) -> impl Future<Output = Halt>;

    /// Gives the lock back, so that the next process need not wait.
    fn release(self) -> impl Future<Output = ()>;

    /// Works as long as the lock is held.
    ///
    /// # Errors
    /// Those of the work, or that the lock is lost.
    fn guard<T, E: From<Halt>>(&self, work: impl Future<Output = Result<T, E>>) -> impl Future<Output = Result<T, E>> {
        async {
            tokio::select! {
                biased;
                halt = self.lost() => Err(halt.into()),
                result = work => result,
            }
        }
    }
}
