//! What a tool changed without being asked.

use std::collections::BTreeMap;

use hwdr::stream::Stream;
use hwdr::yaml::{Data, Style};

/// What is counted in a stream.
struct Count {
    lines: BTreeMap<String, usize>,
    comments: usize,
    nulls: usize,
    /// `Kind/name` of each object, in order.
    order: Vec<String>,
}

/// Describes in a few words what changed in `before`: lines, comments and nulls that are gone, and objects that moved. Additions do not
/// count.
pub(crate) fn between(before: &[u8], after: &[u8]) -> String {
    let (before, after) = match (count(before), count(after)) {
        (Ok(before), Ok(after)) => (before, after),
        (_, Err(why)) | (Err(why), _) => return why,
    };
    let gone: usize = before
        .lines
        .iter()
        .map(|(line, times)| times.saturating_sub(after.lines.get(line).copied().unwrap_or_default()))
        .sum();
    let total: usize = before.lines.values().sum();
    let mut words = Vec::new();
    if gone > 0 {
        words.push(format!("{gone} of {total} lines not as they were"));
    }
    if after.comments < before.comments {
        words.push(format!("{} of {} comments lost", before.comments - after.comments, before.comments));
    }
    if after.nulls < before.nulls {
        words.push(format!("{} of {} nulls dropped", before.nulls - after.nulls, before.nulls));
    }
    let kept: Vec<_> = after.order.iter().filter(|object| before.order.contains(object)).collect();
    let was: Vec<_> = before.order.iter().filter(|object| after.order.contains(object)).collect();
    if kept.len() < before.order.len() {
        words.push(format!("{} of {} objects gone or renamed", before.order.len() - kept.len(), before.order.len()));
    }
    if kept != was {
        words.push("objects in another order".to_owned());
    }
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn count(bytes: &[u8]) -> Result<Count, String> {
    let stream = Stream::parse(bytes.to_vec()).map_err(|error| format!("its output is not a stream: {error}"))?;
    let mut count = Count { lines: BTreeMap::new(), comments: 0, nulls: 0, order: Vec::new() };
    for line in stream.text().lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with("---")) {
        *count.lines.entry(line.to_owned()).or_default() += 1;
    }
    for object in stream.objects() {
        count.order.push(format!("{}/{}", object.kind(), object.name()));
        let look = stream.look(object);
        let mut open = vec![look.root];
        let mut scalars = String::new();
        while let Some(id) = open.pop() {
            match &look.tree.node(id).data {
                Data::Mapping { entries, .. } => open.extend(entries.iter().map(|(_, value)| *value)),
                Data::Sequence { items, .. } => open.extend(items),
                Data::Scalar { value, style: Style::Plain } => {
                    count.nulls += usize::from(matches!(value.as_str(), "" | "null" | "~"));
                }
                Data::Scalar { value, .. } => scalars.push_str(value),
                Data::Alias(_) => {}
            }
        }
        // Comments start with `#` outside of scalars; those inside are counted, and subtracted.
        count.comments += hashes(look.text).saturating_sub(hashes(&scalars));
    }
    Ok(count)
}

fn hashes(text: &str) -> usize {
    text.lines().map(|line| usize::from(line.starts_with('#')) + line.matches(" #").count()).sum()
}
