//! The least IAM policy for the calls that this crate makes.

use serde_json::{Value, json};

use crate::{InstanceId, RUN_TAG};

/// What a policy is for. What is `None` is any.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The region.
    pub region: Option<String>,
    /// The account's number.
    pub account: Option<String>,
    /// The instance that is backed up.
    pub source: Option<InstanceId>,
    /// The new instance.
    pub target: Option<InstanceId>,
    /// The customer's own key that encrypts the source. AWS's key needs no permission.
    pub key: Option<String>,
    /// The role of the source's enhanced monitoring.
    pub monitoring_role: Option<String>,
}

/// The policy, as IAM reads it. Modifying and rebooting is allowed for instances with a run's tag only, and deleting not at all.
///
/// Source: "Actions, resources, and condition keys for Amazon RDS", service authorization reference.
pub fn policy(scope: &Scope) -> Value {
    let arn = |kind: &str, name: &str| {
        let or_any = |part: &Option<String>| part.clone().unwrap_or_else(|| "*".to_owned());
        format!("arn:{}:rds:{}:{}:{kind}:{name}", partition(scope), or_any(&scope.region), or_any(&scope.account))
    };
    let id = |id: &Option<InstanceId>| id.as_ref().map_or("*", InstanceId::as_str).to_owned();
    let (source, target) = (arn("db", &id(&scope.source)), arn("db", &id(&scope.target)));
    let groups: Vec<_> = ["og", "pg", "subgrp", "secgrp"].map(|kind| arn(kind, "*")).into();
    let mut restored = vec![source.clone(), target.clone(), arn("snapshot", "*"), arn("auto-backup", "*")];
    restored.extend(groups.iter().cloned());
    let tagged = json!({"Null": {(format!("aws:ResourceTag/{RUN_TAG}")): "false"}});
    let mut statements = vec![
        json!({
            "Sid": "Look",
            "Effect": "Allow",
            "Action": [
                "rds:DescribeDBInstances", "rds:DescribeDBSnapshots", "rds:DescribeDBInstanceAutomatedBackups", "rds:DescribeEvents",
            ],
            "Resource": "*",
        }),
        json!({
            "Sid": "Snapshot",
            "Effect": "Allow",
            "Action": "rds:CreateDBSnapshot",
            "Resource": [source, arn("snapshot", "*")],
        }),
        json!({
            "Sid": "Restore",
            "Effect": "Allow",
            "Action": ["rds:RestoreDBInstanceFromDBSnapshot", "rds:RestoreDBInstanceToPointInTime"],
            "Resource": restored,
        }),
        json!({
            "Sid": "TagWhatIsNew",
            "Effect": "Allow",
            "Action": "rds:AddTagsToResource",
            "Resource": [target, arn("snapshot", "*")],
        }),
        json!({
            "Sid": "ChangeOnlyWhatARunHasMade",
            "Effect": "Allow",
            "Action": ["rds:ModifyDBInstance", "rds:RebootDBInstance"],
            "Resource": target,
            "Condition": tagged,
        }),
        // A change that names a group needs permission for the group, which has no tag of a run.
        json!({"Sid": "UseGroups", "Effect": "Allow", "Action": "rds:ModifyDBInstance", "Resource": groups}),
    ];
    if let Some(role) = &scope.monitoring_role {
        statements.push(json!({
            "Sid": "PassMonitoringRole",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role,
            "Condition": {"StringEquals": {"iam:PassedToService": "monitoring.rds.amazonaws.com"}},
        }));
    }
    if let Some(key) = &scope.key {
        statements.push(json!({
            "Sid": "UseKey",
            "Effect": "Allow",
            "Action": ["kms:CreateGrant", "kms:DescribeKey"],
            "Resource": key,
        }));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// AWS's partitions have names of their own in ARNs.
fn partition(scope: &Scope) -> &'static str {
    match scope.region.as_deref() {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every call that the sources name, and no other: the policy cannot fall behind the code.
    #[test]
    fn it_allows_exactly_the_calls_that_are_made() {
        let scope = Scope::default();
        let policy = policy(&scope);
        let mut allowed = BTreeSet::new();
        for statement in policy["Statement"].as_array().unwrap() {
            let actions = &statement["Action"];
            let list = actions.as_array().cloned().unwrap_or_else(|| vec![actions.clone()]);
            allowed.extend(list.into_iter().map(|action| action.as_str().unwrap().to_owned()));
        }
        let sources =
            [include_str!("list.rs"), include_str!("take.rs"), include_str!("modify.rs"), include_str!("restore.rs")];
        let mut made: BTreeSet<String> = sources
            .iter()
            .flat_map(|source| source.split("\"rds:").skip(1))
            .filter_map(|rest| rest.split_once('"').map(|(name, _)| format!("rds:{name}")))
            .collect();
        // The calls that create something need it for their tags.
        made.insert("rds:AddTagsToResource".to_owned());
        assert_eq!(allowed, made);
        assert!(!policy.to_string().contains("Delete"));
        let calls: usize = sources.iter().map(|source| source.matches(".send()").count()).sum();
        assert_eq!(calls, made.len() + 1, "each call has its action (instances and snapshots are listed in two ways)");
    }

    #[test]
    fn only_what_a_run_has_made_may_be_changed() {
        let scope = Scope {
            region: Some("cn-north-1".into()),
            account: Some("123456789012".into()),
            source: Some("events".parse().unwrap()),
            target: Some("events-2".parse().unwrap()),
            key: Some("arn:aws-cn:kms:cn-north-1:123456789012:key/a".into()),
            monitoring_role: Some("arn:aws-cn:iam::123456789012:role/monitoring".into()),
        };
        let policy = policy(&scope);
        let change = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["Sid"] == "ChangeOnlyWhatARunHasMade")
            .unwrap();
        assert_eq!(change["Resource"], "arn:aws-cn:rds:cn-north-1:123456789012:db:events-2");
        assert_eq!(change["Condition"]["Null"]["aws:ResourceTag/hwdr/run"], "false");
        let text = policy.to_string();
        for expected in ["iam:PassRole", "kms:CreateGrant", "monitoring.rds.amazonaws.com"] {
            assert!(text.contains(expected), "{expected}");
        }
    }
}
