//! `hwdr s3 lifecycle` and `hwdr s3 check` on the real server, and behind a proxy that lies to them.

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hwdr::product::hopsworks::hopsfs::bucket::FOLDERS;
use hwdr::s3::client::{Client, Lifecycle};
use hwdr::s3::lifecycle::policy::Policy;

use super::proxy::{self, Fault, Proxy};
use super::world::{Bucket, endpoint, lab_s3};
use super::{runtime, target};

/// Rules of somebody else's, harmless to backups; one has what hwdr does not know, and one does nothing at present.
const FOREIGN: &str = "<Rule><ID>uploads</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload>\
    <DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>\n  <Rule><ID>logs &amp; such</ID><Filter><And>\
    <Prefix>logs/</Prefix><Tag><Key>kind</Key><Value>log</Value></Tag><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And></Filter>\
    <Status>Disabled</Status><Expiration><Days>3</Days></Expiration><Colour>red</Colour></Rule>";

fn rules(inner: &str) -> Lifecycle {
    let xml = format!(
        "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</LifecycleConfiguration>"
    );
    Lifecycle { xml, minimum: None }
}

async fn policy(client: &Client) -> Policy {
    Policy::of(client.lifecycle().await.expect("it is read")).expect("it is understood")
}

fn hwdr(endpoint: &str, arguments: &[&str]) -> (Output, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_hwdr"))
        .arg("s3")
        .args(arguments)
        .args(["--endpoint", endpoint, "--path-style"])
        .stdin(Stdio::null())
        .output()
        .expect("hwdr runs");
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    // Messages are wrapped.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (out, text)
}

fn says(endpoint: &str, arguments: &[&str], code: i32, words: &[&str]) {
    let (out, text) = hwdr(endpoint, arguments);
    assert_eq!(out.status.code(), Some(code), "{arguments:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?}: {word:?} in: {text}");
    }
}

#[test]
fn a_rule_is_put_among_those_of_others() {
    runtime().block_on(async {
        let own = Bucket::new("rules").await;
        let (bucket, client) = (own.name.as_str(), &own.client);
        let lifecycle = |ttl: &'static str, more: &[&'static str]| {
            [&["lifecycle", "--bucket", bucket, "--ttl", ttl], more].concat()
        };
        says(&endpoint(), &lifecycle("60d", &[]), 1, &["removes old versions", "+<Rule>", "--ttl 60d --apply"]);
        assert!(policy(client).await.rules.is_empty(), "looking changes nothing");

        client.put_lifecycle(&rules(FOREIGN)).await.expect("it is put");
        let before = policy(client).await;
        assert_eq!(before.rules.len(), 2);
        assert_eq!(before.xml, rules(FOREIGN).xml, "SeaweedFS keeps every byte, unknown elements included");
        says(&endpoint(), &lifecycle("60d", &["--apply"]), 1, &["without a terminal", "--yes"]);
        assert!(policy(client).await.same(&before), "nothing is written unasked");

        says(&endpoint(), &lifecycle("60d", &["--apply", "--yes"]), 0, &["NoncurrentDays", "Written to", "read back"]);
        let after = policy(client).await;
        assert_eq!(after.rules.len(), 3);
        for (element, rule) in before.elements.iter().zip(&before.rules) {
            let kept = after.elements.iter().find(|other| other.text_of("ID") == Some(&rule.id)).expect("it is there");
            assert!(kept.same(element), "{} is as it was: {}", rule.id, kept.pretty());
        }
        let days = |policy: &Policy| {
            let rule = policy.rules.iter().find(|rule| rule.id == FOLDERS.rule).expect("it is there");
            assert!(rule.enabled && rule.expires_markers && rule.is_for_all());
            rule.noncurrent.expect("it removes old versions").days
        };
        assert_eq!(days(&after), Some(60));

        says(&endpoint(), &lifecycle("30d", &["--apply", "--yes"]), 0, &["are kept 60 days, and backups 30 days"]);
        assert_eq!(policy(client).await.xml, after.xml, "it is never shortened");
        says(&endpoint(), &lifecycle("90d", &["--apply", "--yes"]), 0, &["can no longer be restored", "Written to"]);
        let longer = policy(client).await;
        assert_eq!(days(&longer), Some(90));
        says(&endpoint(), &lifecycle("90d", &[]), 0, &["the rules keep all"]);
        let (out, text) = hwdr(&endpoint(), &lifecycle("90d", &["-o", "json"]));
        assert!(out.status.success(), "{text}");
        assert!(text.contains("\"ttl_seconds\": 7776000") && text.contains("\"change\": null"), "{text}");
    });
}

