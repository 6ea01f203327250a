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

/// All commands for an account of Velero's own: the bucket, unless a storage location has one, the user, its rights, and a key for it.
pub fn setup(user: &str, location: Option<&Json>) -> String {
    let at = |pointer: &str| location.map_or("", |location| text(location, pointer));
    let region = Some(at("/spec/config/region")).filter(|region| !region.is_empty()).unwrap_or("REGION");
    // Where no region is given, S3 means this one, and takes it in no other way (S3 API, CreateBucket).
    let constraint = if region == "us-east-1" {
        String::new()
    } else {
        format!(" \\\n  --create-bucket-configuration LocationConstraint={}", word(region))
    };
    let bucket = match at("/spec/objectStorage/bucket") {
        "" => format!("aws s3api create-bucket --bucket BUCKET --region {}{constraint}\n", word(region)),
        _ => String::new(),
    };
    let policy = command(user, location);
    let user = word(user);
    format!(
        "{bucket}aws iam create-user --user-name {user}\n{policy}\naws iam create-access-key --user-name {user} \\\n  \
         --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text |\n  \
         awk '{{print \"[default]\\naws_access_key_id=\" $1 \"\\naws_secret_access_key=\" $2}}' > velero-credentials"
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
    fn an_account_of_its_own_has_a_user_rights_and_a_key() {
        let whole = setup("velero", None);
        let begins: Vec<_> = whole
            .lines()
            .filter(|line| line.starts_with("aws "))
            .map(|line| line.split(" --").next().unwrap())
            .collect();
        assert_eq!(
            begins,
            ["aws s3api create-bucket", "aws iam create-user", "aws iam put-user-policy", "aws iam create-access-key"],
            "{whole}"
        );
        assert!(whole.contains("LocationConstraint=REGION") && !whole.contains("ec2:"), "{whole}");
        let location = json!({"spec": {"objectStorage": {"bucket": "b"}, "config": {"region": "us-east-1"}}});
        let there = setup("velero", Some(&location));
        assert!(there.starts_with("aws iam create-user") && there.contains("arn:aws:s3:::b/*"), "{there}");
    }

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
