//! The release uses the new servers.

use serde_json::{Value as Json, json};

use super::own;
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

/// The same for a release that Velero has brought back, which runs as it was where it keeps its servers.
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
    upgrade(run).await
}
