//! What a failed call means.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use hwdr_values::refusal::with_causes;

use crate::{Error, Problem};

/// Turns the SDK's error into ours. `action`: IAM's name for the call; `what`: what it was about.
pub(crate) fn failed<E>(action: &'static str, what: impl Into<String>, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let text = with_causes(&error);
    let problem = match &error {
        _ if is_about_credentials(&error) => Problem::Credentials(text),
        SdkError::ServiceError(answer) => answered(
            action,
            answer.raw().status().as_u16(),
            answer.err().code().unwrap_or_default(),
            answer.err().message().unwrap_or_default(),
        ),
        // rustls' name for it (`Error::InvalidCertificate`).
        SdkError::DispatchFailure(_) if text.contains("invalid peer certificate") => Problem::Untrusted(text),
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Problem::Transport(text),
        SdkError::ConstructionFailure(_) => Problem::Setting(text),
        _ => Problem::Nonsense(text),
    };
    Error::new(action, what, problem)
}

fn is_about_credentials(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<CredentialsError>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// What RDS's code means. Codes: "Common Errors" and each call's own in the API reference.
fn answered(action: &'static str, status: u16, code: &str, message: &str) -> Problem {
    let both = || if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") };
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => {
            Problem::Denied(missing_action(message).unwrap_or(action).to_owned(), message.to_owned())
        }
        // Signatures live for 15 minutes: too old or too new a one means that a clock is wrong.
        "RequestExpired" | "RequestTimeTooSkewed" => Problem::Clock(both()),
        "SignatureDoesNotMatch" if message.contains("Signature expired") || message.contains("not yet current") => {
            Problem::Clock(both())
        }
        "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "OptInRequired" => Problem::Credentials(both()),
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "TooManyRequestsException"
        | "RequestThrottled" => Problem::Throttled(both()),
        "DBInstanceAlreadyExists" | "DBSnapshotAlreadyExists" => Problem::Taken(code.to_owned()),
        "InsufficientDBInstanceCapacity"
        | "ProvisionedIopsNotAvailableInAZFault"
        | "DBSubnetGroupDoesNotCoverEnoughAZs"
        | "StorageTypeNotSupported"
        | "InsufficientAvailableIPsInSubnetFault" => Problem::NoRoom(code.to_owned(), message.to_owned()),
        "InvalidDBInstanceState" | "InvalidDBSnapshotState" => Problem::State(both()),
        _ if code.ends_with("QuotaExceeded") || code.ends_with("QuotaExceededFault") => {
            Problem::Quota(code.to_owned(), message.to_owned())
        }
        _ if code.contains("NotFound") => Problem::NotFound(both()),
        "" if status == 429 => Problem::Throttled(status.to_string()),
        "InternalFailure" | "InternalError" | "ServiceUnavailable" => Problem::Transport(both()),
        _ if status >= 500 => Problem::Transport(format!("{status} {}", both())),
        "" if status == 403 => Problem::Denied(action.to_owned(), status.to_string()),
        "" => Problem::Nonsense(format!("status {status} without an error code")),
        _ => Problem::Refused(code.to_owned(), message.to_owned()),
    }
}

/// The action that AWS names: "User: … is not authorized to perform: rds:AddTagsToResource on resource: …". It is not always the call's own:
/// a restore also needs permission for its tags, the role and the key.
fn missing_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("perform: ")?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-'))).unwrap_or(rest.len());
    rest.get(..end).filter(|action| action.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_something() {
        let call = "rds:RestoreDBInstanceFromDBSnapshot";
        for (status, code, message, expected) in [
            (
                403,
                "AccessDenied",
                "User: arn:aws:iam::1:user/a is not authorized to perform: rds:AddTagsToResource on resource: x",
                "rds:AddTagsToResource is not allowed",
            ),
            (403, "AccessDenied", "no", "rds:RestoreDBInstanceFromDBSnapshot is not allowed"),
            (403, "InvalidClientTokenId", "The security token is invalid.", "no valid credentials"),
            (403, "SignatureDoesNotMatch", "The signature does not match.", "no valid credentials"),
            (403, "SignatureDoesNotMatch", "Signature expired: x is now earlier than y", "clocks"),
            (403, "ExpiredToken", "expired", "no valid credentials"),
            (400, "Throttling", "Rate exceeded", "fewer requests"),
            (429, "", "", "fewer requests"),
            (400, "InstanceQuotaExceeded", "40", "a quota is used up"),
            (400, "StorageQuotaExceeded", "", "a quota is used up"),
            (400, "SnapshotQuotaExceeded", "", "a quota is used up"),
            (400, "InsufficientDBInstanceCapacity", "", "has no room"),
            (400, "DBInstanceAlreadyExists", "", "the name is taken"),
            (404, "DBSnapshotNotFound", "", "not found"),
            (404, "DBSubnetGroupNotFoundFault", "", "not found"),
            (400, "InvalidDBSnapshotState", "creating", "not possible in its state"),
            (400, "InvalidParameterCombination", "iops", "InvalidParameterCombination: iops"),
            (503, "", "", "no answer"),
            (500, "InternalFailure", "", "no answer"),
            (200, "", "", "makes no sense"),
        ] {
            let error = Error::new(call, "instance a", answered(call, status, code, message));
            assert!(error.to_string().contains(expected), "{code}: {error}");
            assert!(!error.help().is_empty());
        }
    }

    #[test]
    fn a_hostile_message_is_harmless() {
        let problem = answered("rds:X", 400, "A\u{1b}[2J", "password=hunter2 \u{1b}]0;x");
        let text = Error::new("rds:X", "instance a", problem).to_string();
        assert!(!text.contains('\u{1b}') && !text.contains("hunter2"), "{text}");
    }
}
