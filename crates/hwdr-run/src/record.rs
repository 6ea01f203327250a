//! The record of a run, as far as the engine knows it: which steps were begun and done, the run's phase, and its findings. Everything else
//! in it belongs to the product.

use hwdr_values::shown::said;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How many findings are kept, how many characters of each, and how many bytes of all. The record must not outgrow its store:
/// then it could not be written any more, and the run could be neither resumed nor undone.
const FINDINGS: usize = 200;
const LONGEST: usize = 1000;
const MOST: usize = 48 << 10;

/// What a run records: JSON that has at least the keys `form` and `version`, and those of [`Entries`].
pub trait Record: Serialize + DeserializeOwned {
    /// The newest form that this program knows.
    const FORM: u32;

    /// The phase of the run.
    fn phase(&self) -> Phase;

    /// The steps that were begun, in their order.
    fn steps(&self) -> &[Progress];

    /// What the engine writes.
    fn entries(&mut self) -> Entries<'_>;

    /// Whether a step is done.
    fn is_done(&self, step: &str) -> bool {
        self.steps().iter().any(|progress| progress.step == step && progress.ended.is_some())
    }

    /// Whether a step was begun.
    fn is_begun(&self, step: &str) -> bool {
        self.steps().iter().any(|progress| progress.step == step)
    }

    /// Records that a step begins; one that began before continues.
    fn begin(&mut self, step: &str, now: Timestamp) {
        if !self.is_begun(step) {
            self.entries().steps.push(Progress { step: step.to_owned(), began: now, ended: None });
        }
    }

    /// Records that a step is done.
    fn end(&mut self, step: &str, now: Timestamp) {
        for progress in self.entries().steps.iter_mut().filter(|progress| progress.step == step) {
            progress.ended = Some(now);
        }
    }

    /// Keeps a finding for the report, if there is room: without credentials, since pods and servers may have said it. A repeated step
    /// finds the same again.
    fn keep(&mut self, finding: &str) {
        let finding: String = said(finding).chars().take(LONGEST).collect();
        let Entries { phase, findings, .. } = self.entries();
        if *phase == Phase::Running && has_room(findings, &finding) {
            findings.push(finding);
        }
    }
}

/// The entries of a record that the engine writes.
#[derive(Debug)]
pub struct Entries<'r> {
    /// The phase of the run.
    pub phase: &'r mut Phase,
    /// Why it stopped.
    pub why: &'r mut Option<String>,
    /// When everything was done.
    pub ended: &'r mut Option<Timestamp>,
    /// The steps that were begun, in their order.
    pub steps: &'r mut Vec<Progress>,
    /// What was found, for the report.
    pub findings: &'r mut Vec<String>,
}

/// The phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It is running, or was interrupted.
    Running,
    /// It stopped: a step failed.
    Failed,
    /// Everything is restored; what was set aside still exists.
    Restored,
    /// It is being undone, or that was interrupted.
    Undoing,
    /// Everything is as it was before.
    Undone,
    /// What was set aside is given up.
    Finalized,
}

impl Phase {
    /// Whether the run has to be resumed or undone before another one may begin.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Failed | Self::Undoing)
    }
}

/// A step that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Its name.
    pub step: String,
    /// When it first began.
    pub began: Timestamp,
    /// When it was done.
    pub ended: Option<Timestamp>,
}

/// Whether a finding is new, and there is room for it.
fn has_room(findings: &[String], text: &String) -> bool {
    let bytes = |text: &String| serde_json::Value::from(text.as_str()).to_string().len();
    let all = findings.iter().map(bytes).sum::<usize>().saturating_add(bytes(text));
    findings.len() < FINDINGS && all <= MOST && !findings.contains(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pods_say_leaves_room_for_the_record() {
        let mut findings = Vec::new();
        for number in 0..10_000 {
            // The longest text, of characters that take much room.
            let text = format!("{number}{}", "\u{1f600}".repeat(LONGEST - 5));
            if has_room(&findings, &text) {
                findings.push(text);
            }
        }
        assert!(findings.len() > 10 && serde_json::to_string(&findings).unwrap().len() < MOST + FINDINGS);
        assert!(!has_room(&["a".to_owned()], &"a".to_owned()) && has_room(&[], &"a".to_owned()));
        let many: Vec<_> = (0..FINDINGS).map(|number| number.to_string()).collect();
        assert!(!has_room(&many, &"a".to_owned()));
    }
}
