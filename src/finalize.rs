//! Removes restore requests from a values file, and leaves every other byte as it is, including comments.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the parser found these positions in this very text"
)]

use serde_json::Value as Json;

use crate::product::PRODUCTS;
use crate::refusal::Refusal;
use crate::topology::json_of;
use crate::yaml::{self, Data, NodeId, Tree};

/// The text without restore requests; `None` if there are none. A map that would be left empty is removed, too: it would become
/// null, which deletes a chart's defaults.
///
/// # Errors
/// If the text is not YAML, or anything else would change (an anchor that is used elsewhere, for one).
pub fn without_restore(text: &str) -> Result<Option<String>, Refusal> {
    let refused = |why: String| Refusal::new(why).help("remove what asks for the restore by hand, and try again");
    let parse = |text: &str| Tree::parse(text).map_err(|error| refused(format!("it cannot be read: {error}")));
    let mut now = text.to_owned();
    let mut expected = json(&parse(text)?);
    loop {
        let tree = parse(&now)?;
        let [root] = tree.roots() else { break };
        let Some(path) = paths().find_map(|path| find(&tree, *root, path, &mut Vec::new())) else { break };
        let name = path.iter().map(|(key, _)| tree.scalar(*key).unwrap_or_default()).collect::<Vec<_>>();
        remove(&mut expected, &name);
        let entangled = || refused(format!("{} cannot be removed without changing something else", name.join(".")));
        let (start, end) = extent(&now, &tree, *root, &path).ok_or_else(entangled)?;
        now.replace_range(start..end, "");
        let is_right = Tree::parse(&now).is_ok_and(|tree| json(&tree) == expected);
        if !is_right {
            return Err(entangled());
        }
    }
    Ok((now != text).then_some(now))
}

/// The text with `value` at `path`, where it has a text there; `None` if it has none, or the same one.
///
/// # Errors
/// If the text is not YAML, or anything else would change (an anchor that is used elsewhere, for one).
pub fn with_text(text: &str, path: &[&str], value: &str) -> Result<Option<String>, Refusal> {
    let by_hand = || format!("set {} to {value} by hand, and try again", path.join("."));
    let refused = |why: String| Refusal::new(why).help(by_hand());
    let tree = Tree::parse(text).map_err(|error| refused(format!("it cannot be read: {error}")))?;
    let [root] = tree.roots() else { return Ok(None) };
    let Some(found) = find(&tree, *root, path, &mut Vec::new()) else { return Ok(None) };
    let Some((_, node)) = found.last() else { return Ok(None) };
    if tree.scalar(*node) == Some(value) {
        return Ok(None);
    }
    let mut expected = json(&tree);
    let place = expected.pointer_mut(&format!("/{}", path.join("/")));
    let entangled = || refused(format!("{} cannot be changed without changing something else", path.join(".")));
    *place.ok_or_else(entangled)? = Json::String(value.to_owned());
    let span = &tree.node(*node).span;
    let mut now = text.to_owned();
    now.replace_range(span.start..span.end, &yaml::write(&Json::String(value.to_owned()), 0));
    let is_right = Tree::parse(&now).is_ok_and(|tree| json(&tree) == expected);
    if is_right { Ok(Some(now)) } else { Err(entangled()) }
}

/// The paths to remove from the values, with `*` for any key.
fn paths() -> impl Iterator<Item = &'static [&'static str]> {
    PRODUCTS.iter().flat_map(|product| product.keys().goes).copied()
}

/// The text's first document; no value and an empty map are the same to Helm.
fn json(tree: &Tree) -> Json {
    let value = tree.roots().first().map_or(Json::Null, |root| json_of(tree, *root));
    if value.as_object().is_some_and(|map| map.is_empty()) || value == "" { Json::Null } else { value }
}

/// An entry of a mapping: its key and its value.
type Entry = (NodeId, NodeId);

