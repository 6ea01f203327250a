//! Checks whether a backup can be restored, without restoring it: what its files say is compared with what a restore needs.
//!
//! It knows no service. Each service that has something to check returns a [`Verify`] (`Service::verifier`); [`run`] asks all of them at once, lets
//! them read as much data as is wanted, chosen at random ([`amount`]), and returns what they report. [`memory`] is what is remembered of it.

pub mod amount;
mod ask;
pub mod memory;
mod meter;
mod place;
mod report;
pub mod store;

use futures_util::future::join_all;

use crate::product::Product;
use crate::product::service::Doing;

pub use crate::backup_files::{Finding, Flaw, Verdict};
pub use amount::{Amount, Chosen};
pub use ask::{Ask, Named, flaw_of, unread};
pub use meter::{Meter, Progress};
pub use place::InBucket;
pub use report::{Data, PartReport, worst};

/// A file with data that is only read if that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Its key.
    pub key: String,
    /// Its length.
    pub size: u64,
}

/// What a service checks of one backup. It keeps what it has seen between the calls, which come in this order, once each.
pub trait Verify {
    /// Looks what is there, and reads all metadata. Returns the files that have data.
    fn look<'v>(&'v mut self, ask: &'v Ask<'v>) -> Doing<'v, Vec<DataFile>>;

    /// Reads the beginnings of some of these files, or all of them. It is not asked if there are none.
    fn read<'v>(&'v mut self, _ask: &'v Ask<'v>, _chosen: Vec<Chosen>) -> Doing<'v, ()> {
        Box::pin(async {})
    }

    /// Compares what was seen.
    fn report(self: Box<Self>, ask: &Ask<'_>) -> Vec<PartReport>;
}

/// Verifies a backup: all services at once.
pub async fn run(ask: &Ask<'_>, product: &dyn Product, amount: Option<Amount>, seed: u64) -> Vec<PartReport> {
    let services = product.services().iter();
    let mut checks: Vec<_> = services.filter_map(|service| service.verifier()).collect();
    let files = join_all(checks.iter_mut().map(|check| check.look(ask))).await;
    let chosen = match amount {
        Some(amount) => amount::choose(&files, amount, seed),
        None => vec![Vec::new(); files.len()],
    };
    ask.meter.expect(chosen.iter().flatten().map(|chosen| chosen.bytes));
    let reading = checks.iter_mut().zip(chosen).filter(|(_, chosen)| !chosen.is_empty());
    join_all(reading.map(|(check, chosen)| check.read(ask, chosen))).await;
    checks.into_iter().flat_map(|check| check.report(ask)).collect()
}
