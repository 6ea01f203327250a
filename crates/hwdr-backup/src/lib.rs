//! Reads the files that backups consist of, and says what is wrong with them.
//!
//! A format has a module with [`Checker`]s for files of any size, and with functions that read small ones whole. They know nothing of where a file
//! is, and keep little of it: gigabytes pass through a few hundred kilobytes of memory. What several files must agree on is compared by
//! functions on what the checkers returned.

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

pub mod checker;
pub mod flaw;
mod gunzip;
pub mod ndb;
pub mod opensearch;
pub mod place;
pub mod sql;
pub mod superset;
pub mod velero;
mod window;

pub use checker::Checker;
pub use flaw::{Finding, Flaw, Verdict};
pub use place::Place;
