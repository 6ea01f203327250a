//! The calls that change an instance. They only accept one that the run has made: [`Owned`] is the proof.

use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DatabaseInsightsMode};

use crate::call::failed;
use crate::take::{list, number};
use crate::{Error, Instance, Rds, RunId, Settings};

const MODIFY: &str = "rds:ModifyDBInstance";
const REBOOT: &str = "rds:RebootDBInstance";

/// An instance with the run's tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owned<'a>(&'a Instance);

impl<'a> Owned<'a> {
    /// `None`: the run has not made it.
    pub(crate) fn of(instance: &'a Instance, run: &RunId) -> Option<Self> {
        instance.is_of(run).then_some(Self(instance))
    }
}

impl Rds {
    /// Asks for these settings, at once. Nothing uses the instance yet, so that a restart does not matter.
    pub(crate) async fn modify(&self, instance: Owned<'_>, change: &Settings) -> Result<(), Error> {
        let Owned(instance) = instance;
        let mut call = self
            .client
            .modify_db_instance()
            .db_instance_identifier(&instance.id)
            .apply_immediately(true)
            .set_db_instance_class(change.class.clone())
            .set_vpc_security_group_ids(list(change.security_groups.as_ref()))
            .set_db_parameter_group_name(change.parameter_group.clone())
            .set_option_group_name(change.option_group.clone())
            .set_storage_type(change.storage_type.clone())
            .set_allocated_storage(number(change.storage_gib))
            .set_iops(number(change.iops))
            .set_storage_throughput(number(change.throughput))
            .set_max_allocated_storage(number(change.storage_limit_gib))
            .set_multi_az(change.multi_az)
            .set_publicly_accessible(change.public)
            .set_db_port_number(change.port.map(i32::from))
            .set_deletion_protection(change.deletion_protection)
            .set_backup_retention_period(number(change.backup_days))
            .set_preferred_backup_window(change.backup_window.clone())
            .set_preferred_maintenance_window(change.maintenance_window.clone())
            .set_ca_certificate_identifier(change.ca.clone())
            .set_enable_iam_database_authentication(change.iam_login)
            .set_copy_tags_to_snapshot(change.tags_to_snapshots)
            .set_network_type(change.network.clone())
            .set_auto_minor_version_upgrade(change.minor_upgrades)
            .set_dedicated_log_volume(change.log_volume);
        // The storage's parts only go together: RDS refuses IOPS without a type, and io1 without IOPS.
        if change.iops.is_some() || change.throughput.is_some() || change.storage_type.is_some() {
            let has = &instance.settings;
            let of = |new: Option<u32>, old: Option<u32>| number(new.or(old));
            call = call.set_allocated_storage(of(change.storage_gib, has.storage_gib));
            call = call.set_storage_type(change.storage_type.clone().or_else(|| has.storage_type.clone()));
        }
        if let Some(exports) = &change.log_exports {
            let has = instance.settings.log_exports.clone().unwrap_or_default();
            let logs = CloudwatchLogsExportConfiguration::builder()
                .set_enable_log_types(list(Some(&exports.difference(&has).cloned().collect())))
                .set_disable_log_types(list(Some(&has.difference(exports).cloned().collect())));
            call = call.cloudwatch_logs_export_configuration(logs.build());
        }
        if let Some(monitoring) = &change.monitoring {
            call = call.set_monitoring_interval(number(Some(monitoring.interval)));
            call = call.set_monitoring_role_arn(monitoring.role.clone());
        }
        if let Some(insights) = &change.insights {
            call = call
                .enable_performance_insights(insights.on)
                .set_performance_insights_kms_key_id(insights.key.clone())
                .set_performance_insights_retention_period(number(insights.days))
                .set_database_insights_mode(insights.mode.as_deref().map(DatabaseInsightsMode::from));
        }
        call.send().await.map(drop).map_err(|error| failed(MODIFY, format!("instance {}", instance.id), error))
    }

    /// Restarts it.
    pub(crate) async fn reboot(&self, instance: Owned<'_>) -> Result<(), Error> {
        let Owned(instance) = instance;
        let call = self.client.reboot_db_instance().db_instance_identifier(&instance.id);
        call.send().await.map(drop).map_err(|error| failed(REBOOT, format!("instance {}", instance.id), error))
    }
}
