//! Superset's key, and what a backup's manifest says of the one that it was made with. The same comparison as in `templates/superset.sh`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::sha256::hex;

/// The entry of the Secret that has the key.
pub(super) const ENTRY: &str = "secret-key";

/// Whether a Secret, as Kubernetes keeps it, has the key with one of these fingerprints: the SHA-256, whole or the beginning of it, of the
/// key or of what Kubernetes keeps of it. None if that cannot be compared: no fingerprint is of that form, or the Secret has no key.
pub(in crate::product::hopsworks) fn is_of(fingerprints: &[String], secret: &Json) -> Option<bool> {
    let is_digest =
        |text: &&String| (12..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fingerprints: Vec<_> = fingerprints.iter().filter(is_digest).collect();
    let kept = secret.get("data")?.get(ENTRY)?.as_str()?;
    let key = STANDARD.decode(kept).ok()?;
    if fingerprints.is_empty() {
        return None;
    }
    // A shell's $(..) has no newlines at its end.
    let ends = key.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last.saturating_add(1));
    let plain = key.get(..ends).unwrap_or_default();
    let encoded = STANDARD.encode(plain);
    let forms = [key.as_slice(), kept.as_bytes(), plain, encoded.as_bytes()];
    let digests = forms.iter().flat_map(|form| [form.to_vec(), [form, b"\n".as_slice()].concat()]).map(hex);
    let digests: Vec<_> = digests.collect();
    Some(fingerprints.iter().any(|print| digests.iter().any(|digest| digest.starts_with(print.as_str()))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_has_its_fingerprint() {
        // echo -n key | sha256sum
        const KEY: &str = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";
        let secret = json!({"data": {ENTRY: "a2V5"}});
        let of = |print: &str| is_of(&[print.to_owned()], &secret);
        for print in [KEY, &KEY[..12], &hex(b"key\n"), &hex(b"a2V5"), &hex(b"a2V5\n")] {
            assert_eq!(of(print), Some(true), "{print}");
        }
        assert_eq!(of(&hex(b"another")), Some(false));
        // A key that was written with a newline.
        let with_newline = json!({"data": {ENTRY: "a2V5Cg=="}});
        for print in [hex(b"key"), hex(b"key\n"), hex(b"a2V5"), hex(b"a2V5Cg==")] {
            assert_eq!(is_of(std::slice::from_ref(&print), &with_newline), Some(true), "{print}");
        }
        for print in ["", "2c70e12b7a0", "SHA1:abc", &format!("{KEY}0")] {
            assert_eq!(of(print), None, "{print}");
        }
        for secret in [json!({}), json!({"data": {"other": "a2V5"}}), json!({"data": {ENTRY: "?"}}), json!(null)] {
            assert_eq!(is_of(&[KEY.to_owned()], &secret), None, "{secret}");
        }
        assert_eq!(is_of(&[], &secret), None);
    }
}
