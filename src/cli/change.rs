//! A change of a file: shown as a diff, and made in one step.

use std::io;
use std::sync::Arc;

use crate::source::Source;

/// A file before and after.
pub struct Change {
    /// As it was read.
    pub before: Arc<Source>,
    /// As it shall be.
    pub after: Arc<Source>,
    /// How many things that mends.
    pub mended: usize,
}

impl Change {
    /// Writes the file anew, in one step: whoever reads it sees the old text or the new one.
    pub fn write(&self) -> io::Result<()> {
        let path = std::fs::canonicalize(&self.before.name)?;
        if std::fs::read(&path)? != self.before.text.as_bytes() {
            return Err(io::Error::other("it has changed meanwhile, or is not UTF-8"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.hwdr-{}", std::process::id()));
        let written = std::fs::write(&temporary, &self.after.text)
            .and_then(|()| std::fs::set_permissions(&temporary, std::fs::metadata(&path)?.permissions()))
            .and_then(|()| std::fs::rename(&temporary, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        written
    }

    /// What changes, in colours.
    pub fn diff(&self) -> String {
        let diff = similar::TextDiff::from_lines(self.before.text.as_str(), self.after.text.as_str());
        let name = &self.before.name;
        let text = diff.unified_diff().context_radius(3).header(name, name).to_string();
        text.split_inclusive('\n').map(colour).collect()
    }
}

/// A line of a diff in its colour, which a stream that is no terminal drops.
fn colour(line: &str) -> String {
    use anstyle::{AnsiColor, Style};
    let style = match line.as_bytes().first() {
        Some(b'+') => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Some(b'-') => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Some(b'@') => Style::new().fg_color(Some(AnsiColor::Cyan.into())),
        _ => Style::new(),
    };
    format!("{style}{}{style:#}{}", line.trim_end_matches('\n'), if line.ends_with('\n') { "\n" } else { "" })
}
