//! The files under `templates/`, and those of the services, built into the program.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, escape_formatter};
use serde_json::Value as Json;

use super::RenderError;
use crate::plain_data;
use crate::product::service::Files;
use crate::product::{PRODUCTS, Product, services};
use crate::stream::json_of;
use crate::yaml::{self, Tree};

macro_rules! files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $folder, $name)))),+]
    };
}

/// Templates of objects, and of parts, that are not specific to a service.
const TEMPLATES: Files = files!("":
    "access.yaml", "gate.yaml", "job.yaml", "marker.yaml", "monitor.yaml", "pieces/control-work.yaml", "pieces/preflight.yaml", "pieces/work-mounts.yaml",
    "preflight.yaml", "scripts.yaml",
);

/// The scripts that gates run.
const SCRIPTS: Files = files!("scripts/": "gate.sh");

/// The scripts that the Jobs and gates of a product run, by name.
pub(super) fn scripts(product: &dyn Product) -> Vec<(&'static str, &'static str)> {
    let own = product.services().iter().flat_map(|service| service.scripts());
    let mut scripts: Vec<_> = SCRIPTS.iter().chain(own).copied().collect();
    scripts.sort_unstable();
    scripts
}

/// The script of that name.
#[expect(clippy::expect_used, reason = "names are part of the program, and the tests render each script")]
pub fn script(product: &dyn Product, name: &str) -> &'static str {
    scripts(product).into_iter().find(|(script, _)| *script == name).expect("it is in the list").1
}

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let safe = Value::from_safe_string;
    environment.add_filter("yaml", move |value: Value, indent: usize| safe(yaml::write(&as_json(&value), indent)));
    environment.add_filter("flow", move |value: Value| safe(yaml::flow(&as_json(&value))));
    environment.add_filter("block", move |text: String, indent: usize| safe(yaml::block(&text, indent)));
    // Unfiltered values go into YAML unchanged: only words, which cannot mean anything else there.
    environment.set_formatter(|out, state, value| {
        if value.is_safe() || is_word(&value.to_string()) {
            return escape_formatter(out, state, value);
        }
        Err(Error::new(ErrorKind::BadEscape, format!("{value:?} is not a word: it needs a filter")))
    });
    let products =
        PRODUCTS.iter().flat_map(|product| product.shared()).chain(services().flat_map(|service| service.templates()));
    for (name, text) in TEMPLATES.iter().chain(products) {
        #[expect(clippy::expect_used, reason = "templates are part of the program, and the tests render each")]
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
/// If a value would change the meaning of the text.
pub(super) fn render(name: &str, context: &Json) -> Result<String, RenderError> {
    let broken = |error: Error| RenderError::Broken { object: format!("templates/{name}"), why: format!("{error:#}") };
    let template = ENVIRONMENT.get_template(name).map_err(broken)?;
    let mut text = template.render(Serde(context)).map_err(broken)?;
    text.truncate(text.trim_end().len());
    Ok(text)
}

/// The rendered text of the template `name`, as JSON.
pub(super) fn json(name: &str, text: &str) -> Result<Json, RenderError> {
    let broken = |why: String| RenderError::Broken { object: format!("templates/{name}"), why };
    if !yaml::is_printable(text) {
        return Err(broken("it has characters that YAML readers interpret differently".to_owned()));
    }
    let tree = Tree::parse(text).map_err(|error| broken(error.message))?;
    match tree.roots() {
        [root] => Ok(json_of(&tree, *root)),
        roots => Err(broken(format!("it is {} documents", roots.len()))),
    }
}
