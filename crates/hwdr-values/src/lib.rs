//! YAML that knows the position of each node, values exactly as Helm reads them, and how foreign text is shown.
//!
//! Each module builds on those before it: [`source`], [`special`], [`yaml`], [`values`]; [`shown`] builds on the first three, and [`cores`]
//! on none. Nothing here opens a file or a socket, or reads a clock.

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

pub mod cores;
pub mod plain_data;
pub mod refusal;
pub mod shown;
pub mod source;
mod special;
pub mod values;
pub mod yaml;

pub use special::special;
