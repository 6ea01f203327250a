//! What a restore of a mirrored Kafka cluster needs.
//!
//! `mirror` writes the settings of MirrorMaker 2, for a backup and, turned round, for a restore. `client` reads a cluster: topics,
//! offsets, groups, ACLs and records; `notes` is what MirrorMaker noted of them. `compare` says from both sides what arrived, `look` reads
//! both and compares, `lacks` says what no mirror brings over, `direction` tells whether a mirror writes into a cluster, and `begin` lets one begin where its target already is.
//!
//! Facts about Kafka come from its source (`connect/mirror`, `clients/src/main/resources/common/message`) and its KIPs; the
//! comments name them.

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

mod batch;
pub mod begin;
pub mod client;
pub mod compare;
pub mod direction;
pub mod lacks;
pub mod look;
pub mod mirror;
pub mod name;
pub mod notes;
mod records;
pub mod select;
mod wire;