#[test]
fn rules_that_defeat_it_are_named_and_nothing_is_written() {
    runtime().block_on(async {
        let own = Bucket::new("defeat").await;
        let (bucket, client) = (own.name.as_str(), &own.client);
        let all = "<Filter><Prefix></Prefix></Filter><Status>Enabled</Status>";
        let short = format!(
            "<Rule><ID>short</ID>{all}<NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration></Rule>"
        );
        let live = format!("<Rule><ID>live</ID>{all}<Expiration><Days>365</Days></Expiration></Rule>");
        for (rule, name, words) in
            [(short, "rule short", "can no longer be restored"), (live, "rule live", "deletes objects that are in use")]
        {
            client.put_lifecycle(&rules(&rule)).await.expect("it is put");
            let before = policy(client).await;
            let arguments = ["lifecycle", "--bucket", bucket, "--ttl", "60d", "--apply", "--yes"];
            says(&endpoint(), &arguments, 1, &[words, "nothing was written", name]);
            assert_eq!(policy(client).await.xml, before.xml);
        }
    });
}

#[test]
fn lifecycle_rules_are_never_lost_to_a_bad_answer() {
    runtime().block_on(async {
        let own = Bucket::new("liar").await;
        let (bucket, client) = (own.name.as_str(), &own.client);
        client.put_lifecycle(&rules(FOREIGN)).await.expect("it is put");
        let before = policy(client).await;
        let arguments = ["lifecycle", "--bucket", bucket, "--ttl", "60d", "--apply", "--yes"];
        let untouched = async || assert_eq!(policy(client).await.xml, before.xml);

        let denied = proxy::only(target(), &["GET", "?lifecycle"], "", Fault::Denied);
        says(&denied.endpoint, &arguments, 1, &["s3:GetLifecycleConfiguration", "not allowed"]);
        let denied = proxy::only(target(), &["PUT", "?lifecycle"], "", Fault::Denied);
        says(&denied.endpoint, &arguments, 1, &["s3:PutLifecycleConfiguration", "not allowed"]);
        let other = "<LifecycleConfiguration><Rule><ID>x</ID></Rule></LifecycleConfiguration>";
        let nonsense = proxy::only(target(), &["GET", "?lifecycle"], "", Fault::Answer("<Other></Other>"));
        says(&nonsense.endpoint, &arguments, 1, &["not understood"]);
        untouched().await;

        // The rules that were shown are not those that are there any more.
        let asked = Arc::new(AtomicU64::new(0));
        let count = asked.clone();
        let first = Proxy::start(target(), move |_, line| {
            let first =
                line.contains("GET") && line.contains("?lifecycle") && count.fetch_add(1, Ordering::SeqCst) == 0;
            if first { Fault::Answer(other) } else { Fault::None }
        });
        says(&first.endpoint, &arguments, 1, &["somebody has changed", "nothing was written"]);
        untouched().await;

        // The server says "done", and has not done it.
        let idle = proxy::only(target(), &["PUT", "?lifecycle"], "", Fault::Answer(""));
        says(
            &idle.endpoint,
            &arguments,
            1,
            &["the server returns others", &format!("rule {} is missing", FOLDERS.rule), "<ID>uploads</ID>"],
        );
        untouched().await;
    });
}

