//! Traits for where a run's record is kept, and how it is locked.

use std::future::Future;

use crate::{Halt, Record};

/// Keeps the record of one run. Writes compare and swap: they replace only the version that this process last read or
/// wrote.
pub trait Store {
    /// What it keeps.
    type Record: Record;

    /// The record in the version known to this process.
    ///
    /// # Errors
    /// If it cannot be read, or was written by a later hwdr or by something else.
    fn load(&self) -> Result<Self::Record, Halt>;

    /// Writes the record.
    ///
    /// # Errors
    /// [`Cause::Lost`](crate::Cause::Lost) if another process has written in between; else if it cannot be written. The run then
    /// stops: nothing is done without a record.
    fn save(&mut self, record: &Self::Record) -> impl Future<Output = Result<(), Halt>>;
}

/// Held by the one process that works on a run. Dropping it releases it, at the latest when the lock expires without renewal.
pub trait Lock: Sized {
    /// Returns when the lock is lost, and says why.
    fn lost(&self) -> impl Future<Output = Halt>;

    /// Releases the lock, so that the next process need not wait.
    fn release(self) -> impl Future<Output = ()>;

    /// Works while the lock is held.
    ///
    /// # Errors
    /// The errors of the work, or that the lock is lost.
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
