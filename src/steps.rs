//! The steps of a restore: what each does to which data, whether the chart brings it itself, the objects it renders, how it is verified and
//! undone. A product's services plan them.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value as Json;

use crate::topology::Role;

/// A step, as it will be done.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// Which step: one word, stable.
    pub step: &'static str,
    /// What it does to which data.
    pub does: String,
    /// The backup it restores from: an id, or Velero's name.
    pub backup: String,
    /// When that backup was made, if its name shows it.
    pub backup_time: Option<String>,
    /// Who provides the objects.
    pub by: By,
    /// The objects whose existence shows that the step was run: `Kind/name`.
    pub markers: Vec<String>,
    /// How to see that it worked.
    pub verified: &'static str,
    /// How it is undone.
    pub undone: &'static str,
    /// The injected objects, in order.
    #[serde(skip)]
    pub objects: Vec<Object>,
    /// The Job after which the step is done; `None` if the chart brings it without a Job.
    #[serde(skip)]
    pub last_job: Option<String>,
    /// Who must not start before it is done.
    #[serde(skip)]
    pub holds: &'static [Role],
    /// Who its Jobs depend on.
    #[serde(skip)]
    pub needs: &'static [Role],
    /// What its Jobs' account may do beyond waiting.
    #[serde(skip)]
    pub access: Vec<Access>,
}

/// Whose objects do a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "who", content = "what")]
pub enum By {
    /// The chart's own, which are kept and hardened: `Kind/name`.
    Chart(String),
    /// hwdr's, in Jobs or Restores: `Kind/name`.
    Hwdr(Vec<String>),
    /// Nobody's that Helm applies: it must be done before, by the method named.
    Before(&'static str),
}

/// An object to inject.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its template.
    pub template: &'static str,
    /// `Kind/name`.
    pub id: String,
    /// What it does, in a few words.
    pub what: &'static str,
    /// What the template needs in addition to the common values.
    pub values: Json,
    /// For a Job: the Jobs that must be complete before it does anything.
    pub after: Vec<String>,
}

/// A Role for the account of the Jobs, with its RoleBinding.
#[derive(Debug, Clone)]
pub struct Access {
    /// The template of both.
    pub template: &'static str,
    /// What is in their names.
    pub name: &'static str,
    /// What the template needs in addition to the common values.
    pub values: Json,
}

impl Planned {
    /// A step that has nothing but its name, its backup and who does it.
    pub fn new(step: &'static str, backup: impl Display, by: By) -> Self {
        Self {
            step,
            does: String::new(),
            backup: backup.to_string(),
            backup_time: None,
            by,
            markers: Vec::new(),
            verified: "",
            undone: "",
            objects: Vec::new(),
            last_job: None,
            holds: &[],
            needs: &[],
            access: Vec::new(),
        }
    }

    /// Whether hwdr's own objects do it.
    pub fn is_injected(&self) -> bool {
        matches!(self.by, By::Hwdr(_))
    }
}

/// The step of that name, if hwdr's own objects do it.
pub fn injected<'p>(steps: &'p [Planned], name: &str) -> Option<&'p Planned> {
    steps.iter().find(|step| step.step == name && step.is_injected())
}
