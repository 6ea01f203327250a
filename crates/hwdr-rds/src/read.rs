//! The SDK's answers become types. RDS leaves out what does not apply, so that nothing but a name is required.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types as sdk;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::{Endpoint, Insights, Instance, Kind, Member, Monitoring, Settings, Snapshot, Window};

/// The default of Database Insights.
const STANDARD: &str = "standard";

/// An instance; `None`: the answer does not even name it.
pub(crate) fn instance(from: &sdk::DbInstance) -> Option<Instance> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let owned = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let subnets = from.db_subnet_group();
    Some(Instance {
        id: owned(from.db_instance_identifier())?,
        resource_id: owned(from.dbi_resource_id()),
        status: text(from.db_instance_status()),
        percent: from.percent_progress().and_then(|text| text.trim_end_matches('%').trim().parse().ok()),
        created: from.instance_create_time().and_then(time),
        endpoint: from.endpoint().and_then(endpoint),
        engine: text(from.engine()),
        version: text(from.engine_version()),
        encrypted: from.storage_encrypted().unwrap_or_default(),
        key: owned(from.kms_key_id()),
        vpc: subnets.and_then(|group| owned(group.vpc_id())),
        master_user: owned(from.master_username()),
        managed_password: from.master_user_secret().is_some_and(|secret| secret.secret_arn().is_some()),
        replica_of: owned(from.read_replica_source_db_instance_identifier()),
        replicas: from.read_replica_db_instance_identifiers().to_vec(),
        latest_restorable: from.latest_restorable_time().and_then(time),
        parameter_groups: members(from.db_parameter_groups(), |group| {
            (group.db_parameter_group_name(), group.parameter_apply_status())
        }),
        option_groups: members(from.option_group_memberships(), |group| (group.option_group_name(), group.status())),
        security_groups: members(from.vpc_security_groups(), |group| (group.vpc_security_group_id(), group.status())),
        pending: from.pending_modified_values().map(pending).unwrap_or_default(),
        settings: settings(from),
        tags: tags(from.tag_list()),
    })
}

fn settings(from: &sdk::DbInstance) -> Settings {
    let owned = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let monitoring =
        |interval: u32| Monitoring { interval, role: owned(from.monitoring_role_arn()).filter(|_| interval > 0) };
    let insights = |on: bool| Insights {
        on,
        key: owned(from.performance_insights_kms_key_id()).filter(|_| on),
        days: from.performance_insights_retention_period().and_then(count).filter(|_| on),
        mode: from.database_insights_mode().map(|mode| mode.as_str().to_owned()).filter(|mode| on && mode != STANDARD),
    };
    // A group that is being left still stands in the list.
    let stays = |status: Option<&str>| !status.unwrap_or_default().contains("remov");
    Settings {
        class: owned(from.db_instance_class()),
        subnet_group: from.db_subnet_group().and_then(|group| owned(group.db_subnet_group_name())),
        security_groups: Some(
            from.vpc_security_groups()
                .iter()
                .filter(|group| stays(group.status()))
                .filter_map(|group| owned(group.vpc_security_group_id()))
                .collect(),
        ),
        parameter_group: from.db_parameter_groups().first().and_then(|group| owned(group.db_parameter_group_name())),
        option_group: from
            .option_group_memberships()
            .iter()
            .find(|group| stays(group.status()))
            .and_then(|group| owned(group.option_group_name())),
        storage_type: owned(from.storage_type()),
        storage_gib: from.allocated_storage().and_then(count),
        iops: from.iops().and_then(count).filter(|iops| *iops > 0),
        throughput: from.storage_throughput().and_then(count).filter(|rate| *rate > 0),
        storage_limit_gib: from.max_allocated_storage().and_then(count),
        multi_az: from.multi_az(),
        public: from.publicly_accessible(),
        // DbInstancePort is 0 for all instances outside a cluster: the endpoint has the port.
        port: from.endpoint().and_then(|endpoint| port(endpoint.port())).or_else(|| port(from.db_instance_port())),
        deletion_protection: from.deletion_protection(),
        backup_days: from.backup_retention_period().and_then(count),
        backup_window: owned(from.preferred_backup_window()),
        maintenance_window: owned(from.preferred_maintenance_window()).map(|window| window.to_ascii_lowercase()),
        ca: owned(from.ca_certificate_identifier()),
        iam_login: from.iam_database_authentication_enabled(),
        tags_to_snapshots: from.copy_tags_to_snapshot(),
        log_exports: Some(from.enabled_cloudwatch_logs_exports().iter().cloned().collect::<BTreeSet<_>>()),
        monitoring: Some(monitoring(from.monitoring_interval().and_then(count).unwrap_or_default())),
        insights: Some(insights(from.performance_insights_enabled().unwrap_or_default())),
        network: owned(from.network_type()),
        minor_upgrades: from.auto_minor_version_upgrade(),
        log_volume: from.dedicated_log_volume(),
    }
}

