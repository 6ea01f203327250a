//! The engine of a run: it does the steps of a run one after the other, and records before and after each what it does. A run
//! interrupted anywhere can therefore be resumed, or undone.
//!
//! The engine knows no cluster. The steps act on a [`Context`]; a [`Store`] keeps the [`Record`] of a run; a [`Lock`] allows only one
//! process to work on it; a [`Show`] shows it to people. [`file`] keeps records in files.

// Nothing that is read may end the program. Tests may.
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

mod engine;
pub mod file;
mod halt;
mod keep;
pub mod process;
mod record;
mod signals;

pub use engine::{Act, Context, Goal, Parts, RESTORE, Show, Step, UNDO, WayOn, go};
pub use halt::{Cause, Halt};
pub use keep::{Lock, Store};
pub use record::{Entries, Phase, Progress, Record};
pub use signals::{interrupted, is_ignored};
