//! Progress on standard error: a changing line on a terminal, a new line every half minute elsewhere, and nothing with `--quiet`.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::shown::{is_quiet, note};

/// Shows what a function says, until it is dropped.
pub(super) struct Progress {
    shower: tokio::task::JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts to show it. Must be called within a runtime.
    pub(super) fn start(line: impl Fn() -> String + Send + 'static) -> Self {
        let bar = (std::io::stderr().is_terminal() && !is_quiet()).then(|| {
            let style =
                ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(style)
        });
        let shown = bar.clone();
        let pause = Duration::from_millis(if bar.is_some() { 200 } else { 30_000 });
        let shower = tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                match &shown {
                    Some(bar) => {
                        bar.set_message(line());
                        bar.tick();
                    }
                    None => note(&line()),
                }
            }
        });
        Self { shower, bar }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shower.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
