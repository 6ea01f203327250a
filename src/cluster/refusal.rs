//! What a cluster's errors mean to a person.

use super::{ClusterError, WaitError};
use crate::refusal::Refusal;
use crate::shown::word;

impl From<&ClusterError> for Refusal {
    fn from(error: &ClusterError) -> Self {
        let code = match error {
            ClusterError::Call { code, .. } => *code,
            ClusterError::Connection(_) | ClusterError::NoKubeconfig(_) | ClusterError::NoAnswer { .. } => 0,
        };
        let refusal = Self::new(error.to_string());
        if let ClusterError::NoAnswer { context, .. } = error {
            return refusal
                .help(format!("see whether it answers: kubectl --context {} get --raw /readyz", word(context)))
                .help("or choose another cluster: --kube-context NAME");
        }
        match code {
            401 => refusal.help("log in to the cluster again: the API server does not know these credentials"),
            403 => refusal.help("ask for the missing role, or ask somebody who has it to run this"),
            _ => refusal,
        }
    }
}

impl From<ClusterError> for Refusal {
    fn from(error: ClusterError) -> Self {
        Self::from(&error)
    }
}

impl From<WaitError> for Refusal {
    fn from(error: WaitError) -> Self {
        Self::new(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_does_not_answer_is_named() {
        let [what, server, context, why] =
            ["list secrets", "https://prod:6443", "the prod", "Connection refused"].map(str::to_owned);
        let refusal = Refusal::from(ClusterError::NoAnswer { what, server, context, why });
        assert!(refusal.problem.contains("https://prod:6443") && refusal.problem.contains("Connection refused"));
        assert!(refusal.help.concat().contains("kubectl --context 'the prod' get"), "{:?}", refusal.help);
    }
}
