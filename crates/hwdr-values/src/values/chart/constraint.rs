//! Version constraints of subcharts, by the rules of `Masterminds/semver`, which Helm uses: `~1.2`, `^1`, `>=1.0 <2 || 3.x`, `1.2 - 1.5`.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

use std::cmp::Ordering;

/// A version; what follows a `+` is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    numbers: [u64; 3],
    pre: Vec<Identifier>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Text(String),
}

impl Version {
    /// Parses a version; missing numbers are zero, and a leading `v` is allowed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (version, given) = partial(text)?;
        (given > 0).then_some(version)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // A version without a suffix comes after all of its pre-releases.
        let released = |version: &Self| version.pre.is_empty();
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| released(self).cmp(&released(other)))
            .then_with(|| self.pre.cmp(&other.pre))
    }
}

/// A version with parts possibly missing or wildcards, and how many numbers it has.
fn partial(text: &str) -> Option<(Version, usize)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.split('+').next()?;
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let mut numbers = [0; 3];
    let mut given = 0;
    let mut wild = false;
    let parts: Vec<_> = core.split('.').collect();
    if parts.len() > 3 {
        return None;
    }
    for (index, part) in parts.into_iter().enumerate() {
        wild |= matches!(part, "x" | "X" | "*");
        if !wild {
            numbers[index] = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())??;
            given = index + 1;
        }
    }
    let identifier = |part: &str| match part.parse() {
        Ok(number) if !part.starts_with('+') => Identifier::Number(number),
        _ => Identifier::Text(part.to_owned()),
    };
    let pre = pre.map_or_else(Vec::new, |pre| pre.split('.').map(identifier).collect());
    Some((Version { numbers, pre }, given))
}

/// Whether a constraint allows a version (`IsCompatibleRange`): false if either cannot be parsed.
pub(super) fn allows(constraint: &str, version: &str) -> bool {
    let Some(version) = Version::parse(version) else { return false };
    let alternatives: Option<Vec<_>> = constraint.split("||").map(alternative).collect();
    alternatives.is_some_and(|any| any.iter().any(|all| all.iter().all(|one| one.allows(&version))))
}

/// One comparison.
struct Comparison {
    operator: &'static str,
    version: Version,
    /// How many of its numbers were written.
    given: usize,
}

/// Comparisons that must all hold, separated by commas or blanks.
fn alternative(text: &str) -> Option<Vec<Comparison>> {
    const OPERATORS: [&str; 11] = ["!=", ">=", "=>", "<=", "=<", "~>", "=", ">", "<", "~", "^"];
    let text = text.trim();
    if let Some((from, to)) = text.split_once(" - ") {
        let bound = |operator, text: &str| {
            let (version, given) = partial(text.trim())?;
            Some(Comparison { operator, version, given })
        };
        return Some(vec![bound(">=", from)?, bound("<=", to)?]);
    }
    let mut rest = text.trim_start();
    let mut all = Vec::new();
    while !rest.is_empty() {
        let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)).unwrap_or("");
        rest = rest[operator.len()..].trim_start();
        let end = rest.find([',', ' ', '\t', '<', '>', '=', '!', '~', '^']).unwrap_or(rest.len());
        let (version, given) = partial(&rest[..end])?;
        all.push(Comparison { operator, version, given });
        rest = rest[end..].trim_start_matches([',', ' ', '\t']);
    }
    (!all.is_empty()).then_some(all)
}

impl Comparison {
    fn allows(&self, version: &Version) -> bool {
        if !version.pre.is_empty() && self.version.pre.is_empty() {
            return false; // A pre-release only if the constraint has one.
        }
        let [major, minor, patch] = version.numbers;
        let [own_major, own_minor, own_patch] = self.version.numbers;
        match self.operator {
            "" | "=" if self.given == 3 => version == &self.version,
            "" | "=" | "~" | "~>" => {
                version >= &self.version
                    && (self.given == 0
                        || (self.given == 3 && self.version.numbers == [0; 3])
                        || (major == own_major && (self.given == 1 || minor == own_minor)))
            }
            "^" => {
                version >= &self.version
                    && match (self.given, own_major, own_minor) {
                        (0, ..) => true,
                        (1, ..) => major == own_major,
                        (_, 1.., _) => major == own_major,
                        (2, 0, _) | (_, 0, 1..) => major == 0 && minor == own_minor,
                        _ => major == 0 && minor == 0 && patch == own_patch,
                    }
            }
            "!=" => match self.given {
                0 => false,
                1 => major != own_major,
                2 => major != own_major || minor != own_minor,
                _ => version != &self.version,
            },
            ">" => match self.given {
                3 => version > &self.version,
                2 => (major, minor) > (own_major, own_minor),
                1 => major > own_major,
                _ => false,
            },
            "<" => version < &self.version,
            ">=" | "=>" => version >= &self.version,
            _ => match self.given {
                3 => version <= &self.version,
                2 => (major, minor) <= (own_major, own_minor),
                1 => major <= own_major,
                _ => true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::allows;

    #[test]
    fn constraints_are_those_of_masterminds() {
        for (constraint, version, expected) in [
            ("1.2.3", "1.2.3", true),
            ("1.2.3", "1.2.4", false),
            ("1.2", "1.2.9", true),
            ("*", "4.0.0", true),
            ("*", "4.0.0-rc1", false),
            ("4.9.0-SNAPSHOT", "4.9.0-SNAPSHOT", true),
            (">=0.0.0-0", "4.9.0-SNAPSHOT", true),
            ("~1.2.3", "1.2.9", true),
            ("~1", "1.9.0", true),
            ("^1.2", "1.9.0", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false),
            (">=1.0 <2", "1.5.0", true),
            (">= 1.0, < 2", "2.0.0", false),
            ("1.x || 3.x", "3.1.0", true),
            ("1.2 - 1.5", "1.4.0", true),
            (">1", "1.5.0", false),
            ("", "1.0.0", false),
            ("nonsense", "1.0.0", false),
        ] {
            assert_eq!(allows(constraint, version), expected, "{constraint} {version}");
        }
    }
}
