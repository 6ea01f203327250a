//! How much data is read, and which.

use std::cmp::Reverse;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::DataFile;

/// How much data is read: a share of it, or so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// A share, in hundredths of a percent.
    Share(u16),
    /// Bytes.
    Bytes(u64),
}

/// All of it.
const WHOLE: u16 = 10_000;
/// Units of sizes, by what is written behind the number, in lower case.
const UNITS: [(&str, u64); 14] = [
    ("b", 1),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("t", 1 << 40),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("", 1),
];

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WRONG: &str = "give a percentage, like 10%, or a size, like 5GiB";
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        if part.is_empty() || part.len() > 2 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(WRONG.to_owned());
        }
        let whole: u64 = whole.parse().map_err(|_| WRONG.to_owned())?;
        // Two digits behind the point.
        let part: u64 = format!("{part:0<2}").parse().map_err(|_| WRONG.to_owned())?;
        let hundredths = whole.checked_mul(100).and_then(|whole| whole.checked_add(part)).ok_or("too large")?;
        if unit == "%" {
            let share = u16::try_from(hundredths).ok().filter(|share| (1..=WHOLE).contains(share));
            return share.map(Self::Share).ok_or_else(|| "a percentage is more than 0 and at most 100".to_owned());
        }
        let unit = unit.to_ascii_lowercase();
        // Without a unit, it may be a percentage whose sign was forgotten.
        let (_, size) = UNITS.iter().find(|(name, _)| !name.is_empty() && *name == unit).ok_or(WRONG)?;
        let bytes = hundredths.checked_mul(*size).ok_or("too large")? / 100;
        if bytes == 0 { Err(WRONG.to_owned()) } else { Ok(Self::Bytes(bytes)) }
    }
}

impl Amount {
    /// Of so many bytes.
    fn of(self, all: u64) -> u64 {
        match self {
            Self::Share(share) => (u128::from(all) * u128::from(share)).div_ceil(u128::from(WHOLE)) as u64,
            Self::Bytes(bytes) => bytes.min(all),
        }
    }
}

/// The beginning of a file, or all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// Its place in the list.
    pub file: usize,
    /// How much of it.
    pub bytes: u64,
}

/// Chooses among the files of all services. The seed decides, whatever the order of the files is: files come in the order of a digest of the seed and
/// their keys, each to its end, until there is enough; the last one may be cut.
pub fn choose(files: &[Vec<DataFile>], amount: Amount, seed: u64) -> Vec<Vec<Chosen>> {
    let mut all: Vec<_> = files
        .iter()
        .enumerate()
        .flat_map(|(service, files)| files.iter().enumerate().map(move |(at, file)| (service, at, file)))
        .collect();
    let total = all.iter().fold(0_u64, |sum, (_, _, file)| sum.saturating_add(file.size));
    let mut left = amount.of(total);
    all.sort_by_cached_key(|(_, _, file)| Reverse(digest(seed, &file.key)));
    let mut chosen = vec![Vec::new(); files.len()];
    for (service, at, file) in all {
        let bytes = file.size.min(left);
        // Nothing is to be read of an empty one.
        if bytes == 0 {
            continue;
        }
        left = left.saturating_sub(bytes);
        if let Some(of) = chosen.get_mut(service) {
            of.push(Chosen { file: at, bytes });
        }
    }
    chosen
}

fn digest(seed: u64, key: &str) -> [u8; 32] {
    Sha256::new().chain_update(seed.to_be_bytes()).chain_update(key.as_bytes()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, expected) in [
            ("10%", Some(Amount::Share(1000))),
            ("100%", Some(Amount::Share(10_000))),
            ("0.5%", Some(Amount::Share(50))),
            ("12.25%", Some(Amount::Share(1225))),
            ("5GiB", Some(Amount::Bytes(5 << 30))),
            ("5g", Some(Amount::Bytes(5 << 30))),
            ("1.5MB", Some(Amount::Bytes(1_500_000))),
            ("500b", Some(Amount::Bytes(500))),
            ("100.01%", None),
            ("0%", None),
            ("-1%", None),
            ("", None),
            ("%", None),
            ("10", None),
            ("0GiB", None),
            ("1.234%", None),
            ("1.%", None),
            (".5%", None),
            ("10 %", None),
            ("99999999999999999999TiB", None),
            ("200000000TiB", None),
            ("5GiBs", None),
            ("5é", None),
        ] {
            assert_eq!(text.parse::<Amount>().ok(), expected, "{text}");
        }
    }

    #[test]
    fn the_seed_decides() {
        let file = |at: u64| DataFile { key: format!("rondb/{at}"), size: 100 + at };
        let files = vec![(0..20).map(file).collect::<Vec<_>>(), Vec::new(), (20..30).map(file).collect()];
        let total: u64 = files.iter().flatten().map(|file| file.size).sum();
        let keys = |files: &[Vec<DataFile>], chosen: &[Vec<Chosen>]| {
            let of = |(files, chosen): (&Vec<DataFile>, &Vec<Chosen>)| {
                chosen.iter().map(|it| (files[it.file].key.clone(), it.bytes)).collect::<Vec<_>>()
            };
            let mut keys: Vec<_> = files.iter().zip(chosen).flat_map(of).collect();
            keys.sort();
            keys
        };
        for amount in
            [Amount::Share(1), Amount::Share(1000), Amount::Bytes(1234), Amount::Bytes(u64::MAX), Amount::Share(10_000)]
        {
            let one = keys(&files, &choose(&files, amount, 7));
            let bytes: u64 = one.iter().map(|(_, bytes)| bytes).sum();
            let expected = match amount {
                Amount::Share(share) => (total * u64::from(share)).div_ceil(10_000),
                Amount::Bytes(bytes) => bytes.min(total),
            };
            assert_eq!(bytes, expected);
            // In another order of the listing, the same is read.
            let turned: Vec<_> = files.iter().map(|files| files.iter().rev().cloned().collect::<Vec<_>>()).collect();
            assert_eq!(one, keys(&turned, &choose(&turned, amount, 7)));
        }
        let half = |seed| keys(&files, &choose(&files, Amount::Share(5000), seed));
        assert_eq!(half(1), half(1));
        assert_ne!(half(1), half(2));
        assert_eq!(choose(&[vec![DataFile { key: "e".to_owned(), size: 0 }]], Amount::Share(10_000), 1), [vec![]]);
    }
}
