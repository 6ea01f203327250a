//! The tests that need no cluster, in one binary, which is linked once. One module for each part of the program.
//!
//! A missing tool is a failure, never a skipped test: `make test` installs them. Tests share this process: none changes its
//! environment, its current folder or its signals.

mod backups;
mod bad_input;
mod beforehand;
mod common;
mod completion;
mod diff;
mod docs;
mod doctor;
mod doctor_bundle;
mod foreign;
mod golden;
mod help;
mod krm;
mod linear;
mod lint_cli;
mod lint_fixes;
mod lint_helm;
mod logs;
mod monitor;
mod overlay;
mod plan;
mod plan_file;
mod planted_state;
mod plugin;
mod post_render;
mod product_names;
mod properties;
mod release;
mod restore_cli;
mod scripts;
mod stream;
mod stream_edit;
mod stream_edit_property;
mod streams;
mod streams_backups;
mod superset;
mod values;
mod values_oracle;
mod verify;
