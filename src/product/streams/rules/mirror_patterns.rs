//! Patterns of the mirror that match everything, nothing, or Kafka's own topics.
//!
//! ## What it does
//! Checks `topics` and `groups` of `hwdr.streams.kafka`. Of topics: a pattern for all of them, an empty list, and patterns for topics
//! that Kafka and MirrorMaker keep for themselves (`__…`, `mm2-…`, `heartbeats`). Of groups: an empty list. Of both: a pattern that begins
//! with `*`, `+` or `?`, which is no regular expression (error).
//!
//! ## Why is this bad
//! The mirror keeps the names of topics. With all topics in it, those of other applications are copied as well, and a restore brings them
//! into the new cluster. Without topics there is no backup, and without groups there are no offsets: after a cutover each consumer begins at the
//! end or at the beginning, and events are lost or come twice.
//!
//! ## Example
//! ```yaml
//! hwdr:
//!   streams:
//!     kafka:
//!       backup:
//!         bootstrapServers: backup-1.example.com:9096
//!         secret: streams-kafka-backup
//!       topics: [".*"]
//! ```
//!
//! ## Use instead
//! ```yaml
//! hwdr:
//!   streams:
//!     kafka:
//!       backup:
//!         bootstrapServers: backup-1.example.com:9096
//!         secret: streams-kafka-backup
//!       topics: ["streams.*"]
//! ```
//!
//! ## Fix
//! None.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::streams::keys::MIRROR;
use crate::values::{Data, Value};

/// Patterns that match any name.
const EVERYTHING: [&str; 8] = [".*", ".+", ".*?", ".+?", "(.*)", "(.+)", ".*.*", "[^_].*"];
/// How the names of topics begin that Kafka, Connect and MirrorMaker keep for themselves (`DefaultTopicFilter`, KIP-382).
const INTERNAL: [&str; 4] = ["__", "mm2-", "heartbeats", "connect-"];

/// See the head of this file.
pub struct MirrorPatterns;

impl Rule for MirrorPatterns {
    fn name(&self) -> &'static str {
        "mirror-patterns"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("mirror_patterns.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        for (key, empty) in [
            ("topics", "no topic is mirrored: there is no backup of Kafka"),
            ("groups", "no group is mirrored: after a cutover, consumers do not know how far they were"),
        ] {
            let Some(entry) = view::entry(values, &[MIRROR, &[key]].concat()) else { continue };
            let Data::List(items) = &entry.value.data else { continue };
            if items.is_empty() {
                let default = if key == "topics" { "streams.*" } else { ".*" };
                findings.push(
                    Finding::warning(self.name(), &entry.value.place, empty)
                        .help(format!("leave {key} out for the default, \"{default}\"")),
                );
            }
            for item in items.iter().filter(|item| !is_unknown(item)) {
                let Some(text) = item.as_str() else { continue };
                findings.extend(self.pattern(text, item, key == "topics"));
            }
        }
    }
}

impl MirrorPatterns {
    fn pattern(&self, text: &str, item: &Value, is_of_topics: bool) -> Option<Finding> {
        let pattern = text.trim_start_matches('^').trim_end_matches('$');
        let place = &item.place;
        if pattern.starts_with(['*', '+', '?']) {
            let message = format!("'{text}' is no regular expression: nothing stands before its first character");
            return Some(Finding::error(self.name(), place, message).help("for any name, write \".*\""));
        }
        if !is_of_topics {
            return None;
        }
        if EVERYTHING.contains(&pattern) {
            return Some(
                Finding::warning(self.name(), place, "all topics are mirrored, those of other applications too")
                    .help("name the topics of Streams: \"streams.*\""),
            );
        }
        let is_internal = INTERNAL.iter().any(|begin| pattern.starts_with(begin));
        is_internal.then(|| {
            Finding::warning(
                self.name(),
                place,
                "these topics are Kafka's or MirrorMaker's own: each cluster has its own",
            )
            .help("remove the pattern: groups and their offsets are mirrored without it")
        })
    }
}
