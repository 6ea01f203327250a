//! What hwdr knows about Helm: its command line, its versions, its plugins; and running it.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

pub mod command_line;
pub mod flags;
pub mod invocation;
pub mod parent;
pub mod record;
pub mod run;

/// The name of Helm 4's plugin, in post-renderer/plugin.yaml.
pub const PLUGIN_NAME: &str = "hwdr-post-renderer";
const PLUGIN: &str = include_str!("../../post-renderer/plugin.yaml");

/// Writes Helm 4's plugin for this very program into a folder of plugins. The program is found by a link: Helm 4 splits a command at its
/// blanks, and a path may have some.
///
/// # Errors
/// Where it cannot be written.
pub fn write_plugin(folder: &Path, program: &Path) -> io::Result<()> {
    let plugin = folder.join(PLUGIN_NAME);
    let (link, new) = (plugin.join("hwdr"), plugin.join(".hwdr.new"));
    let text = PLUGIN.replace("$HELM_PLUGIN_DIR/../bin/hwdr", "$HELM_PLUGIN_DIR/hwdr");
    fs::create_dir_all(&plugin)?;
    fs::write(plugin.join("plugin.yaml"), text)?;
    fs::remove_file(&new).or(Ok::<(), io::Error>(()))?;
    symlink(program, &new)?;
    fs::rename(&new, &link)
}
