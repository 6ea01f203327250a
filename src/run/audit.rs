//! The history of a release: a ConfigMap of lines that are only added (the oldest go when it is full), and Kubernetes Events. Neither may
//! stop a run: failures to write them are ignored.

use jiff::Timestamp;
use serde_json::json;

use super::state::{State, labels};
use crate::cluster::{Cluster, Kind};
use crate::shown;

/// How many bytes of lines are kept: a ConfigMap holds 1 MiB.
const ROOM: usize = 256 << 10;

/// The ConfigMap of a release.
pub fn name(release: &str) -> String {
    format!("hwdr-history-{release}")
}

/// Notes that something happened to `what`.
pub async fn note(cluster: &Cluster, state: &State, happened: &str, what: &str) {
    let what = &shown::kept(what);
    let line = format!("{} {} {:?}: {what} {happened}", Timestamp::now(), state.backup_id, state.phase);
    let name = name(&state.release);
    // After a conflict with another writer, tries again on its version.
    for _ in 0..3 {
        let Ok(found) = cluster.get(Kind::CONFIG_MAP, None, &name).await else { return };
        let written = match found {
            None => {
                let object = json!({
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": name, "labels": labels(&state.release)}, "data": {"log": format!("{line}\n")},
                });
                cluster.create(Kind::CONFIG_MAP, None, &object).await
            }
            Some(mut object) => {
                let log = object["data"]["log"].as_str().unwrap_or_default();
                object["data"]["log"] = newest(&format!("{log}{line}\n")).into();
                cluster.replace(Kind::CONFIG_MAP, None, &object).await
            }
        };
        if !written.is_err_and(|error| error.is_conflict()) {
            break;
        }
    }
    let now = Timestamp::now();
    let event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": format!("{}.{:x}", state.name(), now.as_nanosecond())},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Secret", "name": state.name(), "namespace": cluster.namespace,
        },
        "type": if happened == "stops" { "Warning" } else { "Normal" },
        "reason": "Restore",
        "message": format!("{what} {happened}"),
        "source": {"component": "hwdr"},
        "firstTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "lastTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "count": 1,
    });
    let _ = cluster.create(Kind::EVENT, None, &event).await;
}

/// The newest lines that fit. Cut in one step, not line by line: others may fill it with a MiB of line breaks.
fn newest(log: &str) -> &str {
    let from = log.len().saturating_sub(ROOM);
    let is_begin = |at: &usize| *at == 0 || log.as_bytes().get(at - 1) == Some(&b'\n');
    (from..=log.len()).find(is_begin).and_then(|begin| log.get(begin..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_oldest_lines_go_whole_and_at_once() {
        assert_eq!(newest("a\nb\n"), "a\nb\n");
        assert_eq!(newest(""), "");
        let full = format!("old\n{}\nnew\n", "x".repeat(ROOM - 6));
        assert_eq!(newest(&full), full.strip_prefix("old\n").unwrap());
        let fuller = format!("é{}\nnew\n", "x".repeat(ROOM - 5));
        assert_eq!(newest(&fuller), "new\n");
        assert_eq!(newest(&"é".repeat(ROOM)), "");
        let began = Instant::now();
        assert_eq!(newest(&"\n".repeat(1 << 20)).len(), ROOM);
        assert!(began.elapsed() < Duration::from_secs(1));
    }
}
