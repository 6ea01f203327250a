//! A bucket's lifecycle rules: as the server sent them, and parsed.

use super::element::{self, Element};
use super::rule::Rule;
use crate::client::Lifecycle;

/// All rules of a bucket.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The server's XML; empty where there are no rules.
    pub xml: String,
    /// AWS's default for small objects, which is not in the XML and must be sent with it.
    pub minimum: Option<String>,
    /// The rules' elements, in order.
    pub elements: Vec<Element>,
    /// The rules, in the same order.
    pub rules: Vec<Rule>,
    /// Where a rule can be added (a byte of the XML).
    pub end: usize,
}

impl Policy {
    /// Parses the server's answer.
    ///
    /// # Errors
    /// If it is not a lifecycle configuration.
    pub fn of(answer: Option<Lifecycle>) -> Result<Self, String> {
        let Some(Lifecycle { xml, minimum }) = answer else { return Ok(Self::default()) };
        let root = element::parse(&xml)?;
        if root.name != "LifecycleConfiguration" {
            return Err(format!("expected <LifecycleConfiguration>, not <{}>", root.name));
        }
        let elements: Vec<_> = root.children.into_iter().filter(|child| child.name == "Rule").collect();
        if elements.is_empty() {
            return Ok(Self { minimum, ..Self::default() });
        }
        let rules = elements.iter().map(Rule::of).collect();
        Ok(Self { end: root.inside.end, xml, minimum, elements, rules })
    }

    /// For people.
    pub fn pretty(&self) -> String {
        self.elements.iter().map(Element::pretty).collect()
    }

    /// Whether both have the same rules, in any order.
    pub fn same(&self, other: &Self) -> bool {
        self.minimum == other.minimum
            && self.elements.len() == other.elements.len()
            && self.elements.iter().all(|own| other.elements.iter().any(|theirs| theirs.same(own)))
    }
}
