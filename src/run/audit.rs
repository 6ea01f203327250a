//! What was done to a release, for those who ask later: a ConfigMap of lines that are only added (the oldest go when it is full), and
//! Kubernetes Events. Neither may stop a run: what cannot be noted is not.

use jiff::Timestamp;
use serde_json::json;

use super::state::{State, labels};
use crate::cluster::{Cluster, Kind};
use crate::shown;

/// How many bytes of lines are kept: a ConfigMap takes a MiB.
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
    // Another writer: the second time over what that wrote.
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
                let mut log = format!("{}{line}\n", object["data"]["log"].as_str().unwrap_or_default());
                while log.len() > ROOM {
                    let first = log.find('\n').map_or(log.len(), |end| end + 1);
                    log.drain(..first);
                }
                object["data"]["log"] = log.into();
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
