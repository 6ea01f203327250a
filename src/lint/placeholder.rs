//! Texts that something else fills in before Helm sees them: sops, argocd-vault-plugin, vals, envsubst, Flux. Their final values are
//! unknown, so nothing is reported about them.

use crate::source::Source;
use crate::values::Value;

/// How sops writes a value that it has encrypted.
const SOPS: &str = "ENC[AES256_GCM,";

/// References to a secret elsewhere that are the whole value: of vals, Vault's webhook, and 1Password.
const REFERENCES: [&str; 4] = ["ref+", "secretref+", "vault:", "op://"];

/// Whether the value is one of these texts, or contains one.
pub fn is_unknown(value: &Value) -> bool {
    // Ansible's `!vault` is a tag unknown to Helm.
    value.as_str().is_some_and(|text| without(text) != text || value.place.text().starts_with("!vault"))
}

/// Whether sops has encrypted the value.
pub fn is_encrypted(value: &Value) -> bool {
    value.as_str().is_some_and(is_sops)
}

/// Whether sops has signed the file: it refuses to open one that something else has changed.
pub fn is_sealed(source: &Source) -> bool {
    source.text.contains(SOPS)
        && source.text.lines().any(|line| ["sops:", "\"sops\":"].iter().any(|key| line.trim_start().starts_with(key)))
}

/// The text without the parts still to be filled in.
pub fn without(text: &str) -> String {
    if is_sops(text) || REFERENCES.iter().any(|prefix| text.starts_with(prefix)) {
        return String::new();
    }
    let mut plain = String::new();
    let mut left = text;
    while let Some(character) = left.chars().next() {
        let length = reference(left).unwrap_or_else(|| {
            plain.push(character);
            character.len_utf8()
        });
        left = left.get(length..).unwrap_or_default();
    }
    plain
}

fn is_sops(text: &str) -> bool {
    text.starts_with(SOPS) && text.ends_with(']')
}

/// The length of the reference that the text starts with: `${NAME}` with envsubst's defaults, `$(NAME)` in Kubernetes' notation (a
/// shell command has lower-case letters), or `<path:…>`.
fn reference(text: &str) -> Option<usize> {
    let inside = |open: &str, close: char| {
        let inside = text.strip_prefix(open)?.split_once(close)?.0;
        (!inside.contains(['\n', '`', '$'])).then_some(inside)
    };
    let length = |open: &str, inside: &str| open.len() + inside.len() + 1;
    if let Some(inside) = inside("${", '}') {
        let name = inside.split([':', '-', '=', '/', '#', '%', '^', ',']).next().unwrap_or_default();
        return is_name(name).then_some(length("${", inside));
    }
    if let Some(inside) = inside("$(", ')') {
        let capitals = !inside.bytes().any(|byte| byte.is_ascii_lowercase());
        return (is_name(inside) && capitals).then_some(length("$(", inside));
    }
    inside("<path:", '>').map(|inside| length("<path:", inside))
}

/// The name of a variable.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_later_is_taken_out() {
        for (text, plain) in [
            ("ENC[AES256_GCM,data:aGk=,iv:aGk=,tag:aGk=,type:bool]", ""),
            ("ENC[x]", "ENC[x]"),
            ("<path:secret/data/hopsworks#id | base64decode>", ""),
            ("s3://<path:secret/data/x#bucket>/dir", "s3:///dir"),
            ("<backup-id>", "<backup-id>"), // of a page of the docs, and not filled in
            ("ref+vault://secret/x#/id", ""),
            ("vault:secret/data/x#id", ""),
            ("${BACKUP_ID}", ""),
            ("${backup_id:=254811200}", ""),
            ("a-${X}-b; rm", "a--b; rm"),
            ("$(BACKUP_ID)", ""),
            ("$(reboot)", "$(reboot)"),
            ("$(date +%y)", "$(date +%y)"),
            ("${X", "${X"),
            ("${}", "${}"),
            ("${`id`}", "${`id`}"),
            ("é$", "é$"),
            ("254811200", "254811200"),
        ] {
            assert_eq!(without(text), plain, "{text}");
        }
    }
}
