//! How long a bucket keeps old versions, and how long it must: its lifecycle rules.
//!
//! `judge` is the pure core: rules in, findings out. `plan` determines the rule that a time to live needs and merges it into the bucket's
//! XML, in which every other rule stays as it is; `apply` writes it and reads it back.

pub mod apply;
pub mod element;
pub mod judge;
#[cfg(test)]
mod judge_tests;
pub mod keep;
pub mod plan;
pub mod policy;
pub mod rule;
mod scope;

/// A time to live in whole days, S3's unit. Seconds in; rounded up, since a version must outlive its backups.
pub fn days(ttl: i64) -> i64 {
    (ttl + 86_399) / 86_400
}
