//! Helm: its command line, its versions, its plugins; and running it.

pub mod command_line;
pub mod flags;
pub mod invocation;
pub mod overlay;
pub mod parent;
pub mod plugin;
pub mod record;
pub mod run;
