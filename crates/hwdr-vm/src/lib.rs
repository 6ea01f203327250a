//! Hopsworks 3 on machines: backups and restores over SSH.
//!
//! The core is pure: [`inventory`] is the file of the machines; [`words`] are commands as data; [`parse`] reads what programs say. The shell around
//! it is thin: [`remote`] runs commands with the system's `ssh` and `rsync`, and [`away`] has `rclone` send backups elsewhere.

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

pub mod act;
pub mod ask;
pub mod away;
pub mod backup;
pub mod check;
pub mod doctor;
pub mod finding;
pub mod id;
pub mod inventory;
pub mod local;
pub mod lock;
pub mod manifest;
pub mod parse;
pub mod plan;
pub mod progress;
pub mod record;
pub mod remote;
pub mod restore;
pub mod runbook;
pub mod stored;
pub mod words;
