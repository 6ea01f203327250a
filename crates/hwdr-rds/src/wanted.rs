//! The settings that a new instance is to have. Pure.

use crate::instance::major;
use crate::plan::Facts;
use crate::{Ask, Instance, Refused, Settings};

/// gp3 volumes of MariaDB below this size (GiB) have a fixed performance, and RDS refuses to be told ("Amazon RDS DB instance storage",
/// user guide).
const GP3_FIXED: u32 = 400;

/// The source's settings where none are given; without a source the given ones.
///
/// # Errors
/// If something is missing, or cannot be.
pub(crate) fn wanted(ask: &Ask<'_>, backup: &Facts<'_>) -> Result<Settings, Refused> {
    let mut wanted = match ask.source {
        Some(source) => of_source(ask.given, source, backup)?,
        None => of_none(ask.given, backup)?,
    };
    if let Some(asked) = ask.given.storage_gib.filter(|asked| *asked < backup.storage_gib) {
        return Err(Refused::TooSmall { asked, least: backup.storage_gib });
    }
    // A source that was replaced since may be smaller than the backup.
    wanted.storage_gib = wanted.storage_gib.map(|size| size.max(backup.storage_gib));
    // The limit must be above the size, which the backup may have raised.
    wanted.storage_limit_gib = wanted.storage_limit_gib.filter(|limit| Some(*limit) > wanted.storage_gib);
    let was_fixed = ask.source.is_some_and(|source| source.settings.storage_gib.is_some_and(|size| size < GP3_FIXED));
    match wanted.storage_type.as_deref() {
        // What RDS reports of a fixed volume is no wish; of a bigger one it would be too little.
        Some("gp3") if wanted.storage_gib.is_none_or(|size| size < GP3_FIXED) || was_fixed => {
            wanted.iops = ask.given.iops;
            wanted.throughput = ask.given.throughput;
        }
        Some("gp3") => {}
        Some("io1" | "io2") => wanted.throughput = None,
        _ => (wanted.iops, wanted.throughput) = (None, None),
    }
    accepted(&wanted)?;
    Ok(wanted)
}

/// The source's settings, where none are given. Groups of another major version cannot be taken; RDS chooses the default ones itself.
fn of_source(given: &Settings, source: &Instance, backup: &Facts<'_>) -> Result<Settings, Refused> {
    let mut own = source.settings.clone();
    if source.major() != major(backup.version) {
        let mut names = Vec::new();
        for (what, group, given) in [
            ("parameter group", &mut own.parameter_group, &given.parameter_group),
            ("option group", &mut own.option_group, &given.option_group),
        ] {
            // RDS's names for its own: `default.mariadb10.11`, `default:mariadb-10-11`.
            if given.is_none() && group.take().is_some_and(|group| !group.starts_with("default")) {
                names.push(what);
            }
        }
        if !names.is_empty() {
            let (backup, source_version) = (backup.version.to_owned(), source.version.clone());
            return Err(Refused::OtherVersion { backup, source_version, names });
        }
    }
    Ok(given.or(&own))
}

/// Only what was given, and what the backup knows. RDS's defaults would open the instance to the default security group, and drop the standby.
fn of_none(given: &Settings, backup: &Facts<'_>) -> Result<Settings, Refused> {
    let needed = [
        ("instance class", given.class.is_some()),
        ("subnet group", given.subnet_group.is_some()),
        ("security groups", given.security_groups.as_ref().is_some_and(|groups| !groups.is_empty())),
        ("parameter group", given.parameter_group.is_some()),
        ("multi-AZ", given.multi_az.is_some()),
    ];
    let names: Vec<_> = needed.into_iter().filter_map(|(what, is)| (!is).then_some(what)).collect();
    if !names.is_empty() {
        return Err(Refused::Missing { names });
    }
    let mut wanted = given.clone();
    wanted.option_group = wanted.option_group.or_else(|| backup.option_group.map(str::to_owned));
    // Whether it was is not known: the safe one.
    wanted.public = wanted.public.or(Some(false));
    Ok(wanted)
}

/// What RDS would refuse anyway, but only after the instance was made.
fn accepted(wanted: &Settings) -> Result<(), Refused> {
    let refused = |what, given: String, expected| Err(Refused::NotASetting { what, given, expected });
    if let Some(port) = wanted.port.filter(|port| *port < 1150) {
        return refused("port", port.to_string(), "from 1150 to 65535");
    }
    if let Some(days) = wanted.backup_days.filter(|days| *days > 35) {
        return refused("backup retention", days.to_string(), "from 0 to 35 days");
    }
    match &wanted.monitoring {
        Some(monitoring) if monitoring.interval > 0 && monitoring.role.is_none() => {
            refused("enhanced monitoring", monitoring.to_string(), "given with the ARN of its role")
        }
        _ => Ok(()),
    }
}
