//! The two calls that restore: into a new instance, with every setting that they accept.

use aws_sdk_rds::types::Tag;
use aws_smithy_types::DateTime;

use crate::call::failed;
use crate::plan::{Origin, Plan, Source};
use crate::{ENGINE, Error, Rds};

const FROM_SNAPSHOT: &str = "rds:RestoreDBInstanceFromDBSnapshot";
const FROM_TIME: &str = "rds:RestoreDBInstanceToPointInTime";

/// Both calls take these under the same names.
macro_rules! with_settings {
    ($call:expr, $wanted:expr, $tags:expr) => {
        $call
            .engine(ENGINE)
            .set_db_instance_class($wanted.class.clone())
            .set_db_subnet_group_name($wanted.subnet_group.clone())
            .set_vpc_security_group_ids(list($wanted.security_groups.as_ref()))
            .set_db_parameter_group_name($wanted.parameter_group.clone())
            .set_option_group_name($wanted.option_group.clone())
            .set_storage_type($wanted.storage_type.clone())
            .set_allocated_storage(number($wanted.storage_gib))
            .set_iops(number($wanted.iops))
            .set_storage_throughput(number($wanted.throughput))
            .set_multi_az($wanted.multi_az)
            .set_publicly_accessible($wanted.public)
            .set_port($wanted.port.map(i32::from))
            .set_deletion_protection($wanted.deletion_protection)
            .set_backup_retention_period(number($wanted.backup_days))
            .set_preferred_backup_window($wanted.backup_window.clone())
            .set_ca_certificate_identifier($wanted.ca.clone())
            .set_enable_iam_database_authentication(if_on($wanted.iam_login))
            .set_copy_tags_to_snapshot($wanted.tags_to_snapshots)
            .set_enable_cloudwatch_logs_exports(list($wanted.log_exports.as_ref()))
            .set_network_type($wanted.network.clone())
            .set_auto_minor_version_upgrade($wanted.minor_upgrades)
            .set_dedicated_log_volume(if_on($wanted.log_volume))
            .set_tags(Some($tags))
    };
}

impl Rds {
    /// Asks for the new instance. It is not there yet when this returns.
    pub(crate) async fn take(&self, plan: &Plan) -> Result<(), Error> {
        let (wanted, tags) = (&plan.wanted, tags(&plan.tags));
        let what = || format!("instance {}", plan.target);
        match &plan.origin {
            Origin::Snapshot(snapshot) => {
                let call = self.client.restore_db_instance_from_db_snapshot();
                let call = call.db_instance_identifier(plan.target.as_str()).db_snapshot_identifier(snapshot.as_str());
                let call = with_settings!(call, wanted, tags);
                call.send().await.map(drop).map_err(|error| failed(FROM_SNAPSHOT, what(), error))
            }
            Origin::Time { of, at } => {
                let call = self.client.restore_db_instance_to_point_in_time();
                let call = call.target_db_instance_identifier(plan.target.as_str());
                let call = match of {
                    Source::Instance(id) => call.source_db_instance_identifier(id.as_str()),
                    Source::Retained(id) => call.source_dbi_resource_id(id),
                };
                let call = match at {
                    Some(at) => call.restore_time(DateTime::from_nanos(at.as_nanosecond()).unwrap_or_else(|_| {
                        // Both count from 1970 in whole seconds and nanoseconds.
                        DateTime::from_secs(at.as_second())
                    })),
                    None => call.use_latest_restorable_time(true),
                };
                let call =
                    with_settings!(call, wanted, tags).set_max_allocated_storage(number(wanted.storage_limit_gib));
                call.send().await.map(drop).map_err(|error| failed(FROM_TIME, what(), error))
            }
        }
    }
}

pub(crate) fn tags<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Off is the default, and not every version and class knows the setting.
fn if_on(setting: Option<bool>) -> Option<bool> {
    setting.filter(|on| *on)
}

/// RDS counts in `i32`.
pub(crate) fn number(number: Option<u32>) -> Option<i32> {
    number.map(|number| i32::try_from(number).unwrap_or(i32::MAX))
}

pub(crate) fn list(set: Option<&std::collections::BTreeSet<String>>) -> Option<Vec<String>> {
    set.filter(|set| !set.is_empty()).map(|set| set.iter().cloned().collect())
}
