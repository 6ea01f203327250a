//! Progress on standard error: a changing line on a terminal, a new line every half minute elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::s3::client::Client;
use crate::s3::report::Tally;
use crate::shown::tell;

/// Shows counts until it is dropped.
pub(super) struct Progress {
    shower: tokio::task::JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts to show them. Must be called within a runtime.
    pub(super) fn start(what: &'static str, client: &Client, tally: &Arc<Tally>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(style)
        });
        let (shown, client, tally) = (bar.clone(), client.clone(), tally.clone());
        let pause = Duration::from_millis(if bar.is_some() { 200 } else { 30_000 });
        let began = Instant::now();
        let shower = tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let report = tally.report();
                let rate = report.versions as f64 / began.elapsed().as_secs_f64();
                let line =
                    format!("{what}: {} ({rate:.0}/s); {} requests at a time", report.counts(), client.concurrency());
                match &shown {
                    Some(bar) => {
                        bar.set_message(line);
                        bar.tick();
                    }
                    None => tell(&line),
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
