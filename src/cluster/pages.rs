//! Long lists, page by page, to save memory on both sides.

use kube::api::ListParams;
use serde_json::{Value as Json, json};

use super::{Cluster, ClusterError, Kind, are_segments, json_of};

/// How often a list is started, if the API server no longer knows its next page.
const BEGINS: usize = 3;

impl Cluster {
    /// All objects of a kind with these labels (`a=b,c=d`; empty: all), `page` at a time. Only the results of `keep` stay in memory.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn pages<T>(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        labels: &str,
        page: u32,
        mut keep: impl FnMut(Json) -> T,
    ) -> Result<Vec<T>, ClusterError> {
        are_segments("list", kind, namespace, "all")?;
        let api = self.api(kind, namespace);
        let (mut kept, mut token, mut begins) = (Vec::new(), None, 1);
        loop {
            let parameters = ListParams {
                label_selector: Some(labels.to_owned()).filter(|labels| !labels.is_empty()),
                limit: Some(page),
                continue_token: token.clone(),
                ..ListParams::default()
            };
            match self.call(&format!("list {}", kind.plural), || api.list(&parameters)).await {
                Ok(list) => {
                    kept.extend(list.items.into_iter().map(json_of).map(&mut keep));
                    token = list.metadata.continue_.filter(|token| !token.is_empty());
                }
                // It no longer knows the next page.
                Err(ClusterError::Call { code: 410, .. }) if token.is_some() && begins < BEGINS => {
                    begins += 1;
                    token = None;
                    kept.clear();
                    continue;
                }
                Err(error) => return Err(error),
            }
            if token.is_none() {
                return Ok(kept);
            }
        }
    }

    /// The metadata of all objects of a kind with these labels. Their contents stay on the server.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn heads(&self, kind: Kind, namespace: Option<&str>, labels: &str) -> Result<Vec<Json>, ClusterError> {
        let api = self.api(kind, namespace);
        let parameters = ListParams { label_selector: Some(labels.to_owned()), ..ListParams::default() };
        let list = self.call(&format!("list {}", kind.plural), || api.list_metadata(&parameters)).await?;
        Ok(list.items.iter().map(|object| json!({"metadata": object.metadata})).collect())
    }
}
