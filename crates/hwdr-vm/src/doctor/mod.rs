//! Whether backups and restores would work now: what the hosts say, and checks as functions of that.

mod judge;
mod look;

use std::collections::BTreeMap;

use crate::inventory::HostName;
use crate::manifest::Manifest;
use crate::parse::hopsfs::{DataNode, Version};
use crate::parse::probe::Probe;
use crate::parse::show::Node;
use crate::plan::backup::UserDump;

pub use judge::judge;
pub(crate) use judge::some;
pub use look::look;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Of each host: what it says, or why it could not be asked.
    pub hosts: BTreeMap<HostName, Result<Probe, Trouble>>,
    /// Accounts that could not be used by sudo, by host, with why.
    pub accounts: Vec<(HostName, &'static str, String)>,
    /// The cluster, as the management server shows it, or why it does not.
    pub nodes: Option<Result<Vec<Node>, String>>,
    /// The ids that data nodes of HopsFS announce themselves with.
    pub versions: BTreeMap<HostName, Result<Version, String>>,
    /// Whether the name nodes are in safe mode, or why nobody knows.
    pub safe_mode: Option<Result<bool, String>>,
    /// The data nodes of HopsFS, if the name nodes say which there are.
    pub data_nodes: Option<Vec<DataNode>>,
    /// The databases, or why they could not be read.
    pub databases: Option<Result<Vec<String>, String>>,
    /// The tables that are not in RonDB, or why they could not be read: RonDB's backup does not have them.
    pub others: Option<Result<Vec<String>, String>>,
    /// What writes users.
    pub users: Option<UserDump>,
    /// The bytes that are free in the folder of the backups.
    pub room: Option<u64>,
    /// Whether a backup is here already: its blocks are not copied again.
    pub has_earlier: bool,
    /// The newest complete backup of this cluster that is here: the next one is about as large.
    pub newest: Option<Manifest>,
    /// Whether the place that backups are sent to can be written, and if not, why.
    pub away: Option<Result<String, String>>,
    /// Whether `rsync` is here.
    pub has_rsync: bool,
}

/// Why a host could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it is.
    pub what: String,
    /// What to do about it.
    pub help: Option<String>,
}
