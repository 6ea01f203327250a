//! Keeps Velero's Backups from expiring.
//!
//! Velero deletes a Backup, with its files, once `status.expiration` has passed, unless its storage location is read-only or unavailable; one
//! without it is never deleted (velero, pkg/controller/gc_controller.go). `spec.ttl` counts only when a backup begins. The status is no
//! subresource. The files in the bucket keep what Velero wrote when the backup ended: a Backup object that is synced from there, in another
//! cluster or after this one was deleted, has the old expiration again.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::cluster::condition::text;

/// The annotation of a Backup that is kept: the expiration that it had.
pub const KEPT: &str = "hwdr.hopsworks.ai/kept";
/// Its value if there was no expiration.
const NONE: &str = "none";

/// Whether a Backup is kept. One with a note expires all the same if somebody has set an expiration since.
pub fn is_kept(backup: &Json) -> bool {
    noted(backup).is_some() && expiration(backup).is_none()
}

/// Whether it was kept, and somebody has set an expiration since.
pub fn expires_again(backup: &Json) -> Option<Timestamp> {
    noted(backup).and_then(|_| expiration(backup))
}

fn noted(backup: &Json) -> Option<&str> {
    backup.pointer("/metadata/annotations")?.get(KEPT)?.as_str()
}

fn expiration(backup: &Json) -> Option<Timestamp> {
    text(backup, "/status/expiration").parse().ok()
}

/// A time as Kubernetes writes it.
fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The patch by which a Backup lives at least until then; none if it does.
pub fn until(backup: &Json, until: Timestamp) -> Option<Json> {
    let patch = || json!({"status": {"expiration": written(until)}});
    expiration(backup).is_some_and(|expiration| expiration < until).then(patch)
}

/// The patch by which a Backup never expires; none if it is kept already.
pub fn keep(backup: &Json) -> Option<Json> {
    let expiration = || expiration(backup).map_or_else(|| NONE.to_owned(), written);
    // What somebody has set since the first note is not what it had.
    let noted = noted(backup).map_or_else(expiration, str::to_owned);
    let patch = || json!({"metadata": {"annotations": {KEPT: noted}}, "status": {"expiration": null}});
    (!is_kept(backup)).then(patch)
}

/// The expiration that a kept Backup had; none if it had none.
///
/// # Errors
/// If the annotation is nothing that hwdr writes: its value.
pub fn before(backup: &Json) -> Result<Option<Timestamp>, String> {
    match noted(backup) {
        None | Some(NONE) => Ok(None),
        Some(time) => time.parse().map(Some).map_err(|_| time.to_owned()),
    }
}

/// The patch by which a Backup expires as before, or as somebody has set since it was kept; none if it is not kept.
///
/// # Errors
/// As [`before`].
pub fn release(backup: &Json) -> Result<Option<Json>, String> {
    let expiration = before(backup)?;
    let mut patch = json!({"metadata": {"annotations": {KEPT: null}}});
    if let Some(expiration) = expiration.filter(|_| is_kept(backup)) {
        patch["status"] = json!({"expiration": written(expiration)});
    }
    Ok(noted(backup).is_some().then_some(patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(expiration: Option<&str>, kept: Option<&str>) -> Json {
        json!({"metadata": {"annotations": kept.map(|kept| json!({KEPT: kept}))}, "status": {"expiration": expiration}})
    }

    const THEN: &str = "2026-02-13T15:36:27Z";

    #[test]
    fn what_is_kept_gets_its_own_expiration_back() {
        for expiration in [Some(THEN), None] {
            let patch = keep(&backup(expiration, None)).unwrap();
            assert_eq!(patch["status"], json!({"expiration": null}));
            let noted = patch["metadata"]["annotations"][KEPT].as_str().unwrap();
            let kept = backup(None, Some(noted));
            assert!(is_kept(&kept) && keep(&kept).is_none());
            let back = release(&kept).unwrap().unwrap();
            assert_eq!(back["metadata"]["annotations"], json!({KEPT: null}));
            assert_eq!(back.pointer("/status/expiration").and_then(Json::as_str), expiration);
        }
        assert_eq!(release(&backup(Some(THEN), None)), Ok(None));
        // Somebody has set another one since.
        let set = backup(Some("2027-01-01T00:00:00Z"), Some(THEN));
        assert!(!is_kept(&set));
        let patch = json!({"metadata": {"annotations": {KEPT: THEN}}, "status": {"expiration": null}});
        assert_eq!(keep(&set), Some(patch));
        assert_eq!(release(&set), Ok(Some(json!({"metadata": {"annotations": {KEPT: null}}}))));
        assert_eq!(release(&backup(None, Some("soon"))), Err("soon".to_owned()));
    }

    #[test]
    fn a_restore_only_makes_an_expiration_later() {
        let later: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let patch = json!({"status": {"expiration": "2026-03-01T00:00:00Z"}});
        assert_eq!(until(&backup(Some(THEN), None), later), Some(patch));
        for expiration in [Some("2026-04-01T00:00:00Z"), None] {
            assert_eq!(until(&backup(expiration, Some(THEN)), later), None);
        }
    }
}
