//! Rewinds a bucket to a point in time, and undoes that.
//!
//! `decide` is the pure core: one key's versions and a window of time in, what to do out. Around it: `client` (S3's REST calls),
//! `listing` (versions in the server's own order), `share` (parts of the key space), `journal` (what was done, in the bucket itself),
//! `checked` (which of that to trust), and `rewind` and `undo`, which drive them; `worker` shares a rewind among several pods.
//!
//! `objects` are what is in the bucket now: for listing and verifying backups.
//!
//! `lifecycle` checks how long the bucket keeps what a rewind needs, and `check` whether it is ready for one: both produce `finding`s.

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

pub mod check;
pub mod checked;
pub mod client;
pub mod copy;
pub mod decide;
pub mod finding;
pub mod folders;
pub mod history;
pub mod journal;
pub mod lifecycle;
pub mod listing;
pub mod objects;
pub mod preflight;
pub mod report;
pub mod rewind;
mod seaweedfs;
pub mod share;
pub mod undo;
pub mod window;
pub mod worker;
mod xml;
