//! `hwdr s3 check`: is the bucket ready for a restore?

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::findings;
use super::lifecycle::now;
use super::storage::StorageArgs;
use crate::cli::bucket::still_at_it;
use crate::cli::words::Form;
use crate::product::hopsworks::hopsfs::bucket::FOLDERS;
use crate::s3::check::check;
use crate::s3::lifecycle::judge::Needs;
use crate::shown;

/// Checks whether a bucket is ready for a restore
///
/// Versioning, clock, lifecycle rules (against the ttl in the values), each call that a rewind needs, encryption, object lock. Writes no
/// data: it tries the calls on versions and keys that do not exist.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
    #[command(flatten)]
    storage: StorageArgs,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let (target, ttl) = self.storage.resolve()?;
        let apply =
            format!("helm hwdr s3 lifecycle {} --apply", self.flags_with_ttl(&self.storage.flags(&target), ttl));
        let wanted = Needs { bucket: &target.bucket, folders: FOLDERS, ttl, now: now(), apply: &apply };
        let findings = super::block_on(async {
            let work = async { check(&target.connect().await?, &wanted).await };
            let asking = format!("asking bucket {}: credentials and answers may take a while", target.bucket);
            tokio::select! {
                findings = work => Ok(findings?),
                never = still_at_it(&asking) => match never {},
            }
        })?;
        match self.output {
            Form::Text => shown::print(&findings::text(&findings)),
            Form::Json => shown::print_json(&json!({"bucket": target.bucket, "findings": findings}), true),
        }
        findings::outcome(&findings, &target.bucket)
    }

    /// Without a ttl in the values, the flags have an example to change.
    fn flags_with_ttl(&self, flags: &str, ttl: Option<i64>) -> String {
        if ttl.is_some() { flags.to_owned() } else { format!("{flags} --ttl 60d") }
    }
}
