//! One partition on both sides.

use crate::client::Ends;
use crate::notes::Pair;

/// One partition on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// At the source.
    pub source: Ends,
    /// At the target.
    pub target: Ends,
    /// The last record that MirrorMaker noted as arrived.
    pub noted: Option<Pair>,
    /// Records behind it at the source.
    waiting: u64,
    /// Records behind it at the target: they arrived, and are not noted yet.
    arrived: u64,
    /// Whether these two were counted, not taken from offsets.
    pub counted: bool,
    /// Offsets whose records expired before they were copied, at most.
    pub expired: u64,
}

impl Compared {
    pub(super) fn new(
        source: Ends,
        target: Ends,
        noted: Option<Pair>,
        begins: Option<i64>,
        counted: Option<(u64, u64)>,
        gone: u64,
    ) -> Self {
        let (here, there) = behind(source, target, noted, begins);
        // Not counted, what is at the target may be markers of transactions, the mirror's own among them: none of it counts as arrived.
        let (waiting, arrived) = counted.unwrap_or_else(|| (length(here), 0));
        // Without any note, it is not this mirror's, or not known to be.
        let arrived = if noted.is_some() { arrived } else { 0 };
        // What lies between the last that arrived and the first that is left, and did not arrive unnoted.
        let unnoted = counted.map_or(length(there), |(_, arrived)| arrived);
        let passed = noted.map_or(0, |noted| {
            let left = source.begin.saturating_sub(noted.source).saturating_sub(1);
            u64::try_from(left).unwrap_or(0).saturating_sub(unnoted)
        });
        Self {
            source,
            target,
            noted,
            waiting,
            arrived,
            counted: counted.is_some(),
            expired: gone.saturating_add(passed),
        }
    }

    /// Records that have not arrived: at most, unless they were counted.
    pub fn missing(&self) -> u64 {
        self.waiting.saturating_sub(self.arrived)
    }

    /// Whether all arrived. More at the target than were waiting prove nothing: some of them came twice, or are somebody else's, and stand in for
    /// what is missing. They are noted soon, and then they do not lie behind the last note any more.
    pub fn is_whole(&self) -> bool {
        self.waiting == 0 || (self.counted && self.waiting == self.arrived)
    }

    /// The source's offset up to which all arrived, as far as is known.
    pub fn reached(&self) -> i64 {
        self.source.end.saturating_sub(i64::try_from(self.missing()).unwrap_or(i64::MAX))
    }
}

/// What lies behind the last noted record at the source and at the target: what is to be counted where it matters. With `begins`, nothing was noted
/// since the mirror was told to begin there, so nothing has arrived since.
pub(crate) fn behind(source: Ends, target: Ends, noted: Option<Pair>, begins: Option<i64>) -> (Ends, Ends) {
    if let Some(begins) = begins {
        let here = Ends { begin: begins.clamp(source.begin, source.end.max(source.begin)), ..source };
        return (here, Ends { begin: target.end, ..target });
    }
    let from = |ends: Ends, noted: Option<i64>| Ends {
        begin: noted.map_or(ends.begin, |noted| noted.saturating_add(1).max(ends.begin)).min(ends.end),
        ..ends
    };
    (from(source, noted.map(|pair| pair.source)), from(target, noted.map(|pair| pair.target)))
}

pub(super) fn length(ends: Ends) -> u64 {
    u64::try_from(ends.end.saturating_sub(ends.begin)).unwrap_or(0)
}
