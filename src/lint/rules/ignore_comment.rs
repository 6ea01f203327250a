//! A comment that should excuse a line, but does not.
//!
//! ## What it does
//! Looks at comments of the form `# hwdr: ignore[rule]` for names that no rule has, and for those without a name.
//!
//! ## Why is this bad
//! The finding that it should excuse is still there, or, worse, the comment hides something other than everyone believes.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       schedule: "@every 12h" # hwdr: ignore[shedule]
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       schedule: "@every 12h" # hwdr: ignore[schedule]
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::values::Value;

/// See the head of this file.
pub struct IgnoreComment;

impl Rule for IgnoreComment {
    fn name(&self) -> &'static str {
        "ignore-comment"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("ignore_comment.rs")
    }

    /// Nothing: [`crate::lint::ignore`] finds them while it applies the comments.
    fn check(&self, _: &Value, _: &Context, _: &mut Vec<Finding>) {}
}
