//! A release as helm has recorded it, against what helm would apply now. Objects are compared, and not how they are written: Helm 4 writes
//! a stream anew that a post-renderer has seen, and Helm 3 does not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::AnsiColor;
use anyhow::Result;
use serde_json::{Map, Value as Json};

use super::unified;
use crate::cli::files::Once;
use crate::cli::inputs::Inputs;
use crate::cli::messages::warn;
use crate::cli::plan::Looking;
use crate::cli::restore;
use crate::helm::invocation::Invocation;
use crate::helm::run::Helm;
use crate::render::to_yaml;
use crate::run::preflight;
use crate::shown::{self, mask, plain};
use crate::stream::{Stream, json_of};

/// Objects by what they are called.
type Objects = BTreeMap<String, Json>;

/// Compares, prints, and returns whether there are changes.
///
/// # Errors
/// If helm refuses, the cluster does not answer, or a restore of the values is not possible.
pub(super) async fn compare(looking: &Looking, invocation: &Invocation, is_short: bool) -> Result<bool> {
    restore::no_pipes(invocation)?;
    let cluster = restore::connection(invocation).connect().await?;
    preflight::right_cluster(&cluster, invocation.own("expect-cluster")).await?;
    let mut files = Once::new();
    let mut helm = Helm::find(invocation).await?;
    helm.freeze(&mut files.pass())?;
    let release = helm.release(&invocation.release).await?;
    let mode = looking.mode(&helm, &invocation.release).await?;
    let inputs = Inputs::read_of(invocation, Some(mode), &mut files)?;
    let before = match &release {
        Some(_) => helm.manifest(&invocation.release).await?.into_bytes(),
        None => Vec::new(),
    };
    let namespace = cluster.namespace.clone();
    let after = match inputs.restore()? {
        Some(restore) => {
            let ready = restore::planned(invocation, cluster, restore, &inputs.values, helm, false, None).await?;
            ready.plan.warnings.iter().for_each(|warning| warn(warning));
            ready.stream
        }
        None => helm.render(mode, &namespace).await?.stream,
    };
    let (text, summary, has_changed) = differences(&objects(before, &namespace)?, &objects(after, &namespace)?);
    if !is_short {
        shown::print(&text);
    }
    shown::print(&summary);
    Ok(has_changed)
}

/// The objects of a stream, without hooks, which helm does not keep.
fn objects(bytes: Vec<u8>, namespace: &str) -> Result<Objects> {
    let stream = Stream::parse(bytes)?;
    let mut found = Objects::new();
    for object in stream.objects() {
        let look = stream.look(object);
        let json = json_of(&look.tree, look.root);
        if json.pointer("/metadata/annotations/helm.sh~1hook").is_some() {
            continue;
        }
        let place = object.namespace().filter(|place| *place != namespace);
        let place = place.map(|place| format!("{place}/")).unwrap_or_default();
        let group = if object.group().is_empty() { String::new() } else { format!(".{}", object.group()) };
        found.insert(format!("{place}{}{group}/{}", object.kind(), object.name()), json);
    }
    Ok(found)
}

/// The diff, a line for each object, and whether there are any.
fn differences(before: &Objects, after: &Objects) -> (String, String, bool) {
    let (add, change, remove) =
        (AnsiColor::Green.on_default(), AnsiColor::Yellow.on_default(), AnsiColor::Red.on_default());
    let (mut text, mut summary, mut counts) = (String::new(), String::new(), [0_usize; 3]);
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        let (at, sign, style) = match (old, new) {
            (None, _) => (0, '+', add),
            (_, None) => (2, '-', remove),
            _ => (1, '~', change),
        };
        if let Some(count) = counts.get_mut(at) {
            *count = count.saturating_add(1);
        }
        let [old, new] = [old, new].map(|side| side.map(written).unwrap_or_default());
        let hidden = if old == new { ": credentials, which are not shown" } else { "" };
        let _ = writeln!(summary, "{style}{sign} {}{style:#}{hidden}", plain(name));
        let side = |letter: char, text: &str| match text {
            "" => "/dev/null".to_owned(),
            _ => format!("{letter}/{}", plain(name)),
        };
        if hidden.is_empty() {
            unified(&mut text, &side('a', &old), &side('b', &new), &old, &new);
        }
    }
    let [added, changed, removed] = counts;
    let _ = writeln!(summary, "{changed} objects changed, {added} added, {removed} removed");
    (text, summary, counts != [0; 3])
}

/// An object as text, without credentials: those of Secrets are what they hold.
fn written(object: &Json) -> String {
    let mut object = sorted(object);
    if object.get("kind").is_some_and(|kind| kind == "Secret") {
        for part in ["data", "stringData"] {
            let held = object.get_mut(part).and_then(Json::as_object_mut);
            held.into_iter().flatten().for_each(|(_, value)| *value = "*******".into());
        }
    }
    format!("{}\n", mask::short(&to_yaml(&object)))
}

/// The same with the keys of all maps in order.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let map: BTreeMap<_, _> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            Json::Object(map.into_iter().collect::<Map<_, _>>())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Objects {
        objects(text.as_bytes().to_vec(), "hopsworks").unwrap()
    }

    #[test]
    fn objects_are_compared_and_not_how_they_are_written() {
        let before = of("---\n# Source: a\nkind: A\napiVersion: v1\nmetadata: {name: x}\nspec: {a: 1, b: two}\n");
        let after = of("apiVersion: v1\nkind: A\nmetadata:\n  name: x\n  # changed\nspec:\n  b: 'two'\n  a: 1\n");
        let (text, summary, has_changed) = differences(&before, &after);
        assert_eq!(
            (text.as_str(), summary.as_str(), has_changed),
            ("", "0 objects changed, 0 added, 0 removed\n", false)
        );
    }

    #[test]
    fn each_object_that_differs_is_shown_and_no_hook() {
        let one =
            |kind: &str, name: &str, rest: &str| format!("---\nkind: {kind}\nmetadata: {{name: {name}}}\n{rest}\n");
        let before =
            of(&(one("A", "x", "spec: {a: 1}") + &one("B", "gone", "") + &one("Secret", "s", "data: {p: YQ==}")));
        let hook = "kind: Job\nmetadata: {name: h, annotations: {helm.sh/hook: pre-upgrade}}\n---\n";
        let after = of(&(hook.to_owned()
            + &one("A", "x", "spec: {a: 2}")
            + &one("C", "new", "")
            + &one("Secret", "s", "data: {p: Yg==}")));
        let (text, summary, has_changed) = differences(&before, &after);
        let [text, summary] = [text, summary].map(|text| anstream::adapter::strip_str(&text).to_string());
        assert!(has_changed);
        assert_eq!(
            summary,
            "~ A/x\n- B/gone\n+ C/new\n~ Secret/s: credentials, which are not shown\n2 objects changed, 1 added, 1 removed\n"
        );
        assert!(
            text.contains("-  a: 1\n+  a: 2\n") && text.contains("+++ /dev/null") && text.contains("--- /dev/null"),
            "{text}"
        );
        assert!(!text.contains("YQ==") && !text.contains("Yg=="), "{text}");
    }
}
