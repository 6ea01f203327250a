//! hwdr: disaster recovery of Hopsworks clusters, as a Helm plugin.
//!
//! Most modules are pure: they take texts (values files, a rendered stream) and return findings, a plan and a changed stream, open no
//! socket and read no clock. [`cluster`], [`velero`], [`verify`] and [`run`] work on a cluster, `s3` on a bucket; [`helm`] runs helm, and
//! [`cli`] is the program. `docs/architecture.md` shows the modules.

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

pub mod backups;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod doctor;
pub mod finalize;
pub mod helm;
pub mod krm;
pub mod leave;
pub mod lint;
pub mod mode;
pub mod names;
pub mod object_id;
pub mod pipeline;
pub mod plan;
pub mod private;
pub mod product;
pub mod render;
pub mod rights;
pub mod run;
pub mod sha256;
pub mod shown;
pub mod steps;
pub mod topology;
pub mod velero;
pub mod verify;

pub use hwdr_backup as backup_files;
pub use hwdr_s3 as s3;
pub use hwdr_stream as stream;
pub use hwdr_values::{cores, plain_data, refusal, source, values, yaml};
