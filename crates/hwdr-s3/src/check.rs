//! Checks whether a bucket is ready for a restore, before one is needed, without writing anything.

use super::client::{Client, Error, Lifecycle, Problem, Versioning};
use super::finding::{Finding, Level};
use super::lifecycle::judge::{Needs, judge};
use super::lifecycle::policy::Policy;
use super::preflight::{self, Probe, Stopped};
use super::xml;
use hwdr_values::refusal::Refusal;

/// All findings, in the order of what a restore needs first.
///
/// # Errors
/// If the bucket does not exist or cannot be reached. A denied call is a finding.
pub async fn check(client: &Client, wanted: &Needs<'_>) -> Result<Vec<Finding>, Error> {
    let name = client.bucket();
    let mut findings = keeps(client, wanted).await?;
    let (key, version) = (preflight::probe_key(""), preflight::a_version(client, "").await);
    for probe in Probe::ALL {
        findings.push(match may(probe.make(client, "", &key, &version).await)? {
            Ok(()) => Finding::new(Level::Ok, "permission", format!("{} is allowed", probe.action())),
            Err(denied) => refusal("permission", Level::Error, &denied),
        });
    }
    match may(client.encryption().await)? {
        Ok(answer) => findings.push(encryption(name, answer.as_deref())),
        Err(denied) => findings.push(refusal("encryption", Level::Warning, &denied)),
    }
    findings.push(match preflight::lock(client).await {
        Ok(()) => Finding::new(Level::Ok, "object-lock", "no default retention: a rewind can remove what it makes"),
        Err(Stopped::Refused(why)) => refused(Level::Error, "object-lock", why),
        Err(Stopped::Failed(denied)) if is_refusal(&denied) => refusal("object-lock", Level::Error, &denied),
        Err(Stopped::Failed(error)) => return Err(error),
    });
    Ok(findings)
}

/// Whether the bucket keeps what a restore goes back to: versioning and rules. Only reads.
///
/// # Errors
/// As [`check`].
pub async fn keeps(client: &Client, wanted: &Needs<'_>) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    let name = client.bucket();
    match may(client.versioning().await)? {
        Ok(answer) => {
            findings.extend([versioning(name, &answer), clock(name, &answer)]);
            if let Err(Stopped::Refused(why)) = preflight::without_exceptions(name, &answer) {
                findings.push(refused(Level::Warning, "versioning", why));
            }
        }
        Err(denied) => findings.push(refusal("versioning", Level::Error, &denied)),
    }
    match may(client.lifecycle().await)? {
        Ok(answer) => findings.extend(lifecycle(answer, wanted)),
        Err(denied) => findings.push(refusal("lifecycle", Level::Warning, &denied)),
    }
    Ok(findings)
}

/// Whether the server refused.
fn is_refusal(error: &Error) -> bool {
    matches!(error.problem, Problem::Denied(_) | Problem::Refused(..) | Problem::NotFound(_))
}

/// An answer, or the server's refusal; any other error ends the check, since nothing more could be learnt.
fn may<T>(result: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match result {
        Err(error) if is_refusal(&error) => Ok(Err(error)),
        Err(error) => Err(error),
        Ok(answer) => Ok(Ok(answer)),
    }
}

fn refused(level: Level, about: &'static str, why: Refusal) -> Finding {
    Finding::new(level, about, why.problem).fix(why.help.join("\n"))
}

fn refusal(about: &'static str, level: Level, error: &Error) -> Finding {
    Finding::new(level, about, error.to_string()).fix(error.help())
}

fn of(about: &'static str, result: Result<(), Stopped>, well: impl Into<String>) -> Finding {
    match result {
        Ok(()) => Finding::new(Level::Ok, about, well),
        Err(Stopped::Refused(why)) => refused(Level::Error, about, why),
        Err(Stopped::Failed(error)) => refusal(about, Level::Error, &error),
    }
}

fn versioning(name: &str, answer: &Versioning) -> Finding {
    of("versioning", preflight::versioned(name, answer), format!("bucket {name} keeps older versions"))
}

fn clock(name: &str, answer: &Versioning) -> Finding {
    if answer.server_time.is_none() {
        let text = format!("the server of bucket {name} does not report its time: versions have the server's times");
        return Finding::new(Level::Warning, "clock", text).fix("compare the clocks, and set the wrong one");
    }
    of("clock", preflight::clock(name, answer).map(drop), "this machine and the server agree on the time")
}

fn lifecycle(answer: Option<Lifecycle>, wanted: &Needs<'_>) -> Vec<Finding> {
    match Policy::of(answer) {
        Ok(policy) => judge(&policy.rules, wanted),
        Err(text) => {
            let text = format!("the rules of bucket {} are not understood: {text}", wanted.bucket);
            let look =
                format!("look at them:\naws s3api get-bucket-lifecycle-configuration --bucket {}", wanted.bucket);
            vec![Finding::new(Level::Warning, "lifecycle", text).fix(look)]
        }
    }
}

/// The default encryption. A copy gets the encryption of its source; a customer's key requires separate permissions.
fn encryption(name: &str, answer: Option<&str>) -> Finding {
    let algorithm = answer.and_then(|text| xml::text_of(text, "SSEAlgorithm"));
    let text = match algorithm.as_deref() {
        Some("AES256") => format!("objects in bucket {name} are encrypted with the server's own key (AES256)"),
        Some(algorithm) => {
            let key =
                answer.and_then(|text| xml::text_of(text, "KMSMasterKeyID")).unwrap_or_else(|| "aws/s3".to_owned());
            format!(
                "objects in bucket {name} are encrypted with {algorithm}, key {key}: a restore needs kms:Decrypt and \
                 kms:GenerateDataKey on it, and no block can be read without the key: keep it as long as the backups"
            )
        }
        None => format!("bucket {name} has no default encryption"),
    };
    Finding::new(Level::Ok, "encryption", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_told() {
        let with = |inner: &str| format!("<S><Rule><A>{inner}</A></Rule></S>");
        for (answer, words) in [
            (None, "has no default"),
            (Some(with("<SSEAlgorithm>AES256</SSEAlgorithm>")), "AES256"),
            (Some(with("<SSEAlgorithm>aws:kms</SSEAlgorithm>")), "key aws/s3"),
            (Some(with("<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k1</KMSMasterKeyID>")), "kms:Decrypt"),
        ] {
            let finding = encryption("b", answer.as_deref());
            assert!(finding.message.contains(words) && finding.level == Level::Ok, "{finding:?}");
        }
    }

    #[test]
    fn a_server_that_tells_no_time_is_a_warning() {
        let answer = Versioning {
            status: Some("Enabled".to_owned()),
            mfa_delete: false,
            server_time: None,
            exceptions: Some("ExcludedPrefixes"),
            purges: false,
        };
        assert_eq!(clock("b", &answer).level, Level::Warning);
        assert_eq!(versioning("b", &answer).level, Level::Ok);
        assert!(preflight::without_exceptions("b", &answer).is_err());
        assert_eq!(versioning("b", &Versioning { purges: true, ..answer.clone() }).level, Level::Error);
        assert_eq!(versioning("b", &Versioning { status: None, ..answer }).level, Level::Error);
    }
}
