//! The scripts of the restore's pods: an immutable ConfigMap, which another hwdr cannot change either.

use crate::cluster::{Cluster, Kind};
use crate::product::Product;
use crate::render::is_with_our_scripts;
use crate::run::Halt;

/// Checks that Helm can apply the scripts of this hwdr: if there are others, it would fail in the middle.
///
/// # Errors
/// If there are those of another hwdr, or of anybody else.
pub async fn can_be_applied(product: &dyn Product, cluster: &Cluster, backup_id: &str) -> Result<(), Halt> {
    let name = format!("hwdr-scripts-{backup_id}");
    let found = cluster.get(Kind::CONFIG_MAP, None, &name).await?;
    if found.is_none_or(|found| found["immutable"] != true || is_with_our_scripts(product, &found)) {
        return Ok(());
    }
    Err(Halt::new(format!(
        "ConfigMap {name} holds other scripts than those of this hwdr, and cannot be changed (immutable: true)"
    ))
    .help("continue with the version of hwdr that began this restore")
    .help(format!("or, if no restore is under way: kubectl -n {} delete configmap {name}", cluster.namespace)))
}
