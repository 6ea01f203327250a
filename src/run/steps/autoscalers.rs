//! Autoscalers: one whose workload has no pods is inactive, unless its minimum is 0.

use serde_json::Value as Json;

use crate::cluster::condition::{number, text};
use crate::cluster::{Cluster, Kind};
use crate::run::state::{Autoscaler, Scaled};
use crate::run::{Halt, Run};

/// The autoscalers of these workloads.
///
/// # Errors
/// If one would start pods during a restore. Kubernetes' own ignores a workload without pods unless its `minReplicas` is 0
/// (kubernetes, `pkg/controller/podautoscaler/horizontal.go`); KEDA starts pods where there are none, and deletes its autoscaler while it is paused.
pub async fn found(cluster: &Cluster, workloads: &[Scaled]) -> Result<Vec<Autoscaler>, Halt> {
    let mut found = Vec::new();
    for object in cluster.list(Kind::AUTOSCALER, None, "").await? {
        let autoscaler = read(&object);
        let is_its = |workload: &Scaled| format!("{}/{}", workload.kind, workload.name) == autoscaler.target;
        if !workloads.iter().any(is_its) {
            continue;
        }
        let (name, namespace) = (&autoscaler.name, &cluster.namespace);
        let starts = |why: &str| {
            Halt::new(format!(
                "HorizontalPodAutoscaler/{name} would start pods of {} during the restore: {why}",
                autoscaler.target
            ))
        };
        if text(&object, "/metadata/ownerReferences/0/kind") == "ScaledObject" {
            let owner = text(&object, "/metadata/ownerReferences/0/name");
            let annotate = format!("kubectl -n {namespace} annotate scaledobject {owner} autoscaling.keda.sh/paused");
            return Err(starts(&format!("it belongs to KEDA's ScaledObject {owner}"))
                .help(format!("pause it: {annotate}=true"))
                .help(format!("and resume it when the restore is done: {annotate}-")));
        }
        if autoscaler.min == 0 {
            return Err(starts("its minReplicas is 0").help(format!(
                "pause it: kubectl -n {namespace} patch hpa {name} -p '{{\"spec\": {{\"minReplicas\": 1}}}}'"
            )));
        }
        found.push(autoscaler);
    }
    Ok(found)
}

/// Warns of autoscalers that are not as they were before. Helm's rollback resets those of the release; others are their owners'.
pub(super) async fn compare(run: &mut Run) {
    let now =
        run.cluster.list(Kind::AUTOSCALER, None, "").await.map(|found| found.iter().map(read).collect::<Vec<_>>());
    for before in &run.state.before.autoscalers {
        let now = match &now {
            Ok(now) => now.iter().find(|now| now.name == before.name),
            Err(why) => {
                return run.show.warn(&format!("hwdr cannot tell whether the autoscalers are as before: {why}"));
            }
        };
        if now != Some(before) {
            let now = now.map_or("is gone".to_owned(), |now| format!("is {now} now"));
            run.show.warn(&format!("HorizontalPodAutoscaler/{} {now}; before it was {before}", before.name));
        }
    }
}

fn read(object: &Json) -> Autoscaler {
    Autoscaler {
        name: text(object, "/metadata/name").to_owned(),
        target: format!("{}/{}", text(object, "/spec/scaleTargetRef/kind"), text(object, "/spec/scaleTargetRef/name")),
        // The API server's default is 1.
        min: number(object, "/spec/minReplicas"),
        max: number(object, "/spec/maxReplicas"),
    }
}
