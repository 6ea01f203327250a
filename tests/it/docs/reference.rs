//! The pages that are made from the program: its commands, and the settings that its schemas know.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{is_current, read};
use crate::common::{Home, run};

/// The paths of all commands that help shows: `backups list`.
fn commands(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let path: Vec<String> = path.iter().cloned().chain([sub.get_name().to_owned()]).collect();
        found.push(path.clone());
        commands(sub, &path, found);
    }
}

#[test]
fn the_commands() {
    let home = Home::new();
    let help = |path: &[String]| run(home.hwdr().args(path).arg("--help").env("COLUMNS", "80"), b"").text();
    let mut cli = hwdr::cli::command_line();
    cli.build();
    let mut paths = vec![Vec::new()];
    commands(&cli, &[], &mut paths);
    assert!(paths.len() > 30, "{paths:?}");
    let mut page = String::from(
        "# Commands\n\nThe help of each command, as `helm hwdr COMMAND --help` prints it. Without Helm, the program is called `hwdr`; \
         all else is the same.\n\n",
    );
    for path in &paths[1..] {
        let name = path.join(" ");
        let indent = "  ".repeat(path.len() - 1);
        writeln!(page, "{indent}- [{name}](#helm-hwdr-{})", name.replace(' ', "-")).expect("memory");
    }
    for path in &paths {
        let name = ["helm hwdr"].into_iter().chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        let text = help(path);
        assert!(!text.contains("```"), "{name}");
        let text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        write!(page, "\n## {name}\n\n```text\n{}\n```\n", text.trim_end()).expect("memory");
    }
    is_current("docs/commands.md", &page);
}

/// A text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The word for the type of a value.
fn kind(schema: &Json) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter().filter(|word| !word.is_null()).map(|word| format!("`{}`", shown(word)));
        return words.collect::<Vec<_>>().join(", ");
    }
    let types = match &schema["type"] {
        Json::String(one) => vec![one.as_str()],
        Json::Array(several) => several.iter().filter_map(Json::as_str).filter(|kind| *kind != "null").collect(),
        _ => Vec::new(),
    };
    let word = |kind: &str| match kind {
        "string" => "text",
        "object" => "block",
        "array" => "list",
        "integer" => "whole number",
        "boolean" => "true or false",
        _ => "number",
    };
    types.into_iter().map(word).collect::<Vec<_>>().join(" or ")
}

/// A value as it is written in a values file.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) if text.chars().all(|c| c.is_ascii_digit()) => format!("\"{text}\""),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A table for each block that has settings, without the blocks that only hold others and the keys that nothing reads.
fn settings(root: &Json, schema: &Json, path: &str, out: &mut String) {
    let schema = resolved(root, schema);
    let (mut rows, mut inner) = (String::new(), Vec::new());
    let keys = schema["properties"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value));
    let others = &schema["additionalProperties"];
    for (key, value) in keys.chain(others.is_object().then_some(("NAME", others))) {
        let value = resolved(root, value);
        // A key in a wrong place.
        if !value["not"].is_null() {
            continue;
        }
        if value["properties"].is_object() || value["additionalProperties"].is_object() {
            inner.push((if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }, value));
        } else {
            row(key, value, &mut rows);
        }
    }
    if !rows.is_empty() {
        let about = schema["description"].as_str().unwrap_or_default();
        let title = if path.is_empty() { "On top" } else { path };
        write!(out, "\n### {title}\n\n{about}\n\n| setting | type | example | meaning |\n|---|---|---|---|\n{rows}")
            .expect("memory");
    }
    for (path, value) in inner {
        settings(root, value, &path, out);
    }
}

fn resolved<'s>(root: &'s Json, schema: &'s Json) -> &'s Json {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.map_or(schema, |pointer| root.pointer(pointer).expect("a definition"))
}

fn row(key: &str, schema: &Json, out: &mut String) {
    let default = &schema["default"];
    let default = if default.is_null() { String::new() } else { format!(" Default: `{}`.", shown(default)) };
    let example = schema["examples"].get(0).filter(|example| !example.is_null());
    let example = example.map_or_else(String::new, |example| format!("`{}`", cell(&shown(example))));
    let description = cell(schema["description"].as_str().unwrap_or_default());
    writeln!(out, "| `{key}` | {} | {example} | {description}{default} |", kind(schema)).expect("memory");
}

#[test]
fn the_settings() {
    let mut page = String::from(
        "# Settings in the values\n\nWhat the JSON Schemas describe: `hwdr schema` prints that of Hopsworks, `hwdr schema --product streams` that of Axway \
         Streams. Other values are\nthe chart's. Of these, hwdr also reads where Velero is (`hopsworks.velero.namespace`, `deploymentName`, \
         `backup.storageLocation`). [values.md](values.md) says how values\nare read, [rules.md](rules.md) what is wrong with some.\n",
    );
    for (title, name, intro) in [
        (
            "Hopsworks",
            "hopsworks",
            "The paths are those of the Hopsworks chart. Settings under `hwdr` are hwdr's own: no chart reads them.",
        ),
        (
            "Axway Streams",
            "streams",
            "The paths are those of the Streams chart. Settings under `hwdr.streams` are hwdr's own ([streams.md](streams.md#settings)).",
        ),
    ] {
        let schema: Json = serde_json::from_str(&read(&format!("src/product/{name}/schema.json"))).expect("JSON");
        let mut tables = String::new();
        settings(&schema, &schema, "", &mut tables);
        assert!(tables.lines().filter(|line| line.starts_with("| `")).count() > 30, "{tables}");
        let link = format!("[schema.json](../src/product/{name}/schema.json)");
        write!(page, "\n## {title}\n\n{intro} The schema: {link}.\n{tables}").expect("memory");
    }
    is_current("docs/settings.md", &page);
}
