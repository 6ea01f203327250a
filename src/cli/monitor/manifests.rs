//! The manifests that run the monitor in the cluster.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::cli::backups::target::Target;
use crate::names::is_object;
use crate::render::{self, RenderError, to_yaml};
use crate::rights::{Command, print::Printed};
use crate::sha256;
use crate::values::Value;

/// The port, in the cluster and else (`--listen`).
const PORT: u16 = 9713;
/// The release's namespace, unless it is given.
pub(super) const NAMESPACE: &str = "hopsworks";
/// Seconds in an hour.
const HOUR: i64 = 3_600;

/// What the manifests are made of.
pub(super) struct Manifests<'m> {
    /// What is watched.
    pub target: &'m Target,
    /// The values, if they are given.
    pub values: Option<Value>,
    /// hwdr's image.
    pub image: &'m str,
    /// The Secret with the registry's password.
    pub pull_secret: Option<&'m str>,
    /// `--max-age`.
    pub max_age: Option<SignedDuration>,
    /// The alerts, for Prometheus' operator.
    pub rules: Option<&'m str>,
}

impl Manifests<'_> {
    /// All of them, as YAML.
    ///
    /// # Errors
    /// If a name would have a meaning in YAML.
    pub(super) fn text(&self) -> Result<String, RenderError> {
        let (namespace, velero) = (self.target.namespace.as_str(), self.target.velero.namespace.as_str());
        let roles = Printed { commands: &[Command::Monitor], namespaces: [namespace, velero], stream: None }.yaml();
        let mut places = vec![json!({"namespace": namespace, "binding": "hwdr-monitor"})];
        if velero != namespace {
            places.push(json!({"namespace": velero, "binding": format!("hwdr-monitor-{namespace}")}));
        }
        let values = self.values.as_ref().and_then(|values| self.names(values));
        let mut args =
            vec!["monitor".to_owned(), format!("--listen=0.0.0.0:{PORT}"), format!("--namespace={namespace}")];
        args.extend(self.target.release.as_ref().map(|release| format!("--release={release}")));
        args.extend(self.max_age.map(|age| format!("--max-age={}h", age.as_secs() / HOUR)));
        args.extend(values.is_some().then(|| "--values=/etc/hwdr/values.yaml".to_owned()));
        let text = render::monitor(&json!({
            "namespace": namespace,
            "roles": roles.trim_end(),
            "places": places,
            "digest": values.as_ref().map(|text| sha256::short(text, 16)),
            "values": values,
            "image": self.image,
            "pull_secret": self.pull_secret,
            "args": args,
            "port": PORT,
            "rules": self.rules.map(indented),
        }))?;
        Ok(format!("{text}\n"))
    }

    /// The values that say what backups are called, as a file; none if there are none.
    fn names(&self, values: &Value) -> Option<String> {
        let mut names = json!({});
        for path in self.target.product.backup_keys() {
            if let Some(value) = values.get(path) {
                set(&mut names, path, value.to_json());
            }
        }
        let is_empty = names.as_object().is_none_or(|names| names.is_empty());
        (!is_empty).then(|| format!("{}\n", to_yaml(&names).trim_end()))
    }
}

/// Sets what is at a path, and makes the maps above it.
fn set(map: &mut Json, path: &[&str], value: Json) {
    let Some((key, rest)) = path.split_first() else {
        *map = value;
        return;
    };
    if let Some(map) = map.as_object_mut() {
        set(map.entry(*key).or_insert_with(|| json!({})), rest, value);
    }
}

/// The rules below `spec`, without their comments.
fn indented(rules: &str) -> String {
    let lines = rules.lines().filter(|line| !line.starts_with('#'));
    let lines: Vec<_> = lines.map(|line| if line.is_empty() { String::new() } else { format!("  {line}") }).collect();
    lines.join("\n").trim_end().to_owned()
}

/// A name of an image, as containerd's reference grammar has it, roughly.
pub(super) fn image(text: &str) -> Result<String, String> {
    let is_image = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if is_image {
        Ok(text.to_owned())
    } else {
        Err("expected an image, like registry.example.com/hwdr:0.1.0".to_owned())
    }
}

/// A name of an object.
pub(super) fn object_name(text: &str) -> Result<String, String> {
    if is_object(text) {
        return Ok(text.to_owned());
    }
    Err("expected the name of an object: lower-case letters, digits, dashes and dots only".to_owned())
}
