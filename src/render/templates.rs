//! The files under `templates/`, built into the program.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, escape_formatter};
use serde_json::Value as Json;

use super::RenderError;
use crate::plain_data;
use crate::stream::json_of;
use crate::yaml::{self, Tree};

macro_rules! files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $folder, $name)))),+]
    };
}

/// Templates of objects, and of their pieces.
const TEMPLATES: &[(&str, &str)] = files!("":
    "access.yaml", "gate.yaml", "hopsfs-here.yaml", "hopsfs-worker.yaml", "hopsfs.yaml", "job.yaml", "marker.yaml", "opensearch.yaml",
    "pieces/bucket-env.yaml", "pieces/control-work.yaml", "pieces/fetch.yaml", "pieces/hopsfs-env.yaml", "pieces/left-out.yaml", "pieces/opensearch-env.yaml", "pieces/preflight.yaml",
    "pieces/rondb.yaml", "pieces/s3-env.yaml", "pieces/work-mounts.yaml", "pieces/worker-env.yaml", "preflight.yaml", "rondb-data.yaml", "rondb-indexes.yaml", "rondb-metadata.yaml", "rondb-rows.yaml", "scripts.yaml",
    "users.yaml", "velero-restore.yaml",
);

/// The scripts that injected Jobs and gates run.
pub const SCRIPTS: &[(&str, &str)] = files!("scripts/":
    "account.sh", "fetch.sh", "gate.sh", "hopsfs.sh", "mysqld.sh", "opensearch.sh", "rondb.sh", "rows.sh",
);

/// The script of that name.
#[expect(clippy::expect_used, reason = "names stand in the program, and each script is rendered in the tests")]
pub fn script(name: &str) -> &'static str {
    SCRIPTS.iter().find(|(script, _)| *script == name).expect("it is in the list").1
}

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let safe = Value::from_safe_string;
    environment.add_filter("yaml", move |value: Value, indent: usize| safe(yaml::write(&as_json(&value), indent)));
    environment.add_filter("flow", move |value: Value| safe(yaml::flow(&as_json(&value))));
    environment.add_filter("block", move |text: String, indent: usize| safe(yaml::block(&text, indent)));
    // What comes out of no filter goes into YAML as it stands: a word, so that it can mean nothing else there.
    environment.set_formatter(|out, state, value| {
        if value.is_safe() || is_word(&value.to_string()) {
            return escape_formatter(out, state, value);
        }
        Err(Error::new(ErrorKind::BadEscape, format!("{value:?} is no word: it has to go through a filter")))
    });
    for (name, text) in TEMPLATES {
        #[expect(clippy::expect_used, reason = "templates stand in the program, and each is rendered in the tests")]
        environment.add_template(name, text).expect("a template");
    }
    environment
});

fn as_json(value: &Value) -> Json {
    plain_data::json(value)
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

/// Renders the template `name`.
///
/// # Errors
/// Where something is to go into it that would change what it means.
pub fn render(name: &str, context: &Json) -> Result<String, RenderError> {
    let broken = |error: Error| RenderError::Broken { object: format!("templates/{name}"), why: format!("{error:#}") };
    let template = ENVIRONMENT.get_template(name).map_err(broken)?;
    let mut text = template.render(Serde(context)).map_err(broken)?;
    text.truncate(text.trim_end().len());
    Ok(text)
}

/// What was rendered of the template `name`, as JSON.
pub fn json(name: &str, text: &str) -> Result<Json, RenderError> {
    let broken = |why: String| RenderError::Broken { object: format!("templates/{name}"), why };
    if !yaml::is_printable(text) {
        return Err(broken("it has characters that not all readers take for the same".to_owned()));
    }
    let tree = Tree::parse(text).map_err(|error| broken(error.message))?;
    match tree.roots() {
        [root] => Ok(json_of(&tree, *root)),
        roots => Err(broken(format!("it is {} documents", roots.len()))),
    }
}
