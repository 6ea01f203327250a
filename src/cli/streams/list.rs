//! `hwdr streams database list`: what the database can be restored from.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use hwdr_rds::{Instance, Kind, Rds, Snapshot, Window};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::database::reach;
use crate::backups::ago;
use crate::cli::ValueArgs;
use crate::cli::words::Form;
use crate::product::streams::database::instance;
use crate::shown::{plain, print, print_json};

/// Lists the snapshots of the instance, automatic ones too, and the times that it can be restored to
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr streams database list -f values.yaml [OPTIONS]")]
pub(super) struct List {
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
    #[command(flatten)]
    values: ValueArgs,
}

/// What RDS has.
struct Found {
    name: String,
    region: String,
    now: Timestamp,
    instance: Option<Instance>,
    window: Option<Window>,
    /// Newest first.
    snapshots: Vec<Snapshot>,
}

impl List {
    pub(super) async fn run(&self) -> Result<()> {
        let (rds, database) = reach(&self.values).await?;
        let found = Found::read(&rds, &instance(&database)?).await?;
        match self.output {
            Form::Text => print(&found.text()),
            Form::Json => print_json(&found.json(), true),
        }
        Ok(())
    }
}

impl Found {
    async fn read(rds: &Rds, id: &hwdr_rds::InstanceId) -> Result<Self> {
        let (instance, window, snapshots) = tokio::join!(rds.instance(id), rds.window(id), rds.snapshots(id));
        let mut snapshots = snapshots?;
        snapshots.reverse();
        Ok(Self {
            name: id.to_string(),
            region: rds.region().to_owned(),
            now: Timestamp::now(),
            instance: instance?,
            window: window?,
            snapshots,
        })
    }

    fn text(&self) -> String {
        let mut text = format!("Instance {} in {}: ", self.name, self.region);
        match &self.instance {
            None => text.push_str("it does not exist any more\n"),
            Some(found) => {
                let settings = &found.settings;
                let class = settings.class.as_deref().map(plain).unwrap_or_default();
                let size = settings.storage_gib.map(|size| format!(", {size} GiB")).unwrap_or_default();
                let _ = writeln!(
                    text,
                    "{}\n  {} {}, {class}{size}",
                    plain(&found.status),
                    plain(&found.engine),
                    plain(&found.version)
                );
            }
        }
        match &self.window {
            None => text.push_str("Point in time: no automatic backups, so there is none\n"),
            Some(window) => {
                let kept = if window.retained { " (kept after the instance was deleted)" } else { "" };
                let _ = writeln!(
                    text,
                    "Point in time: from {} to {} UTC{kept}",
                    time(window.earliest),
                    time(window.latest)
                );
            }
        }
        if self.snapshots.is_empty() {
            text.push_str("Snapshots: none\n");
            return text;
        }
        let longest =
            self.snapshots.iter().map(|snapshot| plain(&snapshot.id).chars().count()).max().unwrap_or_default();
        let _ = writeln!(text, "\n{:longest$}  {:16}  {:>5}  {:>5}  STATE", "SNAPSHOT", "MADE (UTC)", "AGE", "GIB");
        for snapshot in &self.snapshots {
            let made = snapshot.taken.map_or_else(|| "-".to_owned(), time);
            let age = snapshot.taken.map_or_else(|| "-".to_owned(), |taken| ago(self.now.duration_since(taken)));
            let percent = if snapshot.is_available() { String::new() } else { format!(" {} %", snapshot.percent) };
            let _ = writeln!(
                text,
                "{:longest$}  {made:16}  {age:>5}  {:>5}  {}{percent}",
                plain(&snapshot.id),
                snapshot.storage_gib,
                plain(&snapshot.status)
            );
        }
        text
    }

    fn json(&self) -> Json {
        let snapshots: Vec<_> = self.snapshots.iter().map(|snapshot| {
            let kind = match &snapshot.kind {
                Kind::Manual => "manual",
                Kind::Automatic => "automatic",
                Kind::Other(other) => other,
            };
            json!({
                "id": snapshot.id, "kind": kind, "status": snapshot.status, "percent": snapshot.percent, "time": snapshot.taken,
                "engine": snapshot.engine, "version": snapshot.version, "sizeGib": snapshot.storage_gib, "encrypted": snapshot.encrypted,
            })
        }).collect();
        let window = self
            .window
            .as_ref()
            .map(|window| json!({"earliest": window.earliest, "latest": window.latest, "isRetained": window.retained}));
        let instance = self.instance.as_ref().map(|found| {
            json!({
                "status": found.status, "engine": found.engine, "version": found.version,
                "host": found.endpoint.as_ref().map(|endpoint| &endpoint.host),
                "port": found.endpoint.as_ref().map(|endpoint| endpoint.port),
            })
        });
        json!({"name": self.name, "region": self.region, "instance": instance, "pointInTime": window, "snapshots": snapshots})
    }
}

/// Minutes are enough.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hwdr_rds::Settings;

    #[test]
    fn the_list_fits_and_says_what_there_is() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let snapshot = |id: &str, kind, status: &str, percent, taken: Option<&str>| Snapshot {
            id: id.to_owned(),
            kind,
            instance: "streams-prod".to_owned(),
            status: status.to_owned(),
            percent,
            taken: taken.map(at),
            storage_gib: 100,
            ..Snapshot::default()
        };
        let mut found = Found {
            name: "streams-prod".to_owned(),
            region: "eu-west-1".to_owned(),
            now: at("2026-01-02T05:00:00Z"),
            instance: Some(Instance {
                status: "available".to_owned(),
                engine: "mariadb".to_owned(),
                version: "10.11.9".to_owned(),
                settings: Settings {
                    class: Some("db.m6g.large".into()),
                    storage_gib: Some(100),
                    ..Settings::default()
                },
                ..Instance::default()
            }),
            window: None,
            snapshots: vec![
                snapshot("before-\u{1b}[2J", Kind::Manual, "creating", 40, None),
                snapshot(
                    "rds:streams-prod-2026-01-02-03-00",
                    Kind::Automatic,
                    "available",
                    100,
                    Some("2026-01-02T03:00:00Z"),
                ),
            ],
        };
        let text = found.text();
        assert!(
            text.starts_with(
                "Instance streams-prod in eu-west-1: available\n  mariadb 10.11.9, db.m6g.large, 100 GiB\n"
            ),
            "{text}"
        );
        assert!(text.contains("no automatic backups") && text.contains("creating 40 %"), "{text}");
        assert!(!text.contains('\u{1b}') && text.lines().all(|line| line.chars().count() <= 80), "{text}");
        found.instance = None;
        found.snapshots.clear();
        assert!(found.text().contains("does not exist any more") && found.text().ends_with("Snapshots: none\n"));
    }
}
