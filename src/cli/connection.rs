//! Which cluster a command works on: Helm's own flags, and what Helm passes to its plugins.

use std::env;
use std::future::Future;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::messages::Failure;
use crate::cluster::{Cluster, ClusterError, Connection};

/// Helm's flags for the cluster, under their names in Helm.
///
/// Helm moves them from a plugin's command line to its environment (`manuallyProcessArgs` in
/// pkg/cmd/load_plugins.go, `EnvVars` in pkg/cli/environment.go), where each is set, and empty if it was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Cluster (as for helm)")]
pub(super) struct ConnectionArgs {
    /// The kubeconfig file [default: $KUBECONFIG, or ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context in it [default: the current one]
    #[arg(long, visible_alias = "context", env = "HELM_KUBECONTEXT", hide_env = true, value_name = "NAME")]
    pub kube_context: Option<String>,
    /// The release's namespace [default: the context's]
    #[arg(short, long, env = "HELM_NAMESPACE", hide_env = true, value_name = "NAME")]
    pub namespace: Option<String>,
}

/// Runs a command's work on the cluster to its end. A second thread renews the Lease while the operator is asked.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.context("the system gives this process neither a thread nor a timer")?.block_on(work)
}

/// Helm's other flags for the cluster, and the value that means *not given*. hwdr does not support them, and refuses them: it would
/// otherwise work on another cluster, or as another user.
const NOT_FOLLOWED: [(&str, &str, &str); 7] = [
    ("HELM_KUBEAPISERVER", "--kube-apiserver", ""),
    ("HELM_KUBETOKEN", "--kube-token", ""),
    ("HELM_KUBEASUSER", "--kube-as-user", ""),
    ("HELM_KUBEASGROUPS", "--kube-as-group", ""),
    ("HELM_KUBECAFILE", "--kube-ca-file", ""),
    ("HELM_KUBETLS_SERVER_NAME", "--kube-tls-server-name", ""),
    ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", "--kube-insecure-skip-tls-verify", "false"),
];

impl ConnectionArgs {
    /// How to connect.
    ///
    /// # Errors
    /// If Helm was given a flag for the cluster that hwdr does not support.
    pub(super) fn connection(&self) -> Result<Connection> {
        self.connection_in(&|name| env::var(name).ok())
    }

    /// Connects, without a request yet.
    ///
    /// # Errors
    /// As [`ConnectionArgs::connection`], and if the kubeconfig cannot be used.
    pub(super) async fn connect(&self) -> Result<Cluster> {
        Ok(Cluster::connect(&self.connection()?).await.map_err(|error| {
            Failure::unusable(error.to_string()).help(match error {
                ClusterError::NoKubeconfig(_) => {
                    "give the file's path with --kubeconfig. Without it, hwdr reads the files in $KUBECONFIG, or ~/.kube/config"
                }
                _ => "list the contexts, and choose one with --kube-context:\nkubectl config get-contexts",
            })
        })?)
    }

    /// Connects; in a pod, and without a kubeconfig, with the pod's own account.
    ///
    /// # Errors
    /// As [`ConnectionArgs::connect`], and if the pod has no token.
    pub(super) async fn connect_or_in_pod(&self) -> Result<Cluster> {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let connection = self.connection()?;
        let is_named = connection.kubeconfig.is_some() || connection.context.is_some() || is_set("KUBECONFIG");
        if is_named || !is_set("KUBERNETES_SERVICE_HOST") {
            return self.connect().await;
        }
        let mut cluster = Cluster::of_this_pod().map_err(|error| Failure::unusable(error.to_string()))?;
        if let Some(namespace) = connection.namespace {
            cluster.namespace = namespace;
        }
        Ok(cluster)
    }

    fn connection_in(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Connection> {
        let told = |(name, _, unset): &(&str, &str, &str)| env(name).is_some_and(|it| !it.is_empty() && it != *unset);
        if let Some((name, flag, _)) = NOT_FOLLOWED.iter().find(|setting| told(setting)) {
            bail!(
                Failure::unusable(format!(
                    "helm's {flag} ({name}) is set, but hwdr takes the cluster only from a kubeconfig"
                ))
                .help("add it to a context of the kubeconfig, and choose that with --kube-context")
            );
        }
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(Connection {
            kubeconfig: self.kubeconfig.clone(),
            context: given(&self.kube_context),
            namespace: given(&self.namespace),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helm_sets_without_being_told_is_nothing() {
        let arguments =
            ConnectionArgs { kube_context: Some(String::new()), namespace: Some("ns".to_owned()), kubeconfig: None };
        let helm = |name: &str| Some(if name.ends_with("VERIFY") { "false" } else { "" }.to_owned());
        let connection = arguments.connection_in(&helm).unwrap();
        assert_eq!((connection.context, connection.namespace), (None, Some("ns".to_owned())));
    }

    #[test]
    fn another_cluster_than_helms_is_refused() {
        for (name, value) in [("HELM_KUBEAPISERVER", "https://other"), ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", "true")] {
            let env = |asked: &str| (asked == name).then(|| value.to_owned());
            assert!(ConnectionArgs::default().connection_in(&env).is_err(), "{name}");
        }
    }
}
