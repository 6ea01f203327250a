//! What is wrong with a file of a backup, and how bad that is.

use serde::{Deserialize, Serialize};

/// How a backup is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All that was looked at is as it should be.
    Fine,
    /// It could not be read, or not be understood.
    Unknown,
    /// Something that a restore needs is not there.
    Missing,
    /// Something that a restore needs is there, and is wrong.
    Damaged,
}

impl Verdict {
    /// One word, for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Unknown => "could not look",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// How bad it is; never [`Verdict::Fine`].
    pub verdict: Verdict,
    /// What is there, or is not.
    pub what: String,
    /// What a good file has in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// At which byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

impl Flaw {
    /// Something is there, and is wrong.
    pub fn damaged(what: impl Into<String>) -> Self {
        Self { verdict: Verdict::Damaged, what: what.into(), expected: None, at: None }
    }

    /// Something is not there.
    pub fn missing(what: impl Into<String>) -> Self {
        Self { verdict: Verdict::Missing, ..Self::damaged(what) }
    }

    /// Something cannot be read, or not be understood: encrypted, of an unknown version, larger than a limit.
    pub fn unknown(what: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown, ..Self::damaged(what) }
    }

    /// Adds what a good file has in its place.
    pub fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    /// Adds at which byte.
    pub fn at(self, at: u64) -> Self {
        Self { at: Some(at), ..self }
    }

    /// Adds in which file.
    pub fn in_file(self, file: impl Into<String>) -> Finding {
        Finding { file: file.into(), flaw: self }
    }
}

/// What is wrong, and in which file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, or the folder, as the bucket names it.
    pub file: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub flaw: Flaw,
}

/// The worst of what was found.
pub fn worst<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Verdict {
    findings.into_iter().map(|finding| finding.flaw.verdict).max().unwrap_or(Verdict::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides() {
        let all = [Flaw::unknown("is encrypted"), Flaw::damaged("ends early").at(7), Flaw::missing("is not there")];
        let findings: Vec<_> = all.into_iter().map(|flaw| flaw.in_file("f")).collect();
        assert_eq!(worst([]), Verdict::Fine);
        assert_eq!(worst(&findings[..1]), Verdict::Unknown);
        assert_eq!(worst(findings.iter().skip(2)), Verdict::Missing);
        assert_eq!(worst(&findings), Verdict::Damaged);
    }
}
