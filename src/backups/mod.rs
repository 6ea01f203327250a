//! The backups that exist, of all services, joined into sets by time; and whether new ones are made. Pure: it knows no service and asks nobody.
//!
//! [`Seen`] is what was read of the cluster. Each service makes [`Series`] of it (`Service::backups`), and the [`Inventory`] joins these. Another
//! place to read from, a bucket for one, is another maker of series.

mod fault;
mod find;
mod fitness;
mod inventory;
mod join;
mod part;
mod seen;
mod series;
mod status;
mod view;

pub use fault::{Fault, Reading, Severity};
pub use fitness::{Fitness, Usable};
pub use inventory::{BackupSet, Inventory, Joined};
pub use part::{BackupPart, PartState};
pub use seen::Seen;
pub use series::{Join, Maker, Series};
pub use status::{Enabled, ServiceStatus, Status, status};
pub use view::{SetView, ago, short};

#[cfg(test)]
mod tests;
