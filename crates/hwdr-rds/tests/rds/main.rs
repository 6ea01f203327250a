//! Snapshots and restores on the stand-in: whole ones, interrupted ones, and all ways in which they fail.

mod connects;
mod faults;
mod restores;
mod snapshots;
mod stand_in;

use std::time::Duration;

use hwdr_rds::{
    Ask, Backup, Begun, Instance, InstanceId, Plan, Problem, Progress, RUN_TAG, Rds, RunId, Settings, Snapshot,
    SnapshotId, When, Window, compare,
};
use stand_in::{Fault, StandIn, World, client, wait};

const AUTOMATIC: &str = "rds:events-2026-01-01-03-00";

fn id(text: &str) -> InstanceId {
    text.parse().unwrap()
}

fn snapshot_id(text: &str) -> SnapshotId {
    text.parse().unwrap()
}

fn run(text: &str) -> RunId {
    text.parse().unwrap()
}

async fn source(rds: &Rds) -> Instance {
    rds.instance(&id("events")).await.unwrap().unwrap()
}

async fn snapshot(rds: &Rds, name: &str) -> Snapshot {
    rds.snapshot(&snapshot_id(name)).await.unwrap().unwrap()
}

fn plan_with(source: Option<&Instance>, backup: Backup<'_>, given: &Settings) -> Plan {
    let (run, target) = (run("run-1"), id("events-2"));
    Plan::of(&Ask { run: &run, target: &target, there: None, source, backup, given }).unwrap()
}

async fn plan(rds: &Rds) -> Plan {
    let (source, snapshot) = (source(rds).await, snapshot(rds, AUTOMATIC).await);
    plan_with(Some(&source), Backup::Snapshot(&snapshot), &Settings::default())
}

fn quiet() -> impl FnMut(&Progress) + Send {
    |_: &Progress| {}
}

/// What a restore of the plan ends with.
async fn fails(stand_in: &StandIn) -> hwdr_rds::Error {
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    rds.restore(&plan, &wait(), &mut quiet()).await.unwrap_err()
}
