//! `hwdr vm backup`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use hwdr_run::Halt;
use hwdr_vm::away;
use hwdr_vm::backup::{Made, make, prepare, prepare_again};
use hwdr_vm::id::BackupId;
use hwdr_vm::plan;
use hwdr_vm::progress::Progress;
use hwdr_vm::remote::Remote;

use super::InventoryArgs;
use super::live::Live;
use crate::cli::Outcome;
use crate::cli::messages::Failure;
use crate::shown;

/// Backs up RonDB, HopsFS, users and schemas into the folder of the inventory, and sends that to its remote or bucket
///
/// RonDB first, then the blocks of all data nodes of HopsFS; a block that an earlier backup has is not sent again, and takes no room. What came is
/// checked, and then announced as complete. One run at a time works on a cluster.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm backup [OPTIONS]")]
pub(super) struct Backup {
    /// Print the commands, host by host, and run none of them
    #[arg(long)]
    dry_run: bool,
    /// The id of the backup [default: year, month, day, hour and minute]
    #[arg(long, value_name = "NUMBER")]
    id: Option<BackupId>,
    /// Print a systemd timer that makes backups at these times, and make none now
    #[arg(long, value_name = "CALENDAR", num_args = 0..=1, default_missing_value = "*-*-* 03:00:00")]
    schedule: Option<String>,
    #[command(flatten)]
    inventory: InventoryArgs,
}

impl Backup {
    pub(super) async fn run(&self) -> Result<Outcome> {
        if let Some(calendar) = &self.schedule {
            self.inventory.read()?;
            shown::print_data(&timer(calendar, &self.inventory.inventory)?);
            return Ok(Outcome::Clean);
        }
        let now = jiff::Zoned::now().datetime();
        let id = self
            .id
            .or_else(|| BackupId::of(now))
            .context("the time is no id of 32 bits any more: give one with --id")?;
        let remote = self.inventory.remote()?;
        let worked = async {
            let ready = prepare(&remote, id).await?;
            if self.dry_run {
                let folder = ready.folder.display().to_string();
                let mut text = plan::dry_run(&ready.steps, &remote.inventory, &folder);
                if let Some(rclone) = away::place(&remote.inventory) {
                    let number = ready.steps.len().saturating_add(1);
                    let commands = away::on_paper(&rclone, &remote.inventory, ready.id);
                    text.push_str(&format!("{number}. {}: {}\n   here\n{commands}", away::STEP, away::DOES));
                }
                shown::print(&text);
                return Ok(None);
            }
            Ok::<_, Halt>(Some(make(&remote, ready, &mut Live).await?))
        };
        let stop = hwdr_run::interrupted(&super::BUSY);
        let made = tokio::select! {
            made = worked => made,
            () = stop => Err(interrupted()),
        };
        remote.close().await;
        if let Some(made) = made? {
            tell(&made);
        }
        Ok(Outcome::Clean)
    }
}

fn interrupted() -> Halt {
    Halt::new("interrupted: see what is complete with helm hwdr vm list").help("go on with it: helm hwdr vm resume")
}

/// Says what was made: the last that is said of a backup.
fn tell(made: &Made) {
    let mib = |bytes: u64| bytes >> 20;
    let Made { manifest, folder, sent, away } = made;
    let mut out = format!(
        "Backup {} is complete: {} ({} MiB, {} MiB of files copied)\n",
        manifest.id,
        folder.display(),
        mib(manifest.bytes),
        mib(*sent)
    );
    if let Some(away) = away {
        out.push_str(&format!("It is sent to {away}\n"));
    }
    shown::print(&out);
}

/// Goes on with an interrupted backup.
pub(super) async fn resume(remote: &Arc<Remote>, folder: PathBuf, progress: Progress) -> Result<Outcome> {
    let worked = async {
        let ready = prepare_again(remote, folder, progress).await?;
        make(remote, ready, &mut Live).await
    };
    let stop = hwdr_run::interrupted(&super::BUSY);
    let made = tokio::select! {
        made = worked => made,
        () = stop => Err(interrupted()),
    };
    remote.close().await;
    tell(&made?);
    Ok(Outcome::Clean)
}

/// Who runs this. systemd's default is root, whose SSH has other keys, known hosts and configuration.
fn user() -> Result<String> {
    let said = std::process::Command::new("id").arg("-un").output().context("id cannot be run")?;
    let name = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@".contains(c));
    match is_name {
        true => Ok(name),
        // systemd takes a number, too.
        false => Ok(rustix::process::geteuid().as_raw().to_string()),
    }
}

/// The units of systemd for backups at certain times.
fn timer(calendar: &str, inventory: &str) -> Result<String> {
    let is_calendar = !calendar.trim().is_empty() && calendar.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if !is_calendar {
        bail!(
            Failure::unusable("the times are not a calendar event of systemd")
                .help("for example --schedule '*-*-* 03:00:00'")
        );
    }
    let inventory = std::path::absolute(inventory).context("the inventory has no path")?;
    let program = std::env::current_exe().context("the path of hwdr is not known")?;
    let word = |path: &Path| -> Result<String> {
        let text =
            path.to_str().filter(|text| !text.contains(|c: char| c.is_control() || c == '"' || c == '\\' || c == '$'));
        let text = text.with_context(|| format!("systemd takes no such path: {}", path.display()))?;
        Ok(format!("\"{}\"", text.replace('%', "%%")))
    };
    let (program, inventory, user) = (word(&program)?, word(&inventory)?, user()?);
    Ok(format!(
        "# /etc/systemd/system/hwdr-vm-backup.service\n[Unit]\nDescription=Backup of Hopsworks\nAfter=network-online.target\nWants=network-online.target\n\n\
         # {user} has printed this, and has the keys of SSH and of rclone\n[Service]\nUser={user}\nType=oneshot\nExecStart={program} vm backup --inventory {inventory}\nExecStartPost={program} vm prune --yes --inventory {inventory}\n\n\
         # /etc/systemd/system/hwdr-vm-backup.timer\n[Unit]\nDescription=Backups of Hopsworks\n\n[Timer]\nOnCalendar={calendar}\nPersistent=true\n\n\
         [Install]\nWantedBy=timers.target\n\n# Then: systemctl daemon-reload && systemctl enable --now hwdr-vm-backup.timer\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_runs_as_who_has_printed_it() {
        let units = timer("*-*-* 03:00:00", "inventory.yaml").unwrap();
        assert!(units.contains(&format!("\nUser={}\n", user().unwrap())), "{units}");
        assert!(units.contains("\nOnCalendar=*-*-* 03:00:00\n") && timer("\n", "x").is_err(), "{units}");
    }
}
