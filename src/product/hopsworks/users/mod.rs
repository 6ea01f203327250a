//! MySQL's users, grants and databases: the part of RonDB's backup in no NDB table.

mod plan;
mod verify;

pub use plan::MARKER;

use crate::doctor::Call;
use crate::product::hopsworks::plan::{Input, Part};
use crate::product::hopsworks::rondb;
use crate::product::service::{Files, Look, Service};
use crate::refusal::Refusal;
use crate::steps::{Object, Planned};
use crate::verify::Verify;

/// MySQL's users.
pub struct Users;

impl Service for Users {
    fn name(&self) -> &'static str {
        "users"
    }

    fn title(&self) -> &'static str {
        "MySQL's users"
    }

    fn verifier(&self) -> Option<Box<dyn Verify>> {
        Some(Box::new(verify::Check::default()))
    }

    fn templates(&self) -> Files {
        &[("users.yaml", include_str!("templates/users.yaml"))]
    }

    /// Its pods run a MySQL server of their own.
    fn calls(&self) -> &'static [Call] {
        const LABELS: &[(&str, &str)] = &[(rondb::LABEL, "setup-mysqld")];
        &[
            Call { labels: LABELS, role: rondb::MANAGEMENT_NODE, port: rondb::MANAGEMENT_PORT },
            Call { labels: LABELS, role: rondb::DATA_NODE, port: rondb::DATA_PORT },
        ]
    }

    fn look(&self, object: &Object) -> Option<Look> {
        let look = Look { template: "pieces/rondb-look.yaml", script: Some(("fetch.sh", "sql")), volumes: Vec::new() };
        (object.template == "users.yaml").then_some(look)
    }
}

impl Part for Users {
    fn plan(&self, input: &Input, before: &[Planned]) -> Result<Vec<Planned>, Refusal> {
        plan::plan(input, before)
    }
}
