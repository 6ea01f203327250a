//! What the calls that change something do.

use std::collections::{BTreeMap, VecDeque};

use super::calls::Refused;
use super::world::{Instance, World, owned};
use super::{Asked, answers};

impl Instance {
    /// Each look brings it one state further.
    pub(crate) fn look(&mut self) {
        let Some(state) = self.states.pop_front() else { return };
        self.elements.insert("DBInstanceStatus".into(), state);
        if self.states.is_empty() {
            for (name, value) in std::mem::take(&mut self.changes) {
                self.set(&name, &value);
            }
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        match name {
            "reboot" => self.parameter_group.1 = "in-sync".into(),
            "DBParameterGroupName" => self.parameter_group = (value.into(), "pending-reboot".into()),
            "OptionGroupName" => self.option_group = (value.into(), "in-sync".into()),
            "DBSubnetGroupName" => self.subnet_group = value.into(),
            "Port" | "DBPortNumber" => self.port = value.into(),
            "EnableIAMDatabaseAuthentication" => self.put("IAMDatabaseAuthenticationEnabled", value),
            "EnablePerformanceInsights" => self.put("PerformanceInsightsEnabled", value),
            "Engine" | "ApplyImmediately" => {}
            _ if name.starts_with("CloudwatchLogsExportConfiguration.Enable") => self.logs.push(value.into()),
            _ if name.starts_with("CloudwatchLogsExportConfiguration.Disable") => self.logs.retain(|log| log != value),
            _ => self.put(name, value),
        }
    }

    fn put(&mut self, name: &str, value: &str) {
        self.elements.insert(name.into(), value.into());
    }
}

pub(crate) fn create_snapshot(world: &mut World, asked: &Asked) -> Result<String, Refused> {
    let (of, id) = (&asked["DBInstanceIdentifier"], &asked["DBSnapshotIdentifier"]);
    let source = world.instances.get(of).ok_or((404, "DBInstanceNotFound", format!("DBInstance {of} not found.")))?;
    if world.snapshots.contains_key(id) {
        return Err((400, "DBSnapshotAlreadyExists", format!("Cannot create the snapshot: {id} exists.")));
    }
    let status = &source.elements["DBInstanceStatus"];
    if status != "available" {
        return Err((400, "InvalidDBInstanceState", format!("Cannot create a snapshot: {of} is {status}.")));
    }
    let mut snapshot = world.snapshot_of(of, "manual");
    snapshot.progress = VecDeque::from([0, 40, 90]);
    snapshot.tags = tags(asked)?;
    let xml = answers::snapshot(id, &snapshot);
    world.snapshots.insert(id.clone(), snapshot);
    Ok(xml)
}

pub(crate) fn restore_time(world: &mut World, asked: &Asked) -> Result<String, Refused> {
    let combination = |text: &str| Err((400, "InvalidParameterCombination", text.to_owned()));
    let (by_name, by_id) = (asked.get("SourceDBInstanceIdentifier"), asked.get("SourceDbiResourceId"));
    let name = match (by_name, by_id) {
        (Some(name), None) if world.instances.contains_key(name) => name.clone(),
        (Some(name), None) => return Err((404, "DBInstanceNotFound", format!("DBInstance {name} not found."))),
        (None, Some(id)) if id == "db-EVENTS" => "events".to_owned(),
        (None, Some(id)) => return Err((404, "DBInstanceAutomatedBackupNotFound", id.clone())),
        _ => return combination("exactly one source"),
    };
    let Some((earliest, latest, _)) = world.backups.get(&name) else {
        return Err((400, "PointInTimeRestoreNotEnabled", name));
    };
    match (asked.get("RestoreTime"), asked.get("UseLatestRestorableTime")) {
        (Some(time), None) if time >= earliest && time <= latest => {}
        (Some(time), None) => return Err((400, "InvalidParameterValue", format!("{time} is not restorable"))),
        (None, Some(_)) => {}
        _ => return combination("exactly one of RestoreTime and UseLatestRestorableTime"),
    }
    let elements = world.snapshots["rds:events-2026-01-01-03-00"].elements.clone();
    restore(world, asked, "TargetDBInstanceIdentifier", elements)
}

pub(crate) fn restore(
    world: &mut World,
    asked: &Asked,
    target: &str,
    from: BTreeMap<String, String>,
) -> Result<String, Refused> {
    let refuse = |code, message: &str| Err((400, code, message.to_owned()));
    let id = asked[target].clone();
    if world.instances.contains_key(&id) {
        return refuse("DBInstanceAlreadyExists", "DB instance already exists");
    }
    if world.instances.len() >= world.quota {
        return refuse(
            "InstanceQuotaExceeded",
            "The request cannot be processed because it would exceed the maximum number of instances",
        );
    }
    if asked.get("Engine").is_some_and(|engine| *engine != from["Engine"]) {
        return refuse("InvalidParameterCombination", "The engine does not match the snapshot's");
    }
    sound(world, asked, &from["EngineVersion"], &from["AllocatedStorage"])?;
    // What is not given is RDS's default, not the source's: the default groups, one zone, no protection.
    let mut new = Instance {
        elements: owned(&[
            ("DBInstanceClass", "db.r6g.large"),
            ("MultiAZ", "false"),
            ("PubliclyAccessible", "true"),
            ("DeletionProtection", "false"),
            ("BackupRetentionPeriod", "1"),
            ("PreferredBackupWindow", "23:00-23:30"),
            ("PreferredMaintenanceWindow", "mon:01:00-mon:01:30"),
            ("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
            ("IAMDatabaseAuthenticationEnabled", "false"),
            ("CopyTagsToSnapshot", "false"),
            ("NetworkType", "IPV4"),
            ("AutoMinorVersionUpgrade", "true"),
            ("DedicatedLogVolume", "false"),
            ("MonitoringInterval", "0"),
            ("PerformanceInsightsEnabled", "false"),
            ("Iops", "3000"),
            ("StorageThroughput", "125"),
            ("MasterUsername", "root"),
        ]),
        parameter_group: ("default.mariadb10.11".into(), "in-sync".into()),
        option_group: ("default:mariadb-10-11".into(), "in-sync".into()),
        subnet_group: "default".into(),
        security_groups: vec!["sg-default".into()],
        port: "3306".into(),
        tags: tags(asked)?,
        states: world.states.iter().skip(1).map(|state| (*state).to_owned()).collect(),
        ..Instance::default()
    };
    for name in ["Engine", "EngineVersion", "AllocatedStorage", "StorageType", "KmsKeyId"] {
        new.put(name, &from[name]);
    }
    new.put("StorageEncrypted", "true");
    for (name, value) in asked.iter().filter(|(name, _)| !world.forgets.contains(&name.as_str())) {
        match name.as_str() {
            _ if name.starts_with("VpcSecurityGroupIds.") => new.security_groups = vec![value.clone()],
            _ if name.starts_with("EnableCloudwatchLogsExports.") => new.logs.push(value.clone()),
            _ if name.contains("Identifier") && name != "CACertificateIdentifier" => {}
            _ if name.starts_with("Tags.") || name.starts_with("Source") || name.contains("Time") => {}
            "DBParameterGroupName" => {
                let status = if world.needs_reboot { "pending-reboot" } else { "in-sync" };
                new.parameter_group = (value.clone(), status.into());
            }
            _ => new.set(name, value),
        }
    }
    new.put("DBInstanceIdentifier", &id);
    new.put("DbiResourceId", "db-NEW");
    new.put("DBInstanceStatus", world.states[0]);
    let xml = answers::instance(&new);
    world.instances.insert(id, new);
    Ok(xml)
}

/// What RDS checks of a restore's and a change's parameters.
fn sound(world: &World, asked: &Asked, version: &str, storage: &str) -> Result<(), Refused> {
    let refuse = |code, message: String| Err((400, code, message));
    for (parameter, kind, code) in [
        ("DBSubnetGroupName", "subnet", "DBSubnetGroupNotFoundFault"),
        ("DBParameterGroupName", "parameter", "DBParameterGroupNotFound"),
        ("OptionGroupName", "option", "OptionGroupNotFoundFault"),
    ] {
        let Some(name) = asked.get(parameter) else { continue };
        match world.group(kind, name) {
            None => return Err((404, code, format!("{name} does not exist"))),
            Some(of) if !of.is_empty() && !version.starts_with(of) => {
                return refuse("InvalidParameterCombination", format!("{name} cannot be used with version {version}"));
            }
            Some(_) => {}
        }
    }
    for (_, group) in asked.iter().filter(|(name, _)| name.starts_with("VpcSecurityGroupIds.")) {
        if world.group("security", group).is_none() {
            return refuse("InvalidParameterValue", format!("Invalid security group {group}"));
        }
    }
    let number = |name: &str| asked.get(name).map(|text| text.parse::<u32>().unwrap());
    let (has, asked_size) = (storage.parse::<u32>().unwrap(), number("AllocatedStorage"));
    if asked_size.is_some_and(|size| size < has) {
        return refuse("InvalidParameterValue", format!("Invalid storage size: it must be at least {has}"));
    }
    let told = asked.contains_key("Iops") || asked.contains_key("StorageThroughput");
    if told && asked_size.unwrap_or(has) < 400 && asked.get("StorageType").is_none_or(|kind| kind == "gp3") {
        let text = "You can't specify IOPS or storage throughput for engine mariadb and a storage size less than 400.";
        return refuse("InvalidParameterCombination", text.to_owned());
    }
    match (number("MonitoringInterval"), asked.get("MonitoringRoleArn")) {
        (Some(0) | None, None) | (Some(1..), Some(_)) => Ok(()),
        _ => refuse("InvalidParameterCombination", "A MonitoringRoleARN value is required".to_owned()),
    }
}

/// The tags of a call, numbered from 1.
fn tags(asked: &Asked) -> Result<BTreeMap<String, String>, Refused> {
    let mut tags = BTreeMap::new();
    for number in 1.. {
        let Some(key) = asked.get(&format!("Tags.Tag.{number}.Key")) else { break };
        if key.starts_with("aws:") || number > 50 {
            return Err((400, "InvalidParameterValue", format!("{key}: not a tag that may be set")));
        }
        tags.insert(key.clone(), asked[&format!("Tags.Tag.{number}.Value")].clone());
    }
    Ok(tags)
}

pub(crate) fn changeable<'w>(world: &'w mut World, asked: &Asked) -> Result<&'w mut Instance, Refused> {
    let id = &asked["DBInstanceIdentifier"];
    let instance =
        world.instances.get_mut(id).ok_or((404, "DBInstanceNotFound", format!("DBInstance {id} not found.")))?;
    let status = &instance.elements["DBInstanceStatus"];
    if status != "available" {
        return Err((400, "InvalidDBInstanceState", format!("Database instance is not in available state: {status}")));
    }
    Ok(instance)
}

pub(crate) fn modify(world: &mut World, asked: &Asked) -> Result<String, Refused> {
    let (version, storage) = {
        let instance = changeable(world, asked)?;
        (instance.elements["EngineVersion"].clone(), instance.elements["AllocatedStorage"].clone())
    };
    sound(world, asked, &version, &storage)?;
    if asked.get("ApplyImmediately").is_none_or(|at_once| at_once != "true") {
        return Err((400, "InvalidParameterCombination", "the stand-in has no maintenance windows".into()));
    }
    let instance = changeable(world, asked)?;
    // The status follows a little later.
    instance.states.extend(["available", "modifying", "available"].map(str::to_owned));
    for (name, value) in asked.iter().filter(|(name, _)| *name != "DBInstanceIdentifier") {
        match name.strip_prefix("VpcSecurityGroupIds.") {
            Some(_) => instance.security_groups = vec![value.clone()],
            None => instance.changes.push((name.clone(), value.clone())),
        }
    }
    Ok(answers::instance(instance))
}
