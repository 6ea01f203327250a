//! Helm 4's plugin, written for the running program.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The name of Helm 4's plugin, in post-renderer/plugin.yaml.
pub const NAME: &str = "hwdr-post-renderer";
const PLUGIN: &str = include_str!("../../post-renderer/plugin.yaml");

/// Writes it for this program into a folder of plugins. The plugin refers to the program by a link: Helm 4 splits a command at its
/// blanks, and a path may contain some.
///
/// # Errors
/// If it cannot be written.
pub fn write(folder: &Path, program: &Path) -> io::Result<()> {
    let plugin = folder.join(NAME);
    let (link, new) = (plugin.join("hwdr"), plugin.join(".hwdr.new"));
    let text = PLUGIN.replace("$HELM_PLUGIN_DIR/../bin/hwdr", "$HELM_PLUGIN_DIR/hwdr");
    fs::create_dir_all(&plugin)?;
    fs::write(plugin.join("plugin.yaml"), text)?;
    fs::remove_file(&new).or(Ok::<(), io::Error>(()))?;
    symlink(program, &new)?;
    fs::rename(&new, &link)
}
