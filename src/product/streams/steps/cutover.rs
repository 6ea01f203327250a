//! The release uses the new servers.

use serde_json::{Value as Json, json};

use super::own;
use crate::cluster::Kind;
use crate::cluster::condition::text;
use crate::product::streams::own::put;
use crate::run::steps::upgrade as helm_upgrade;
use crate::run::{Context as _, Halt, Run};

/// `helm upgrade` with the values as they were given, and the new servers.
pub(super) async fn upgrade(run: &mut Run) -> Result<(), Halt> {
    let mut values = json!({});
    for (path, text) in own(run)?.cutover()? {
        run.show.note(&format!("helm gets {}={text}", path.join(".")));
        put(&mut values, &path, Json::String(text));
    }
    run.helm.add_values(values.to_string().as_bytes())?;
    helm_upgrade(run).await
}

/// `helm upgrade` of a release that Velero has brought back, which runs as it was where it keeps its servers.
pub(super) async fn upgrade_restored(run: &mut Run) -> Result<(), Halt> {
    if run.state.before.revision == 0 {
        let release = run.state.release.clone();
        let found = run.helm.release(&release).await?.ok_or_else(|| {
            Halt::new(format!("the restored namespace {} has no release {release}", run.cluster.namespace))
                .help("see which it has: helm list -a")
        })?;
        run.state.before.revision = found.revision;
        run.save().await?;
    }
    upgrade(run).await?;
    start_held(run).await
}

/// Velero has restored all workloads without pods. Helm gives its own their numbers; those of an autoscaler, and those that are no release's, stay at zero.
async fn start_held(run: &mut Run) -> Result<(), Halt> {
    let scalers = run.cluster.list(Kind::AUTOSCALER, None, "").await?;
    for kind in [Kind::DEPLOYMENT, Kind::STATEFUL_SET] {
        for held in run.cluster.list(kind, None, "").await? {
            let name = text(&held, "/metadata/name").to_owned();
            if held.pointer("/spec/replicas").and_then(Json::as_u64) != Some(0) {
                continue;
            }
            let scaler = scalers.iter().find(|scaler| {
                text(scaler, "/spec/scaleTargetRef/kind") == kind.kind
                    && text(scaler, "/spec/scaleTargetRef/name") == name
            });
            match scaler {
                Some(scaler) if run.is_its(&held) => {
                    let least = scaler.pointer("/spec/minReplicas").and_then(Json::as_u64).unwrap_or(1).max(1);
                    run.cluster.patch_this(kind, None, &held, &json!({"spec": {"replicas": least}})).await?;
                }
                _ => run.doubt(&format!(
                    "{}/{name} has no pods: Velero restored it so. If it had some, start them: kubectl scale {} {name} --replicas=1",
                    kind.kind, kind.plural
                )),
            }
        }
    }
    Ok(())
}
