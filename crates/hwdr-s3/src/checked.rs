//! Checks what is read from the journal before anybody acts on it.
//!
//! Otherwise anybody who may write below `.hwdr/` could fake a finished rewind, or make an undo hide what no rewind touches.
//! Only the key's own versions prove a change ([`super::decide::back`]), never the journal alone.

use super::decide::Done;
use super::folders::Folders;
use super::history::NULL;
use super::journal::{Aim, Record};
use super::share::Share;

/// Whether this can be a run's id: `20260213T153627Z-0a1b2c`, from [`super::journal::Rewind::new`].
pub fn is_run_id(id: &str) -> bool {
    let bytes = id.as_bytes();
    bytes.len() == 23
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            16 => *byte == b'-',
            17.. => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
            _ => byte.is_ascii_digit(),
        })
}

/// Whether shares cover all keys, each once: a run with a gap would finish without having processed the keys in it.
///
/// # Errors
/// If they do not.
pub fn cover(shares: &[Share]) -> Result<(), String> {
    let mut after = Some("");
    for (number, share) in shares.iter().enumerate() {
        if after != Some(share.after.as_str()) {
            return Err(format!("share {number} does not begin where the one before it ends"));
        }
        after = share.end.as_deref();
        if after.is_some_and(|end| end <= share.after.as_str()) {
            return Err(format!("share {number} ends before it begins"));
        }
    }
    match after {
        None => Ok(()),
        Some(_) => Err("its shares do not cover all keys".to_owned()),
    }
}

/// The share whose acts an object of the journal holds, from its name (`00003-1770996987123-0a1b2c3d`). `None`: not a page of acts.
pub fn share_of(name: &str) -> Option<usize> {
    let (share, rest) = name.split_once('-')?;
    let (time, random) = rest.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_page = digits(share) && digits(time) && random.len() == 8 && random.bytes().all(|b| b.is_ascii_hexdigit());
    if is_page { share.parse().ok() } else { None }
}

/// Whether a rewind of that aim, in a bucket with such folders, can have written the record for that share.
///
/// # Errors
/// Why it cannot.
pub fn record(aim: &Aim, folders: Folders, share: &Share, record: &Record) -> Result<(), String> {
    let key = &record.key;
    if !aim.touches(key, folders) {
        return Err(format!("no rewind below {:?} touches {key:?}", aim.prefix));
    }
    if !share.holds(key) {
        return Err(format!("{key:?} is in another share"));
    }
    let is_id = |id: &str| !id.is_empty();
    let makes_sense = match &record.done {
        Done::Undelete { target, markers } => {
            is_id(target) && !markers.is_empty() && markers.iter().all(|id| is_id(id) && id != NULL && id != target)
        }
        Done::Copy { source, was } => is_id(source) && was.as_ref().is_none_or(|was| is_id(was) && was != source),
        Done::Hide { was } if aim.exact => is_id(was),
        Done::Hide { .. } => return Err(format!("{key:?} is hidden, but only an exact rewind hides keys")),
    };
    if makes_sense { Ok(()) } else { Err(format!("the act on {key:?} makes no sense")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folders::TEST;
    use crate::window::Window;

    fn share(after: &str, end: Option<&str>) -> Share {
        Share { after: after.to_owned(), end: end.map(str::to_owned) }
    }

    #[test]
    fn a_run_has_the_name_that_hwdr_gives() {
        use crate::journal::Rewind;
        let aim = Aim { prefix: String::new(), window: Window { from: 0, to: 0 }, exact: false, backups: None };
        assert!(is_run_id(&Rewind::new(aim, vec![]).id));
        for id in [
            "",
            "x",
            "20260213T153627Z-0a1b2G",
            "20260213T153627Z-0a1b2",
            "../0213T153627Z-0a1b2c",
            "20260213T153627Z-0a1b2c\n",
        ] {
            assert!(!is_run_id(id), "{id:?}");
        }
    }

    #[test]
    fn shares_cover_all_keys_or_are_refused() {
        for (shares, good) in [
            (vec![], false),
            (vec![share("", None)], true),
            (vec![share("", Some("m")), share("m", None)], true),
            (vec![share("a", None)], false),
            (vec![share("", Some("m"))], false),
            (vec![share("", Some("m")), share("n", None)], false),
            (vec![share("", Some("m")), share("l", None)], false),
            (vec![share("", None), share("", None)], false),
            (vec![share("", Some("m")), share("m", Some("m")), share("m", None)], false),
            (vec![share("", Some("m")), share("m", Some("a")), share("a", None)], false),
            (vec![share("", Some("")), share("", None)], false),
        ] {
            assert_eq!(cover(&shares).is_ok(), good, "{shares:?}");
        }
    }

    #[test]
    fn pages_are_known_by_their_names() {
        for (name, expected) in [
            ("00003-1770996987123-0a1b2c3d", Some(3)),
            ("123456-1770996987123-0a1b2c3d", Some(123_456)),
            ("00003-checkpoint", None),
            ("", None),
            ("x-1-0a1b2c3d", None),
            ("99999999999999999999999-1-0a1b2c3d", None),
            ("00003-1770996987123-0a1b2c3d.bak", None),
        ] {
            assert_eq!(share_of(name), expected, "{name}");
        }
    }

    #[test]
    fn a_record_is_of_what_a_rewind_does() {
        let undelete = |target: &str, markers: &[&str]| Done::Undelete {
            target: target.to_owned(),
            markers: markers.iter().map(|marker| (*marker).to_owned()).collect(),
        };
        let hide = || Done::Hide { was: "v1".to_owned() };
        let copy = |was: Option<&str>| Done::Copy { source: "v1".to_owned(), was: was.map(str::to_owned) };
        for (prefix, exact, key, done, good) in [
            ("", false, "blocks/1", undelete("v1", &["m1"]), true),
            ("", false, "blocks/1", undelete("v1", &[]), false),
            ("", false, "blocks/1", undelete("v1", &["null"]), false),
            ("", false, "blocks/1", undelete("v1", &["v1"]), false),
            ("", false, "blocks/1", undelete("", &["m1"]), false),
            ("", false, "blocks/1", copy(None), true),
            ("", false, "blocks/1", copy(Some("v2")), true),
            ("", false, "blocks/1", copy(Some("v1")), false),
            ("", true, "blocks/1", hide(), true),
            ("", false, "blocks/1", hide(), false),
            // An undo leaves alone what a rewind leaves alone.
            ("", false, "rondb_backup/254811200/users.sql", undelete("v1", &["m1"]), false),
            ("", false, ".hwdr/rewind/x.json", undelete("v1", &["m1"]), false),
            ("", false, "ours/x", undelete("v1", &["m1"]), false),
            ("blocks/", false, "blocks/1", undelete("v1", &["m1"]), true),
            ("blocks/", false, "block", undelete("v1", &["m1"]), false),
            ("", false, "z", undelete("v1", &["m1"]), false),
        ] {
            let aim = Aim {
                prefix: prefix.to_owned(),
                window: Window { from: 0, to: 0 },
                exact,
                backups: Some("ours".to_owned()),
            };
            let (share, one) = (share("", Some("y")), Record { key: key.to_owned(), done });
            let folders = Folders { blocks: "blocks", ..TEST };
            assert_eq!(record(&aim, folders, &share, &one).is_ok(), good, "{prefix:?} {one:?}");
        }
    }
}
