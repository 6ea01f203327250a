//! Which topics and which groups are mirrored: the same answer here as in MirrorMaker.
//!
//! MirrorMaker takes a list of Java's regular expressions. Only two kinds are written, whole names and beginnings of names, so that
//! both sides agree without a second engine of expressions.

use std::fmt::Write as _;

use crate::name::{BadName, TopicName};

/// One name, or all names that begin alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Select {
    /// This one.
    Name(String),
    /// Those that begin so; empty: all.
    Prefix(String),
}

impl Select {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(own) => own == name,
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }

    fn pattern(&self) -> String {
        match self {
            Self::Name(name) => quoted(name),
            Self::Prefix(prefix) => quoted(prefix) + ".*",
        }
    }
}

/// As a Java regular expression that matches the text alone. No comma, space or `${` is left, which the list and the configuration
/// providers around it would read as their own.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => out.push(c),
            '.' => out.push_str("\\."),
            // Java since 7: \x{h…h} is the code point.
            c => write!(out, "\\x{{{:x}}}", u32::from(c)).unwrap_or_default(),
        }
    }
    out
}

/// The topics of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics(Vec<Select>);

impl Topics {
    /// Checks a list.
    ///
    /// # Errors
    /// If it is empty, or one of them can be no topic's name or is one that MirrorMaker never mirrors.
    pub fn new(list: Vec<Select>) -> Result<Self, BadName> {
        let allowed = "at least one topic's name or beginning of names, for example streams";
        if list.is_empty() {
            return Err(BadName::new("topics", "", "there are none", allowed));
        }
        for select in &list {
            match select {
                Select::Prefix(prefix) if prefix.is_empty() => {}
                Select::Prefix(prefix) => drop(TopicName::new(prefix)?),
                Select::Name(name) if never_mirrored(TopicName::new(name)?.as_str()) => {
                    return Err(BadName::new("topic", name, "MirrorMaker leaves it out as internal", allowed));
                }
                Select::Name(_) => {}
            }
        }
        Ok(Self(list))
    }

    /// Reads a comma-separated list; `streams*` is all that begins with `streams`.
    ///
    /// # Errors
    /// As [`Topics::new`].
    pub fn parse(text: &str) -> Result<Self, BadName> {
        Self::new(parse(text))
    }

    /// Whether MirrorMaker mirrors this topic.
    pub fn contain(&self, topic: &str) -> bool {
        !never_mirrored(topic) && self.0.iter().any(|select| select.matches(topic))
    }

    /// Whether topics that begin so may be among them.
    pub(crate) fn may_begin(&self, prefix: &str) -> bool {
        let begins = |select: &Select| match select {
            Select::Name(name) => name.starts_with(prefix),
            Select::Prefix(own) => own.starts_with(prefix) || prefix.starts_with(own.as_str()),
        };
        self.0.iter().any(begins)
    }

    pub(crate) fn patterns(&self) -> String {
        patterns(&self.0)
    }
}

/// `DefaultTopicFilter.TOPICS_EXCLUDE_DEFAULT`, written out because it decides with the list which topics are compared.
pub(crate) const TOPICS_EXCLUDE: &str = r".*[\-\.]internal,.*\.replica,__.*";

/// What that leaves out, what `ReplicationPolicy.isInternalTopic` does, and heartbeats, which `IdentityReplicationPolicy` renames.
fn never_mirrored(topic: &str) -> bool {
    topic.starts_with("__")
        || topic.starts_with('.')
        || topic.ends_with("-internal")
        || topic.ends_with(".internal")
        || topic.ends_with(".replica")
        || topic.ends_with("heartbeats")
}

/// The consumer groups of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups(Vec<Select>);

impl Groups {
    /// Checks a list.
    ///
    /// # Errors
    /// If it is empty, or names a group that MirrorMaker leaves out.
    pub fn new(list: Vec<Select>) -> Result<Self, BadName> {
        let allowed = "at least one group's name or beginning of names, for example streams";
        if list.is_empty() {
            return Err(BadName::new("groups", "", "there are none", allowed));
        }
        for select in &list {
            match select {
                Select::Name(name) if name.is_empty() => {
                    return Err(BadName::new("group", name, "it is empty", allowed));
                }
                Select::Name(name) if never_followed(name) => {
                    return Err(BadName::new("group", name, "MirrorMaker leaves it out", allowed));
                }
                _ => {}
            }
        }
        Ok(Self(list))
    }

    /// Reads a comma-separated list; `streams*` is all that begins with `streams`.
    ///
    /// # Errors
    /// As [`Groups::new`].
    pub fn parse(text: &str) -> Result<Self, BadName> {
        Self::new(parse(text))
    }

    /// Whether MirrorMaker follows this group's offsets.
    pub fn contain(&self, group: &str) -> bool {
        !never_followed(group) && self.0.iter().any(|select| select.matches(group))
    }

    pub(crate) fn patterns(&self) -> String {
        patterns(&self.0)
    }
}

/// `DefaultGroupFilter.GROUPS_EXCLUDE_DEFAULT`.
pub(crate) const GROUPS_EXCLUDE: &str = "console-consumer-.*,connect-.*,__.*";

fn never_followed(group: &str) -> bool {
    ["console-consumer-", "connect-", "__"].iter().any(|prefix| group.starts_with(prefix))
}

fn parse(text: &str) -> Vec<Select> {
    let one = |part: &str| match part.trim() {
        part if part.ends_with('*') => Select::Prefix(part.trim_end_matches('*').to_owned()),
        part => Select::Name(part.to_owned()),
    };
    if text.trim().is_empty() { Vec::new() } else { text.split(',').map(one).collect() }
}

fn patterns(list: &[Select]) -> String {
    list.iter().map(Select::pattern).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        let topics = Topics::parse("streams*, orders.v1").expect("two");
        for (name, is) in [
            ("streams", true),
            ("streams.a", true),
            ("orders.v1", true),
            ("ordersXv1", false),
            ("xstreams", false),
            ("streams.internal", false),
            ("streams-internal", false),
            ("streams.heartbeats", false),
        ] {
            assert_eq!(topics.contain(name), is, "{name}");
        }
        assert_eq!(topics.patterns(), r"streams.*,orders\.v1");
        assert!(Topics::parse("*").expect("all").contain("anything"));
        for bad in ["", "a,", "a b", "__consumer_offsets", "mm2-offsets.x.internal", "str*eams"] {
            Topics::parse(bad).expect_err(bad);
        }
    }

    #[test]
    fn groups() {
        let groups = Groups::new(vec![Select::Name("a, ${env:X} ä".to_owned())]).expect("one");
        assert_eq!(groups.patterns(), r"a\x{2c}\x{20}\x{24}\x{7b}env\x{3a}X\x{7d}\x{20}\x{e4}");
        assert!(
            Groups::parse("*").expect("all").contain("x") && !Groups::parse("*").expect("all").contain("connect-x")
        );
        for bad in ["", "connect-x", "x,"] {
            Groups::parse(bad).expect_err(bad);
        }
    }
}
