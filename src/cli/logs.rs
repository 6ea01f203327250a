//! The log (`-v`, `HWDR_LOG`): the requests to the cluster, to helm and to the bucket, and how long each answer took. It goes to standard
//! error, and is off by default.

use std::env;
use std::io;

use anyhow::Result;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use super::messages::Failure;
use crate::shown::{mask, tell};

/// The parts that log. Nothing else is shown: libraries may log headers and bodies, which can contain credentials.
const PARTS: [&str; 3] = ["cluster", "helm", "bucket"];

/// Starts the log if `-v` is given or `HWDR_LOG` is set. `HWDR_LOG` wins, because it is more exact.
///
/// # Errors
/// If `HWDR_LOG` is neither a level nor a list of levels.
pub(super) fn begin(is_verbose: bool) -> Result<()> {
    let wanted = env::var("HWDR_LOG").ok().filter(|levels| !levels.is_empty());
    let Some(wanted) = wanted.or_else(|| is_verbose.then(|| "debug".to_owned())) else { return Ok(()) };
    let levels: Targets = wanted.parse().map_err(|_| {
        Failure::unusable(format!("HWDR_LOG={wanted}: expected a level, or a level for each part"))
            .help("for example HWDR_LOG=debug, or HWDR_LOG=cluster=debug,helm=info,bucket=off")
    })?;
    let ours = filter_fn(|data| PARTS.contains(&data.target()));
    let lines = fmt::layer().with_ansi(false).with_writer(|| Lines);
    // A command that takes helm's flags finds its own `-v` later than others: an earlier log stays.
    let _ = tracing_subscriber::registry().with(lines).with(levels).with(ours).try_init();
    Ok(())
}

/// Prints whole lines, one at a time, without credentials.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        tell(&one_line(&String::from_utf8_lossy(line)));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keys of a bucket and messages of a server may contain line breaks.
fn one_line(text: &str) -> String {
    mask::credentials(text.trim_end()).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_line_stays_one_and_has_no_credentials() {
        for (text, expected) in [
            (
                "DEBUG cluster: GET /api/v1/secrets/db-password status=200 took=1ms\n",
                "DEBUG cluster: GET /api/v1/secrets/db-password status=200 took=1ms",
            ),
            ("WARN bucket: a\nb: password=hunter2\n", "WARN bucket: a\\nb: password=*******"),
        ] {
            assert_eq!(one_line(text), expected);
        }
    }
}
