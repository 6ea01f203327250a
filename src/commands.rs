//! Commands to paste: each names the namespace, and the context if one was given, so that it reaches the cluster that is spoken of.

use crate::shown::word;

/// Where commands lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commands {
    namespace: String,
    context: Option<String>,
}

impl Commands {
    /// Those for a namespace. `context` is the one that was given with `--kube-context`; without it, the current one is meant.
    pub fn of(namespace: &str, context: Option<&str>) -> Self {
        Self { namespace: namespace.to_owned(), context: context.map(str::to_owned) }
    }

    /// One of hwdr's own.
    pub fn hwdr(&self, words: &str) -> String {
        self.helm(&format!("hwdr {words}"))
    }

    /// One of helm's.
    pub fn helm(&self, words: &str) -> String {
        let context = self.context.as_ref().map(|name| format!(" --kube-context {}", word(name)));
        format!("helm {words} -n {}{}", word(&self.namespace), context.unwrap_or_default())
    }

    /// One of kubectl's.
    pub fn kubectl(&self, words: &str) -> String {
        let context = self.context.as_ref().map(|name| format!(" --context {}", word(name)));
        format!("kubectl -n {}{} {words}", word(&self.namespace), context.unwrap_or_default())
    }

    /// Resumes the run of a release.
    pub fn resume(&self, release: &str) -> String {
        self.hwdr(&format!("resume {}", word(release)))
    }

    /// Undoes it.
    pub fn undo(&self, release: &str) -> String {
        self.hwdr(&format!("undo {}", word(release)))
    }

    /// Shows it, or its report.
    pub fn watch(&self, release: &str) -> String {
        self.hwdr(&format!("watch {}", word(release)))
    }

    /// Shows all that was done.
    pub fn history(&self, release: &str) -> String {
        self.hwdr(&format!("history {}", word(release)))
    }

    /// A command that also takes the chart and the values.
    pub fn with_values(&self, verb: &str, release: &str) -> String {
        format!("{} -f values.yaml", self.hwdr(&format!("{verb} {} CHART", word(release))))
    }

    /// Removes what an installation has left, and installs again.
    pub fn start_over(&self, release: &str) -> String {
        let (uninstall, install) =
            (self.helm(&format!("uninstall {}", word(release))), self.with_values("install", release));
        format!("{uninstall}\n{}\n{install}", self.kubectl("delete pvc NAME"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_reaches_the_cluster_that_is_spoken_of() {
        let here = Commands::of("hopsworks", None);
        assert_eq!(here.undo("hops"), "helm hwdr undo hops -n hopsworks");
        assert_eq!(here.with_values("finalize", "hops"), "helm hwdr finalize hops CHART -n hopsworks -f values.yaml");
        let there = Commands::of("hopsworks", Some("the prod"));
        assert_eq!(there.resume("hops"), "helm hwdr resume hops -n hopsworks --kube-context 'the prod'");
        assert_eq!(there.helm("history hops"), "helm history hops -n hopsworks --kube-context 'the prod'");
        assert_eq!(
            there.start_over("hops"),
            "helm uninstall hops -n hopsworks --kube-context 'the prod'\n\
             kubectl -n hopsworks --context 'the prod' delete pvc NAME\n\
             helm hwdr install hops CHART -n hopsworks --kube-context 'the prod' -f values.yaml"
        );
    }
}
