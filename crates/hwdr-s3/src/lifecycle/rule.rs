//! A lifecycle rule as data.
//!
//! The elements are those of PutBucketLifecycleConfiguration (Amazon S3 API reference), and two of MinIO's own
//! (`ExpiredObjectAllVersions`, `DelMarkerExpiration`; minio, `internal/bucket/lifecycle`), which other servers have adopted.

use std::fmt;

use serde::Serialize;

use super::element::Element;

/// What a rule does, and to what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name; empty if it has none.
    pub id: String,
    /// Whether it does anything at all.
    pub enabled: bool,
    /// Only keys with this prefix.
    pub prefix: String,
    /// Only objects with these tags (`key=value`).
    pub tags: Vec<String>,
    /// Only objects of a certain size.
    pub sizes: bool,
    /// Current objects get a delete marker.
    pub expires_current: Option<When>,
    /// (MinIO) … and all their versions are removed, too.
    pub expires_all_versions: bool,
    /// Delete markers that hide nothing any more are removed.
    pub expires_markers: bool,
    /// (MinIO) All versions of what was deleted this many days ago are removed.
    pub deleted_days: Option<u32>,
    /// Old versions are removed.
    pub noncurrent: Option<Noncurrent>,
    /// Objects or versions move to another storage class.
    pub transitions: Vec<Transition>,
    /// Parts of unfinished uploads are removed after this many days.
    pub aborts_uploads: Option<u32>,
    /// What hwdr does not understand: paths of elements.
    pub unknown: Vec<String>,
}

/// When something happens to a current object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// This many days after it was created.
    Days(u32),
    /// On this day, and ever after.
    Date(String),
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days} days after they were written"),
            Self::Date(date) => write!(f, "on {date} and ever after"),
        }
    }
}

/// When old versions are removed: both conditions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Noncurrent {
    /// Days since the version was deleted or overwritten. Without it (MinIO): at once.
    pub days: Option<u32>,
    /// This many newer old versions of the key are kept, whatever their age.
    pub newer: Option<u32>,
}

/// A move to another storage class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// When, for current objects; for old versions days since they were deleted or overwritten.
    pub when: When,
    /// The class, as S3 names it.
    pub class: String,
    /// Whether it is for old versions.
    pub noncurrent: bool,
}

impl Rule {
    /// Parses a rule's element. Unknown parts are named in [`Rule::unknown`].
    pub fn of(element: &Element) -> Self {
        let mut rule = Self::default();
        for child in &element.children {
            match child.name.as_str() {
                "ID" => rule.id.clone_from(&child.text),
                "Status" => rule.enabled = child.text == "Enabled",
                "Prefix" => rule.prefix.clone_from(&child.text),
                "Filter" => rule.filter(child, "Filter"),
                "Expiration" => rule.expiration(child),
                "NoncurrentVersionExpiration" => {
                    rule.known(child, &["NoncurrentDays", "NewerNoncurrentVersions"]);
                    rule.noncurrent = Some(Noncurrent {
                        days: rule.number(child, "NoncurrentDays"),
                        newer: rule.number(child, "NewerNoncurrentVersions").filter(|newer| *newer > 0),
                    });
                }
                "Transition" | "NoncurrentVersionTransition" => rule.transition(child),
                "AbortIncompleteMultipartUpload" => {
                    rule.known(child, &["DaysAfterInitiation"]);
                    rule.aborts_uploads = rule.number(child, "DaysAfterInitiation");
                }
                // MinIO's, under two names.
                "DelMarkerExpiration" | "DeletedObjectExpiration" => {
                    rule.known(child, &["Days"]);
                    rule.deleted_days = rule.number(child, "Days");
                }
                name => rule.unknown.push(name.to_owned()),
            }
        }
        rule
    }

    fn filter(&mut self, filter: &Element, path: &str) {
        for child in &filter.children {
            match child.name.as_str() {
                "Prefix" => self.prefix.clone_from(&child.text),
                "And" => self.filter(child, "Filter.And"),
                "Tag" => self.tags.push(format!(
                    "{}={}",
                    child.text_of("Key").unwrap_or_default(),
                    child.text_of("Value").unwrap_or_default()
                )),
                "ObjectSizeGreaterThan" | "ObjectSizeLessThan" => self.sizes = true,
                name => self.unknown.push(format!("{path}.{name}")),
            }
        }
    }

    fn expiration(&mut self, element: &Element) {
        self.known(element, &["Days", "Date", "ExpiredObjectDeleteMarker", "ExpiredObjectAllVersions"]);
        self.expires_markers = element.text_of("ExpiredObjectDeleteMarker") == Some("true");
        self.expires_all_versions = element.text_of("ExpiredObjectAllVersions") == Some("true");
        self.expires_current = self.when(element, "Days");
    }

    fn transition(&mut self, element: &Element) {
        let noncurrent = element.name == "NoncurrentVersionTransition";
        let days = if noncurrent { "NoncurrentDays" } else { "Days" };
        self.known(element, &[days, "Date", "StorageClass", "NewerNoncurrentVersions"]);
        let when = self.when(element, days).unwrap_or(When::Days(0));
        let class = element.text_of("StorageClass").unwrap_or_default().to_owned();
        self.transitions.push(Transition { when, class, noncurrent });
    }

    fn when(&mut self, element: &Element, days: &str) -> Option<When> {
        match element.text_of("Date") {
            Some(date) => Some(When::Date(date.to_owned())),
            None => self.number(element, days).map(When::Days),
        }
    }

    fn number(&mut self, element: &Element, name: &str) -> Option<u32> {
        let text = element.text_of(name)?;
        let number = text.trim().parse().ok();
        if number.is_none() {
            self.unknown.push(format!("{}.{name}: {text:?}", element.name));
        }
        number
    }

    fn known(&mut self, element: &Element, names: &[&str]) {
        let others = element.children.iter().filter(|child| !names.contains(&child.name.as_str()));
        self.unknown.extend(others.map(|child| format!("{}.{}", element.name, child.name)));
    }

    /// Whether it applies to every object in the bucket.
    pub fn is_for_all(&self) -> bool {
        let other_filter = self.unknown.iter().any(|name| name.starts_with("Filter."));
        self.prefix.is_empty() && self.tags.is_empty() && !self.sizes && !other_filter
    }
}
