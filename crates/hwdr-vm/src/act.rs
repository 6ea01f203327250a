//! Does the acts of a step, and looks at what they say.

use std::path::Path;
use std::time::{Duration, Instant};

use hwdr_values::shown::kept;

use crate::parse::{ndb, sql};
use crate::plan::{Act, Step};
use crate::remote::{Failed, How, Remote, Said, all};
use crate::words::{Command, Expect, SHORT, WHOLE};

/// How often something is asked that is waited for.
const PAUSE: Duration = Duration::from_secs(3);

/// What an act has done.
#[derive(Debug, Default)]
pub struct Done {
    /// What was printed.
    pub said: Said,
    /// The bytes of files that were sent.
    pub sent: u64,
}

/// Does all acts of a step, as many at once as it allows.
///
/// # Errors
/// The first failure. What has not begun then does not begin, and connections of the rest are closed.
pub async fn step(remote: &Remote, step: &Step, folder: &Path) -> Result<Vec<Done>, Failed> {
    let width = step.width.unwrap_or(step.acts.len()).max(1);
    let mut done = Vec::new();
    for acts in step.acts.chunks(width) {
        done.extend(all(acts.iter().map(|act| one(remote, act, folder))).await?);
    }
    Ok(done)
}

async fn one(remote: &Remote, act: &Act, folder: &Path) -> Result<Done, Failed> {
    let (command, said) = match act {
        Act::Copy(copy) => return Ok(Done { said: Said::default(), sent: remote.copy(copy).await? }),
        Act::Into(command, path) => (command, remote.call_into(command, folder, &folder.join(path)).await?),
        // What takes long shows that it lives.
        Act::Call(command) if command.limit >= WHOLE => (command, remote.call_aloud(command, folder).await?),
        Act::Call(command) => match command.expect {
            Expect::Soon { text, but } => return soon(remote, command, folder, (text, but)).await,
            _ => (command, remote.call(command, folder).await?),
        },
    };
    judge(command, &said)?;
    Ok(Done { said, sent: 0 })
}

/// Asks until the answer has a text, and not another one. An exit status that is not 0 is an answer, too: what is asked may still be starting.
async fn soon(
    remote: &Remote,
    command: &Command,
    folder: &Path,
    (text, but): (&str, Option<&str>),
) -> Result<Done, Failed> {
    let began = Instant::now();
    let single = command.clone().within(SHORT.min(command.limit));
    loop {
        let said = match remote.call(&single, folder).await {
            Ok(said) => said,
            Err(Failed { how: How::Status(_) | How::Late(_), last, .. }) => {
                Said { out: String::new(), err: last.join("\n") }
            }
            Err(failed) => return Err(failed),
        };
        if said.out.contains(text) && !but.is_some_and(|but| said.out.contains(but)) {
            return Ok(Done { said, sent: 0 });
        }
        if began.elapsed() >= command.limit {
            let last = format!("{}\n{}", said.out, said.err);
            let last = last.lines().filter(|line| !line.trim().is_empty()).map(kept).collect();
            let how = How::Said(format!(
                "it does not say {text:?} within {}",
                hwdr_values::shown::duration(command.limit.as_secs())
            ));
            return Err(Failed { host: command.host.clone(), command: command.to_string(), how, last });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether a command has said what it must.
fn judge(command: &Command, said: &Said) -> Result<(), Failed> {
    let wrong = match &command.expect {
        Expect::Nothing | Expect::Soon { .. } => None,
        Expect::Line(line) => {
            let is_there = said.out.lines().any(|it| it == line);
            (!is_there)
                .then(|| format!("it says {:?}, expected {line:?}", kept(said.out.lines().last().unwrap_or_default())))
        }
        Expect::Restored { rows } => match ndb::restored(&format!("{}\n{}", said.out, said.err)) {
            it if it.is_bad => Some("its exit status is 0, but it tells of a failure".to_owned()),
            it if *rows && it.rows.is_none() => {
                Some("its exit status is 0, but it does not say how many rows it has restored".to_owned())
            }
            _ => None,
        },
        Expect::Granted => sql::stale(&said.out).err(),
        Expect::Completed(id) => ndb::completed(&said.out, id.number()).err(),
    };
    let Some(what) = wrong else { return Ok(()) };
    let text = format!("{}\n{}", said.out, said.err);
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(5)).map(|line| kept(line)).collect();
    Err(Failed { host: command.host.clone(), command: command.to_string(), how: How::Said(what), last })
}
