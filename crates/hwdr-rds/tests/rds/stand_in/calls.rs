//! Each call: its parameters, and what it does.

use std::collections::VecDeque;

use super::changes::{changeable, create_snapshot, modify, restore, restore_time};
use super::world::{Snapshot, World};
use super::{Asked, answers};

/// Status, code, message.
pub(crate) type Refused = (u16, &'static str, String);

/// Parameters of both restores (API reference); those that MariaDB has no use for are left out: to be asked for them is a mistake.
const RESTORE: &str = "DBInstanceClass DBSubnetGroupName DBParameterGroupName OptionGroupName StorageType AllocatedStorage \
    Iops StorageThroughput MultiAZ PubliclyAccessible Port DeletionProtection BackupRetentionPeriod \
    PreferredBackupWindow CACertificateIdentifier EnableIAMDatabaseAuthentication CopyTagsToSnapshot \
    NetworkType AutoMinorVersionUpgrade DedicatedLogVolume Engine \
    VpcSecurityGroupIds.VpcSecurityGroupId. EnableCloudwatchLogsExports.member. Tags.Tag.";
const MODIFY: &str = "DBInstanceIdentifier ApplyImmediately DBInstanceClass DBParameterGroupName OptionGroupName \
    StorageType AllocatedStorage Iops StorageThroughput MaxAllocatedStorage MultiAZ PubliclyAccessible \
    DBPortNumber DeletionProtection BackupRetentionPeriod PreferredBackupWindow \
    PreferredMaintenanceWindow CACertificateIdentifier EnableIAMDatabaseAuthentication \
    CopyTagsToSnapshot NetworkType AutoMinorVersionUpgrade DedicatedLogVolume MonitoringInterval \
    MonitoringRoleArn EnablePerformanceInsights PerformanceInsightsKMSKeyId \
    PerformanceInsightsRetentionPeriod DatabaseInsightsMode VpcSecurityGroupIds.VpcSecurityGroupId. \
    CloudwatchLogsExportConfiguration.";

pub(crate) fn answer(world: &mut World, action: &str, asked: &Asked) -> Result<String, Refused> {
    let known = |required: &str, optional: &[&str]| known(asked, required, optional);
    match action {
        "DescribeDBInstances" => {
            known("", &["DBInstanceIdentifier MaxRecords Marker"])?;
            instances(world, asked)
        }
        "DescribeDBSnapshots" => {
            known("", &["DBInstanceIdentifier DBSnapshotIdentifier MaxRecords Marker IncludeShared"])?;
            snapshots(world, asked)
        }
        "DescribeDBInstanceAutomatedBackups" => {
            known("DBInstanceIdentifier", &[])?;
            backups(world, &asked["DBInstanceIdentifier"])
        }
        "DescribeEvents" => {
            // "If SourceIdentifier is supplied, SourceType must also be provided" (API reference).
            known("SourceIdentifier SourceType Duration", &["MaxRecords"])?;
            let own = world.events.iter().filter(|(id, _)| *id == asked["SourceIdentifier"]);
            let events: String = own
                .map(|(_, message)| {
                    format!("<Event><Message>{message}</Message><Date>2026-01-08T12:00:00Z</Date></Event>")
                })
                .collect();
            Ok(format!("<Events>{events}</Events>"))
        }
        "CreateDBSnapshot" => {
            known("DBInstanceIdentifier DBSnapshotIdentifier", &["Tags.Tag."])?;
            create_snapshot(world, asked)
        }
        "RestoreDBInstanceFromDBSnapshot" => {
            known("DBInstanceIdentifier DBSnapshotIdentifier", &[RESTORE])?;
            let id = &asked["DBSnapshotIdentifier"];
            let from = world.snapshots.get(id).ok_or((404, "DBSnapshotNotFound", format!("{id} not found")))?.clone();
            let (status, _) = from.stands();
            if status != "available" {
                return Err((400, "InvalidDBSnapshotState", format!("Cannot restore from {id}: it is {status}")));
            }
            restore(world, asked, "DBInstanceIdentifier", from.elements)
        }
        "RestoreDBInstanceToPointInTime" => {
            known(
                "TargetDBInstanceIdentifier",
                &[
                    RESTORE,
                    "SourceDBInstanceIdentifier SourceDbiResourceId RestoreTime UseLatestRestorableTime MaxAllocatedStorage",
                ],
            )?;
            restore_time(world, asked)
        }
        "ModifyDBInstance" => {
            known("DBInstanceIdentifier", &[MODIFY])?;
            modify(world, asked)
        }
        "RebootDBInstance" => {
            known("DBInstanceIdentifier", &[])?;
            let instance = changeable(world, asked)?;
            instance.states = VecDeque::from(["available", "rebooting", "available"].map(str::to_owned));
            instance.changes = vec![("reboot".into(), String::new())];
            Ok(answers::instance(instance))
        }
        _ => Err((400, "InvalidAction", format!("Could not find operation {action}"))),
    }
}

/// Refuses what a call does not know, and what it lacks. A name that ends in a dot is a list's.
fn known(asked: &Asked, required: &str, optional: &[&str]) -> Result<(), Refused> {
    if let Some(name) = required.split_whitespace().find(|name| !asked.contains_key(*name)) {
        return Err((400, "MissingParameter", format!("The request must contain the parameter {name}")));
    }
    let all: Vec<_> = optional.iter().copied().chain([required]).flat_map(str::split_whitespace).collect();
    match asked
        .keys()
        .find(|name| !all.iter().any(|known| name == known || known.ends_with('.') && name.starts_with(known)))
    {
        Some(name) => Err((400, "InvalidParameterValue", format!("unknown parameter {name}"))),
        None => Ok(()),
    }
}

fn page<T>(world: &World, asked: &Asked, all: Vec<T>) -> (Vec<T>, String) {
    let from: usize = asked.get("Marker").map_or(0, |marker| marker.parse().unwrap());
    let next = from + world.page;
    let marker = if next < all.len() { format!("<Marker>{next}</Marker>") } else { String::new() };
    (all.into_iter().skip(from).take(world.page).collect(), marker)
}

fn instances(world: &mut World, asked: &Asked) -> Result<String, Refused> {
    let all: Vec<String> = match asked.get("DBInstanceIdentifier") {
        Some(id) if !world.instances.contains_key(id) => {
            return Err((404, "DBInstanceNotFound", format!("DBInstance {id} not found.")));
        }
        Some(id) => vec![id.clone()],
        None => world.instances.keys().cloned().collect(),
    };
    let (some, marker) = page(world, asked, all);
    let mut xml = String::new();
    for id in some {
        let instance = world.instances.get_mut(&id).unwrap();
        xml += &answers::instance(instance);
        instance.look();
    }
    Ok(format!("<DBInstances>{xml}</DBInstances>{marker}"))
}

fn snapshots(world: &mut World, asked: &Asked) -> Result<String, Refused> {
    let id = asked.get("DBSnapshotIdentifier");
    if let Some(id) = id.filter(|id| !world.snapshots.contains_key(*id)) {
        return Err((404, "DBSnapshotNotFound", format!("DBSnapshot {id} not found.")));
    }
    let of = asked.get("DBInstanceIdentifier");
    let fits = |name: &String, snapshot: &Snapshot| {
        id.is_none_or(|id| id == name) && of.is_none_or(|of| *of == snapshot.elements["DBInstanceIdentifier"])
    };
    let all: Vec<String> =
        world.snapshots.iter().filter(|(name, snapshot)| fits(name, snapshot)).map(|(name, _)| name.clone()).collect();
    let (some, marker) = page(world, asked, all);
    let mut xml = String::new();
    for id in some {
        let snapshot = world.snapshots.get_mut(&id).unwrap();
        xml += &answers::snapshot(&id, snapshot);
        snapshot.progress.pop_front();
    }
    Ok(format!("<DBSnapshots>{xml}</DBSnapshots>{marker}"))
}

fn backups(world: &World, id: &str) -> Result<String, Refused> {
    let Some((earliest, latest, retained)) = world.backups.get(id) else {
        return Err((404, "DBInstanceAutomatedBackupNotFound", format!("{id} not found")));
    };
    let status = if *retained { "retained" } else { "active" };
    Ok(format!(
        "<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup><DBInstanceIdentifier>{id}</DBInstanceIdentifier>\
         <DbiResourceId>db-EVENTS</DbiResourceId><Status>{status}</Status><Engine>mariadb</Engine>\
         <EngineVersion>10.11.9</EngineVersion><AllocatedStorage>100</AllocatedStorage><Encrypted>true</Encrypted>\
         <KmsKeyId>arn:aws:kms:eu-north-1:123456789012:key/a</KmsKeyId><OptionGroupName>events-audit</OptionGroupName>\
         <RestoreWindow><EarliestTime>{earliest}</EarliestTime><LatestTime>{latest}</LatestTime></RestoreWindow>\
         </DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>"
    ))
}