#[test]
fn a_bucket_is_checked_without_a_trace() {
    runtime().block_on(async {
        let own = Bucket::new("check").await;
        let (bucket, client) = (own.name.as_str(), &own.client);
        let folder = tempfile::tempdir().expect("a folder");
        let values = folder.path().join("values.yaml");
        let text = format!(
            "global: {{_hopsworks: {{backups: {{ttl: 60d}}, managedObjectStorage: {{enabled: true, s3: {{bucket: {{name: {bucket}}}}}}}}}}}"
        );
        std::fs::write(&values, text).expect("it is written");
        let values = values.to_str().expect("a plain name");
        says(&endpoint(), &["check", "-f", values], 1, &["removes old versions", "s3 lifecycle --bucket", values]);
        says(&endpoint(), &["lifecycle", "-f", values, "--apply", "--yes"], 0, &["Backups are kept 60 days", "Written to"]);
        says(&endpoint(), &["check", "-f", values], 0, &["keeps older versions", "the rules keep all", "s3:DeleteObject is allowed"]);
        says(&endpoint(), &["check", "--bucket", bucket], 1, &["it is unknown how long", "-f values.yaml"]);
        let (out, text) = hwdr(&endpoint(), &["check", "-f", values, "-o", "json"]);
        assert!(out.status.success() && text.contains("\"about\": \"clock\""), "{text}");

        let calls: [(&[&str], &str, &str); 12] = [
            (&["GET", "?versioning"], "", "s3:GetBucketVersioning"),
            (&["GET", "?lifecycle"], "", "s3:GetLifecycleConfiguration"),
            (&["GET", "?encryption"], "", "s3:GetEncryptionConfiguration"),
            (&["GET", "?object-lock"], "", "s3:GetBucketObjectLockConfiguration"),
            (&["GET", "versions="], "", "s3:ListBucketVersions"),
            (&["GET", "probe-"], "?", "s3:GetObject"),
            (&["HEAD", "probe-"], "", "s3:GetObjectVersion"),
            (&["GET", "tagging"], "", "s3:GetObjectVersionTagging"),
            (&["DELETE", "probe-", "versionId"], "", "s3:DeleteObjectVersion"),
            (&["POST", "uploads="], "", "s3:PutObject"),
            (&["DELETE", "uploadId"], "", "s3:AbortMultipartUpload"),
            (&["DELETE", "probe-"], "?", "s3:DeleteObject"),
        ];
        for (with, without, action) in calls {
            let denied = proxy::only(target(), with, without, Fault::Denied);
            // One finding, and all others are still told.
            says(&denied.endpoint, &["check", "-f", values], 1, &[action, "not allowed", "encryption:", "object-lock:"]);
        }
        for (setting, answer, words) in [
            ("?versioning", "<V><Status>Suspended</Status></V>", "versioning is Suspended"),
            (
                "?object-lock",
                "<O><Rule><DefaultRetention><Mode>GOVERNANCE</Mode></DefaultRetention></Rule></O>",
                "default retention (GOVERNANCE)",
            ),
        ] {
            let told = Proxy::start(target(), move |_, line| {
                if line.contains("GET") && line.contains(setting) { Fault::Answer(answer) } else { Fault::None }
            });
            says(&told.endpoint, &["check", "-f", values], 1, &[words, "1 error"]);
        }
        let clock = Proxy::start(target(), |_, _| Fault::Clock);
        says(&clock.endpoint, &["check", "-f", values], 1, &["s apart"]);
        says(&endpoint(), &["check", "--bucket", "test-no-such-bucket"], 1, &["there is no such bucket"]);
        says(&endpoint(), &["check"], 2, &["which bucket?"]);
        assert_eq!(lab_s3(&["versions", bucket]).trim(), "", "nothing was written");
        assert!(client.lifecycle().await.expect("it is read").is_some());
    });
}
