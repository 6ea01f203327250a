//! Objects of any kind, by their labels.

use kube::api::{Api, ApiResource, DynamicObject, ListParams, Preconditions};
use kube::discovery::{self, ApiGroup, verbs};
use serde_json::{Value as Json, json};

use super::condition::text;
use super::{Cluster, ClusterError};

/// An object of any kind.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its kind.
    pub resource: ApiResource,
    /// Its metadata only: its contents may be secret.
    pub object: Json,
}

/// What has some labels.
#[derive(Debug, Default)]
pub struct Labelled {
    /// The objects, in all namespaces, of all kinds that can be deleted.
    pub found: Vec<Found>,
    /// Kinds that could not be listed.
    pub unseen: Vec<String>,
}

impl Cluster {
    /// All objects with these labels.
    ///
    /// # Errors
    /// If the API server is gone for longer than a restart takes.
    pub async fn labelled(&self, labels: &str) -> Result<Labelled, ClusterError> {
        let mut all = Labelled::default();
        let groups = self.call("list API groups", || self.client.list_api_groups()).await?;
        let names = groups.groups.into_iter().map(|group| group.name);
        for group in std::iter::once(ApiGroup::CORE_GROUP.to_owned()).chain(names) {
            let Some(found) = self.group(&group).await? else {
                all.unseen.push(group);
                continue;
            };
            for (resource, can) in found.recommended_resources() {
                if !can.supports_operation(verbs::LIST) || !can.supports_operation(verbs::DELETE) {
                    continue;
                }
                let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
                let parameters = ListParams { label_selector: Some(labels.to_owned()), ..ListParams::default() };
                match self.call(&format!("list {}", resource.plural), || api.list_metadata(&parameters)).await {
                    Ok(list) => {
                        all.found.extend(list.items.into_iter().map(|item| Found {
                            resource: resource.clone(),
                            object: json!({"metadata": item.metadata}),
                        }))
                    }
                    Err(ClusterError::Call { code: 1.., .. }) => all.unseen.push(resource.plural),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(all)
    }

    /// The kinds of a group; none if they cannot be listed: an aggregated API server behind it may be gone.
    async fn group(&self, name: &str) -> Result<Option<ApiGroup>, ClusterError> {
        if let Ok(found) = discovery::group(&self.client, name).await {
            return Ok(Some(found));
        }
        // Unless the API server itself was gone.
        self.call("list API groups", || self.client.list_api_groups()).await?;
        Ok(discovery::group(&self.client, name).await.ok())
    }

    /// Deletes exactly this object, of any kind.
    ///
    /// # Errors
    /// As [`Cluster::get`]; a missing object is no error.
    pub async fn delete_found(&self, found: &Found) -> Result<(), ClusterError> {
        let name = text(&found.object, "/metadata/name");
        let api: Api<DynamicObject> = match text(&found.object, "/metadata/namespace") {
            "" => Api::all_with(self.client.clone(), &found.resource),
            namespace => Api::namespaced_with(self.client.clone(), namespace, &found.resource),
        };
        let uid = text(&found.object, "/metadata/uid").to_owned();
        let this = Preconditions { uid: Some(uid), resource_version: None };
        match self.delete_in(&api, &found.resource.kind, name, Some(this)).await {
            // Another one of its name is not ours.
            Err(error) if error.is_conflict() => Ok(()),
            deleted => deleted,
        }
    }
}