/// A snapshot; `None`: the answer does not even name it.
pub(crate) fn snapshot(from: &sdk::DbSnapshot) -> Option<Snapshot> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Some(Snapshot {
        id: from.db_snapshot_identifier().map(str::to_owned)?,
        kind: match from.snapshot_type() {
            Some("manual") | None => Kind::Manual,
            Some("automated") => Kind::Automatic,
            Some(other) => Kind::Other(other.to_owned()),
        },
        instance: text(from.db_instance_identifier()),
        resource_id: from.dbi_resource_id().map(str::to_owned),
        status: text(from.status()).to_ascii_lowercase(),
        percent: from.percent_progress().and_then(|percent| u8::try_from(percent).ok()).unwrap_or_default(),
        taken: from.snapshot_database_time().or(from.snapshot_create_time()).and_then(time),
        engine: text(from.engine()),
        version: text(from.engine_version()),
        storage_gib: from.allocated_storage().and_then(count).unwrap_or_default(),
        encrypted: from.encrypted().unwrap_or_default(),
        key: from.kms_key_id().map(str::to_owned),
        option_group: from.option_group_name().map(str::to_owned),
        tags: tags(from.tag_list()),
    })
}

/// A window; `None`: there is none yet.
pub(crate) fn window(from: &sdk::DbInstanceAutomatedBackup) -> Option<Window> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let window = from.restore_window()?;
    Some(Window {
        instance: from.db_instance_identifier().map(str::to_owned)?,
        resource_id: text(from.dbi_resource_id()),
        retained: from.status() == Some("retained"),
        earliest: window.earliest_time().and_then(time)?,
        latest: window.latest_time().and_then(time)?,
        engine: text(from.engine()),
        version: text(from.engine_version()),
        storage_gib: from.allocated_storage().and_then(count).unwrap_or_default(),
        encrypted: from.encrypted().unwrap_or_default(),
        key: from.kms_key_id().map(str::to_owned),
        option_group: from.option_group_name().map(str::to_owned),
    })
}

/// What an instance has been told and does not do yet. The password's own entry is not read.
fn pending(from: &sdk::PendingModifiedValues) -> Vec<&'static str> {
    let logs = from.pending_cloudwatch_logs_exports();
    [
        ("instance class", from.db_instance_class().is_some()),
        ("storage", from.allocated_storage().is_some()),
        ("port", from.port().is_some()),
        ("backup retention", from.backup_retention_period().is_some()),
        ("multi-AZ", from.multi_az().is_some()),
        ("version", from.engine_version().is_some()),
        ("IOPS", from.iops().is_some()),
        ("storage throughput", from.storage_throughput().is_some()),
        ("storage type", from.storage_type().is_some()),
        ("certificate authority", from.ca_certificate_identifier().is_some()),
        ("subnet group", from.db_subnet_group_name().is_some()),
        (
            "log exports",
            logs.is_some_and(|logs| !logs.log_types_to_enable().is_empty() || !logs.log_types_to_disable().is_empty()),
        ),
        ("IAM authentication", from.iam_database_authentication_enabled().is_some()),
        ("dedicated log volume", from.dedicated_log_volume().is_some()),
    ]
    .into_iter()
    .filter_map(|(what, is)| is.then_some(what))
    .collect()
}

fn members<T>(list: &[T], read: impl for<'a> Fn(&'a T) -> (Option<&'a str>, Option<&'a str>)) -> Vec<Member> {
    let member = |one| match read(one) {
        (Some(name), status) => Some(Member { name: name.to_owned(), status: status.unwrap_or_default().to_owned() }),
        (None, _) => None,
    };
    list.iter().filter_map(member).collect()
}

fn tags(list: &[sdk::Tag]) -> BTreeMap<String, String> {
    list.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

fn endpoint(from: &sdk::Endpoint) -> Option<Endpoint> {
    let host = from.address().filter(|host| is_host(host))?;
    Some(Endpoint { host: host.to_owned(), port: port(from.port())? })
}

/// It goes into values files and commands.
fn is_host(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
}

fn port(number: Option<i32>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0)
}

fn count(number: i32) -> Option<u32> {
    u32::try_from(number).ok()
}

/// The SDK's time as ours.
pub(crate) fn time(from: &DateTime) -> Option<Timestamp> {
    Timestamp::new(from.secs(), i32::try_from(from.subsec_nanos()).ok()?).ok()
}
