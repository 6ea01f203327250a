//! Why something is not done, and what to do about it: what the parts that work on a cluster answer with.

use thiserror::Error;

use crate::cluster::{ClusterError, WaitError};
use crate::shown::word;

/// A reason, and the ways out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct Refusal {
    /// What is wrong: the object, what was expected, what is there.
    pub problem: String,
    /// What to do about it; commands on lines of their own.
    pub help: Vec<String>,
}

impl Refusal {
    /// Something is wrong.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: Vec::new() }
    }

    /// Adds something to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

impl From<ClusterError> for Refusal {
    fn from(error: ClusterError) -> Self {
        let code = match &error {
            ClusterError::Call { code, .. } => *code,
            ClusterError::Connection(_) | ClusterError::NoKubeconfig(_) | ClusterError::NoAnswer { .. } => 0,
        };
        let refusal = Self::new(error.to_string());
        if let ClusterError::NoAnswer { context, .. } = &error {
            return refusal
                .help(format!("see whether it answers: kubectl --context {} get --raw /readyz", word(context)))
                .help("or choose another cluster: --kube-context NAME");
        }
        match code {
            401 => refusal.help("log in to the cluster again: the API server does not know these credentials"),
            403 => refusal.help("ask for the missing role, or let somebody run this who has it"),
            _ => refusal,
        }
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
