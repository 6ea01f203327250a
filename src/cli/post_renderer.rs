//! `hwdr post-renderer`: what `--post-renderer` needs, for the Helm in use.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};

use super::messages::Failure;
use crate::helm::plugin;
use crate::shown::{self, word};
use crate::values::Helm;

/// Sets up what helm's --post-renderer needs, and prints which flags to give
#[derive(Debug, Args)]
pub(super) struct PostRenderer {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Sets it up and prints the exact command line
    Install(Which),
    /// Prints only the path: of the program (Helm 3), or of the folder to add to HELM_PLUGINS (Helm 4)
    Path(Which),
}

#[derive(Debug, Args)]
struct Which {
    /// Helm's major version [default: that of the helm that runs this]
    #[arg(long, value_name = "3|4", value_parser = clap::value_parser!(u8).range(3..=4))]
    helm: Option<u8>,
}

impl PostRenderer {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let (which, install) = match &self.action {
            Action::Install(which) => (which, true),
            Action::Path(which) => (which, false),
        };
        let program = env::current_exe().context("the path of this program is not known")?;
        match (which.helm()?, install) {
            (Helm::V3, false) => shown::print(&format!("{}\n", program.display())),
            (Helm::V3, true) => shown::print(&format!(
                "Helm 3 takes the program itself. Add to helm install:\n\n  \
                 --post-renderer {} --post-renderer-args post-render\n\n\
                 An in-place restore also needs --unguarded: set the old volumes aside first.\n",
                word(&program.display().to_string())
            )),
            (Helm::V4, false) => shown::print(&format!("{}\n", plugins_folder()?.display())),
            (Helm::V4, true) => {
                let folder = plugins_folder()?;
                plugin::write(&folder, &program)
                    .with_context(|| format!("cannot write the plugin in {}", folder.display()))?;
                let shared = env::var("HELM_PLUGINS").map_or("\"$(helm env HELM_PLUGINS)\"".to_owned(), |it| word(&it));
                shown::print(&format!(
                    "Helm 4 takes only plugins, and Helm 3 fails to load any plugin beside one of\n\
                     Helm 4's form, so it has a folder of its own. Put this in front of helm install:\n\n  \
                     HELM_PLUGINS={shared}:{} \\\n    helm install … --post-renderer {}\n\n\
                     An in-place restore also needs --unguarded: set the old volumes aside first.\n",
                    word(&folder.display().to_string()),
                    plugin::NAME
                ));
            }
        }
        Ok(())
    }
}

impl Which {
    /// The major version of the Helm in use: as given, or from `$HELM_BIN version`.
    fn helm(&self) -> Result<Helm> {
        if let Some(major) = self.helm {
            return Ok(if major == 3 { Helm::V3 } else { Helm::V4 });
        }
        let unknown = |why: String| {
            Failure::unusable(format!("which Helm is in use is not known: {why}")).help("add --helm 3 or --helm 4")
        };
        let program = env::var_os("HELM_BIN").unwrap_or_else(|| "helm".into());
        let output = Command::new(&program)
            .args(["version", "--template", "{{.Version}}"])
            .output()
            .map_err(|error| unknown(format!("{} does not run: {error}", Path::new(&program).display())))?;
        let version = String::from_utf8_lossy(&output.stdout);
        match version.trim().split('.').next() {
            Some("v3") => Ok(Helm::V3),
            Some("v4") => Ok(Helm::V4),
            _ => bail!(unknown(format!("{} version says {:?}", Path::new(&program).display(), version.trim()))),
        }
    }
}

/// The folder for Helm 4's plugin alone: in Helm's data folder, but never among the plugins that Helm 3 reads.
fn plugins_folder() -> Result<PathBuf> {
    let from = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // Helm's own order: $HELM_DATA_HOME, then XDG's data home (helm.sh/helm/pkg/helmpath).
    let helm = from("HELM_DATA_HOME")
        .or_else(|| from("XDG_DATA_HOME").map(|data| data.join("helm")))
        .or_else(|| from("HOME").map(|home| home.join(".local/share/helm")))
        .ok_or_else(|| Failure::unusable("neither HELM_DATA_HOME nor HOME is set").help("set HOME"))?;
    Ok(helm.join("hwdr/helm4-plugins"))
}
