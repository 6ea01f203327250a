//! The files under `templates/`, built into the program.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde_json::Value as Json;

use super::yaml;

macro_rules! files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $folder, $name)))),+]
    };
}

/// Templates of objects, and of their pieces.
const TEMPLATES: &[(&str, &str)] = files!("":
    "access.yaml", "gate.yaml", "hopsfs-here.yaml", "hopsfs-worker.yaml", "hopsfs.yaml", "job.yaml", "marker.yaml", "opensearch.yaml",
    "pieces/bucket-env.yaml", "pieces/fetch.yaml", "pieces/hopsfs-env.yaml", "pieces/left-out.yaml", "pieces/opensearch-env.yaml", "pieces/preflight.yaml",
    "pieces/rondb.yaml", "pieces/s3-env.yaml", "pieces/work-mounts.yaml", "pieces/worker-env.yaml", "preflight.yaml", "rondb-data.yaml", "rondb-indexes.yaml", "rondb-metadata.yaml", "rondb-rows.yaml", "scripts.yaml",
    "users.yaml", "velero-restore.yaml",
);

/// The scripts that injected Jobs and gates run.
pub const SCRIPTS: &[(&str, &str)] = files!("scripts/":
    "account.sh", "fetch.sh", "gate.sh", "hopsfs.sh", "mysqld.sh", "opensearch.sh", "rondb.sh", "rows.sh",
);

/// The script of that name.
pub fn script(name: &str) -> &'static str {
    SCRIPTS.iter().find(|(script, _)| *script == name).expect("it is in the list").1
}

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_filter("yaml", |value: Value, indent: usize| yaml::write(&json(&value), indent));
    environment.add_filter("flow", |value: Value| json(&value).to_string());
    for (name, text) in TEMPLATES {
        environment.add_template(name, text).unwrap_or_else(|error| panic!("templates/{name}: {error:#}"));
    }
    environment
});

fn json(value: &Value) -> Json {
    serde_json::to_value(value).expect("template values are plain data")
}

/// Renders the template `name`. Templates and what they are given are ours alone, so a failure is a mistake in the program.
pub fn render(name: &str, context: &Json) -> String {
    let template = ENVIRONMENT.get_template(name).expect("it is in the list");
    let mut text = template.render(Serde(context)).unwrap_or_else(|error| panic!("templates/{name}: {error:#}"));
    text.truncate(text.trim_end().len());
    text
}