/// The entries on the path to the first match of `path`.
fn find(tree: &Tree, at: NodeId, path: &[&str], way: &mut Vec<Entry>) -> Option<Vec<Entry>> {
    let Some((key, rest)) = path.split_first() else { return Some(way.clone()) };
    for entry in tree.entries(at) {
        if *key != "*" && tree.scalar(entry.0) != Some(key) {
            continue;
        }
        way.push(*entry);
        let found = find(tree, entry.1, rest, way);
        way.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The bytes to remove for the last entry of `path`, or for the first above it that would be left empty.
fn extent(text: &str, tree: &Tree, root: NodeId, path: &[Entry]) -> Option<(usize, usize)> {
    let mut last = path.len() - 1;
    while last > 0 && tree.entries(path[last - 1].1).len() == 1 {
        last -= 1;
    }
    let parent = if last == 0 { root } else { path[last - 1].1 };
    let (key, value) = (&tree.node(path[last].0).span, &tree.node(path[last].1).span);
    match tree.node(parent).data {
        Data::Mapping { flow: true, .. } => {
            let after = &text[value.end..];
            let blanks = after.len() - after.trim_start().len();
            if after.trim_start().starts_with(',') {
                let rest = &after[blanks + 1..];
                return Some((key.start, value.end + blanks + 1 + (rest.len() - rest.trim_start_matches(' ').len())));
            }
            let before = text[..key.start].trim_end();
            let start = if before.ends_with(',') { before.len() - 1 } else { key.start };
            Some((start, value.end))
        }
        Data::Mapping { flow: false, .. } => {
            let start = text[..key.start].rfind('\n').map_or(0, |end| end + 1);
            // Something else precedes the key: a dash, an anchor, a document marker.
            if !text[start..key.start].trim().is_empty() {
                return None;
            }
            let end = value.end.max(key.end);
            let at_line_start = text[..end].ends_with('\n');
            let end =
                if at_line_start { end } else { text[end..].find('\n').map_or(text.len(), |line| end + line + 1) };
            Some((start, end))
        }
        _ => None,
    }
}

/// Removes a path from JSON, and maps that become empty.
fn remove(value: &mut Json, path: &[&str]) {
    let Some((key, rest)) = path.split_first() else { return };
    let Some(map) = value.as_object_mut() else { return };
    if let Some(inner) = map.get_mut(*key).filter(|_| !rest.is_empty()) {
        remove(inner, rest);
    }
    let is_empty = map.get(*key).is_some_and(|inner| rest.is_empty() || inner.is_null());
    if is_empty {
        map.shift_remove(*key);
    }
    if map.is_empty() {
        *value = Json::Null;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_changes_and_all_else_stays() {
        let path = ["externalizedMariadb", "host"];
        for (text, expected) in [
            (
                "# db\nexternalizedMariadb:\n  host: old # today\n  port: 1\n",
                Some("# db\nexternalizedMariadb:\n  host: new-1.a # today\n  port: 1\n"),
            ),
            ("externalizedMariadb: {port: 1, host: \"old\"}", Some("externalizedMariadb: {port: 1, host: new-1.a}")),
            ("externalizedMariadb: {host: 'new-1.a'}\n", None),
            ("externalizedMariadb: {port: 1}\n", None),
            ("", None),
        ] {
            assert_eq!(with_text(text, &path, "new-1.a").unwrap().as_deref(), expected, "{text}");
        }
        let shared = "a: &host old\nexternalizedMariadb: {host: *host}\nb: *host\n";
        let changed = with_text(shared, &path, "new");
        assert!(
            changed.as_ref().is_err()
                || changed.as_ref().unwrap().as_deref()
                    == Some("a: &host old\nexternalizedMariadb: {host: new}\nb: *host\n"),
            "{changed:?}"
        );
    }

    #[test]
    fn the_block_goes_and_all_else_stays() {
        for (text, expected) in [
            (
                "# the cluster\nglobal:\n  _hopsworks:\n    # last night\n    restoreFromBackup:\n      backupId: \"1\" # ours\n      inPlace: true\n    \
                 backups: {enabled: true} # always\n",
                "# the cluster\nglobal:\n  _hopsworks:\n    # last night\n    backups: {enabled: true} # always\n",
            ),
            (
                "global: {_hopsworks: {restoreFromBackup: {backupId: '1'}, mode: auto}}\n",
                "global: {_hopsworks: {mode: auto}}\n",
            ),
            (
                "global: {_hopsworks: {mode: auto, restoreFromBackup: {backupId: '1'}}}\n",
                "global: {_hopsworks: {mode: auto}}\n",
            ),
            // A map left empty is null to Helm, and deletes defaults.
            (
                "a: 1\nhopsworks:\n  velero:\n    restore:\n      mainScheduleBackupId: x\n      usersScheduleBackupId: y\n",
                "a: 1\n",
            ),
            (
                "olk:\n  opensearch:\n    restore:\n      repositories:\n        default:\n          snapshots:\n            default:\n              \
                 snapshot_name: \"1\"\n              payload: {indices: \"-a\"}\n",
                "olk:\n  opensearch:\n    restore:\n      repositories:\n        default:\n          snapshots:\n            default:\n              \
                 payload: {indices: \"-a\"}\n",
            ),
            // hwdr's own settings do not request a restore.
            (
                "hwdr:\n  hopsfs: {from: here}\n  opensearch: {insecureSkipTLSVerify: true}\nglobal: {_hopsworks: {restoreFromBackup: {backupId: '1'}}}\n",
                "hwdr:\n  hopsfs: {from: here}\n  opensearch: {insecureSkipTLSVerify: true}\n",
            ),
            ("# only this\nglobal:\n  _hopsworks:\n    restoreFromBackup: {backupId: '1'}", "# only this\n"),
            (
                "global:\r\n  _hopsworks:\r\n    restoreFromBackup:\r\n      backupId: '1'\r\n    mode: auto\r\n",
                "global:\r\n  _hopsworks:\r\n    mode: auto\r\n",
            ),
        ] {
            let found = without_restore(text).unwrap().unwrap();
            assert_eq!(found, expected);
            assert_eq!(without_restore(&found), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_would_change_more_is_refused() {
        let text = "global:\n  _hopsworks:\n    restoreFromBackup: &block\n      backupId: '1'\nother: *block\n";
        assert!(without_restore(text).is_err());
        assert_eq!(without_restore("a: 1\n"), Ok(None));
        assert_eq!(without_restore(""), Ok(None));
    }
}
