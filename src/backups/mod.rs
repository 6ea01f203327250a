//! The backups of all services, joined into sets by time, and whether new ones are made. Pure: it knows no service, and reads nothing.
//!
//! [`Seen`] is what was read from the cluster. Each service turns it into [`Series`] (`Service::backups`), and the [`Inventory`] joins them. From the
//! bucket each service makes the same series (`Service::stored`).

mod fault;
mod find;
mod fitness;
mod inventory;
mod join;
mod make;
mod part;
mod rewind;
mod seen;
mod series;
mod status;
pub mod velero;
mod view;

pub use fault::{Fault, Reading, Severity};
pub use find::{FAILED, NAMES};
pub use fitness::{Fitness, Usable};
pub use inventory::{BackupSet, Inventory, Joined};
pub use make::{Make, Making, backup_name, backup_of, job_name, job_of, making, until_free};
pub use part::{BackupPart, PartState};
pub use rewind::Rewind;
pub use seen::Seen;
pub use series::{AHEAD, Join, Maker, Series, is_ahead};
pub use status::{Enabled, ServiceStatus, Status, status};
pub use view::{SetView, ago, short, size};

#[cfg(test)]
mod tests;
