//! Writes a bucket's rules, and verifies that the server has them.

use std::time::Duration;

use super::plan::Write;
use super::policy::Policy;
use crate::client::{Client, Lifecycle};
use crate::preflight::Stopped;

/// How often, and at what interval, the server is asked for the new rules: AWS takes a while to spread them.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// The bucket's rules.
///
/// # Errors
/// If they cannot be read or understood.
pub async fn read(client: &Client) -> Result<Policy, Stopped> {
    Policy::of(client.lifecycle().await?).map_err(|text| {
        Stopped::refused(
            format!("the lifecycle rules of bucket {} are not understood: {text}", client.bucket()),
            format!("look at them:\naws s3api get-bucket-lifecycle-configuration --bucket {}", client.bucket()),
        )
    })
}

/// Writes what was planned from `before`, and reads it back.
///
/// # Errors
/// If somebody has changed the rules since, the server refuses them, or returns other rules than were written.
pub async fn apply(client: &Client, before: &Policy, write: &Write) -> Result<(), Stopped> {
    let name = client.bucket();
    if !read(client).await?.same(before) {
        return Err(Stopped::refused(
            format!(
                "somebody has changed the lifecycle rules of bucket {name} since they were shown: nothing was written"
            ),
            "run it again",
        ));
    }
    let Policy { xml, minimum, .. } = &write.policy;
    client.put_lifecycle(&Lifecycle { xml: xml.clone(), minimum: minimum.clone() }).await?;
    let mut wrong = String::new();
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match difference(client.folders().rule, &write.policy, &read(client).await?) {
            None => return Ok(()),
            Some(text) => wrong = text,
        }
    }
    Err(Stopped::refused(
        format!("the lifecycle rules of bucket {name} were written, but the server returns others: {wrong}"),
        format!("look at them, and put back the old rules if needed; they were:\n{}", before.pretty()),
    ))
}

/// The first rule that differs on the server; `own` is the name of hwdr's.
fn difference(own: &str, wanted: &Policy, got: &Policy) -> Option<String> {
    for (element, rule) in wanted.elements.iter().zip(&wanted.rules) {
        let same = if rule.id == own {
            got.rules.contains(rule)
        } else {
            got.elements.iter().any(|theirs| theirs.same(element))
        };
        if !same {
            return Some(format!("rule {} is missing, or differs", rule.id));
        }
    }
    if wanted.minimum.is_some() && got.minimum != wanted.minimum {
        return Some("the default for small objects has changed (TransitionDefaultMinimumObjectSize)".to_owned());
    }
    (got.elements.len() != wanted.elements.len()).then(|| "there are other rules, too".to_owned())
}
