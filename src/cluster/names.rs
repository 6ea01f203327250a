//! Only the names of objects whose contents are large or secret.

use kube::ResourceExt as _;
use kube::api::ListParams;

use super::{Cluster, ClusterError, Kind};

impl Cluster {
    /// The names of all objects of a kind with these labels. Their contents stay on the server.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn names(&self, kind: Kind, namespace: Option<&str>, labels: &str) -> Result<Vec<String>, ClusterError> {
        let api = self.api(kind, namespace);
        let parameters = ListParams { label_selector: Some(labels.to_owned()), ..ListParams::default() };
        let list = self.call(&format!("list {}", kind.plural), || api.list_metadata(&parameters)).await?;
        Ok(list.items.iter().map(|object| object.name_any()).collect())
    }
}
