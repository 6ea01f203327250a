//! MariaDB on AWS RDS, brought back from a snapshot or a point in time into a **new** instance that has all settings of its source.
//!
//! [`Rds`] reads instances, snapshots and windows; [`Plan::of`] decides, without any call, what is restored with which settings;
//! [`Rds::restore`] carries a plan out, and may be interrupted and called again; [`compare`] says what differs afterwards.
//!
//! The source is never changed: there is no call that deletes anything, and only an instance with the tag of the run that made it
//! ([`RUN_TAG`]) is modified or rebooted. [`policy`] makes an IAM policy that ensures the same.
//!
//! Facts about RDS are from its API reference and user guide, unless a comment says otherwise.

// Nothing that is read may end the program: what could panic is an error, or `expect` says why it cannot. Tests may.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod call;
mod compare;
mod connect;
mod error;
mod instance;
mod list;
mod modify;
mod name;
mod plan;
mod policy;
mod read;
mod refused;
mod restore;
#[cfg(test)]
mod sample;
mod settings;
mod settle;
mod snapshot;
mod take;
mod wait;
mod wanted;

pub use compare::{Difference, compare};
pub use connect::{Access, Limits, Rds};
pub use error::{Error, Event, Problem};
pub use instance::{Endpoint, Instance, Member};
pub use name::{InstanceId, InvalidName, RunId, SnapshotId};
pub use plan::{Ask, Backup, Origin, Plan, Source, When};
pub use policy::{Scope, policy};
pub use refused::Refused;
pub use restore::Begun;
pub use settings::{Insights, Monitoring, Settings};
pub use snapshot::{Kind, Snapshot, Window};
pub use wait::{Progress, Wait};

/// The tag on what a run has made; its value is the run's id.
pub const RUN_TAG: &str = "hwdr/run";

/// The engine that can be restored, as RDS calls it.
pub const ENGINE: &str = "mariadb";
