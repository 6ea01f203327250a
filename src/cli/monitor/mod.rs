//! `hwdr monitor`: the status of backups as metrics over HTTP, and all that Prometheus and a cluster need for it.

mod board;
mod follow;
mod manifests;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::Args;
use jiff::SignedDuration;
use tokio::net::TcpListener;

use super::backups::look::LookArgs;
use super::connection::block_on;
use super::messages::Failure;
use super::status::age;
use crate::leave;
use crate::names::is_namespace;
use crate::shown::{print_data, tell};
use board::Board;
use manifests::Manifests;

/// The alerts, as Prometheus reads them.
const ALERTS: &str = include_str!("alerts.yaml");
/// The dashboard, as Grafana imports it.
const DASHBOARD: &str = include_str!("dashboard.json");
/// What in the alerts is about all releases, unless one is named.
const ABSENT: &str = "absent(hwdr_look_timestamp_seconds)";

/// Serves the status of backups to Prometheus, or prints what runs that in the cluster
///
/// /metrics has what "status -o prometheus" prints, kept up to date by watches. /healthz answers 200 while the cluster is seen, and else 503 and why.
/// While it is not seen, the metrics stay as they were, and hwdr_look_timestamp_seconds with them.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Where to listen. Whoever reaches it can read the metrics
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9713")]
    listen: SocketAddr,
    /// The age at which a backup is too old: 36h, 8d [default: 1.5 times the schedule's longest interval]
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<SignedDuration>,
    /// Look at the bucket in the values, too, every 15 minutes, with this machine's credentials: does it keep old versions, and for long enough?
    #[arg(long, conflicts_with_all = ["manifests", "alerts", "dashboard"])]
    with_bucket: bool,
    /// Print the manifests that run it in the cluster
    #[arg(long, requires = "image", conflicts_with_all = ["alerts", "dashboard", "listen"])]
    manifests: bool,
    /// Print Prometheus' rules
    #[arg(long, conflicts_with_all = ["dashboard", "listen"])]
    alerts: bool,
    /// Print the dashboard for Grafana
    #[arg(long, conflicts_with = "listen")]
    dashboard: bool,
    /// hwdr's own image ("make image"), for --manifests
    #[arg(long, value_name = "NAME", requires = "manifests", value_parser = manifests::image)]
    image: Option<String>,
    /// The Secret with the registry's password, for --manifests
    #[arg(long, value_name = "NAME", requires = "manifests", value_parser = manifests::object_name)]
    pull_secret: Option<String>,
    /// With a ServiceMonitor and a PrometheusRule, for --manifests
    #[arg(long, requires = "manifests")]
    prometheus_operator: bool,
    #[command(flatten)]
    look: LookArgs,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        if self.dashboard {
            print_data(DASHBOARD);
        } else if self.alerts {
            print_data(&self.rules());
        } else if self.manifests {
            print_data(&self.manifests()?);
        } else {
            block_on(self.serve())?;
        }
        Ok(())
    }

    /// Prometheus' rules. If a release is named, its metrics may not be absent though there are those of others.
    fn rules(&self) -> String {
        let Some(release) = self.look.release() else { return ALERTS.to_owned() };
        let labels = format!("namespace=\"{}\",release=\"{release}\"", self.namespace());
        ALERTS.replace(ABSENT, &format!("absent(hwdr_look_timestamp_seconds{{{labels}}})"))
    }

    fn namespace(&self) -> &str {
        self.look.namespace().unwrap_or(manifests::NAMESPACE)
    }

    fn manifests(&self) -> Result<String> {
        let namespace = self.namespace();
        ensure!(is_namespace(namespace), Failure::unusable(format!("{namespace:?} cannot be the name of a namespace")));
        let target = self.look.target(namespace)?;
        let rules = self.rules();
        let manifests = Manifests {
            target: &target,
            values: self.look.values()?.cloned(),
            image: self.image.as_deref().unwrap_or_default(),
            pull_secret: self.pull_secret.as_deref(),
            max_age: self.max_age,
            rules: self.prometheus_operator.then_some(rules.as_str()),
        };
        Ok(manifests.text()?)
    }

    async fn serve(self) -> Result<()> {
        leave::on_signals();
        let cluster = self.look.connect().await?.hurried(follow::PATIENCE);
        let target = self.look.target(&cluster.namespace)?;
        let bucket = if self.with_bucket { Some(self.look.bucket()?) } else { None };
        let listener = TcpListener::bind(self.listen).await.map_err(|error| {
            Failure::unusable(format!("cannot listen on {}: {error}", self.listen))
                .help("choose another address or port: --listen 127.0.0.1:9714")
        })?;
        // With port 0, the system has chosen one.
        tell(&format!("hwdr: metrics at http://{}/metrics", listener.local_addr().unwrap_or(self.listen)));
        let board = Arc::new(Board::default());
        tokio::spawn(serve::serve(listener, board.clone()));
        follow::follow(&cluster, &target, self.max_age, bucket, &board).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
