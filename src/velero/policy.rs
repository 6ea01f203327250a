//! The least IAM policy for Velero on AWS, without snapshots of volumes (velero-plugin-for-aws, README, "Set permissions for Velero").

use serde_json::{Value as Json, json};

use crate::cluster::condition::text;
use crate::shown::word;

/// The command that gives it to a user of this name, for a storage location as it is in the cluster; BUCKET where there is none.
pub fn command(user: &str, location: Option<&Json>) -> String {
    let at = |pointer: &str| location.map_or("", |location| text(location, pointer));
    let bucket = Some(at("/spec/objectStorage/bucket")).filter(|bucket| !bucket.is_empty()).unwrap_or("BUCKET");
    let policy = policy(bucket, at("/spec/objectStorage/prefix").trim_matches('/'), at("/spec/config/region"));
    let user = word(user);
    format!(
        "aws iam put-user-policy --user-name {user} --policy-name {user} \\\n  --policy-document {}",
        word(&policy.to_string())
    )
}

/// The policy for a bucket, and a folder in it.
fn policy(bucket: &str, folder: &str, region: &str) -> Json {
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let bucket = format!("arn:{partition}:s3:::{bucket}");
    let objects = if folder.is_empty() { format!("{bucket}/*") } else { format!("{bucket}/{folder}/*") };
    let actions =
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": objects},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
    ]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_for_the_folder_alone() {
        let location = |prefix: &str, region: &str| json!({"spec": {"objectStorage": {"bucket": "b", "prefix": prefix}, "config": {"region": region}}});
        for (location, objects, bucket) in [
            (Some(location("", "eu-west-1")), "arn:aws:s3:::b/*", "arn:aws:s3:::b"),
            (Some(location("/k8s/", "cn-north-1")), "arn:aws-cn:s3:::b/k8s/*", "arn:aws-cn:s3:::b"),
            (None, "arn:aws:s3:::BUCKET/*", "arn:aws:s3:::BUCKET"),
        ] {
            let command = command("velero", location.as_ref());
            assert!(command.starts_with("aws iam put-user-policy --user-name velero --policy-name velero"));
            for resource in [objects, bucket] {
                assert!(command.contains(&format!("\"Resource\":\"{resource}\"")), "{command}");
            }
        }
    }
}
