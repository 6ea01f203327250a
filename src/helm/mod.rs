//! What hwdr knows about Helm: its command line, its versions, its plugins.

pub mod command_line;
pub mod parent;
