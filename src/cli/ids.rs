//! Backup ids as they are typed on hwdr's own command line.

use anyhow::Result;

use super::ask;
use super::backups::look::{Asks, LookArgs};
use super::backups::told;
use crate::backups::NAMES;
use crate::product::{self, Backup};
use crate::refusal::Refusal;
use crate::rights;

/// A backup id, or a name for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// The id itself.
    Id(Backup),
    /// One of [`NAMES`]: the cluster knows which id that is.
    Name(String),
}

/// Takes an id or a name.
pub(super) fn given(text: &str) -> Result<Given, String> {
    if NAMES.contains(&text) {
        Ok(Given::Name(text.to_owned()))
    } else {
        product::FIRST.set_backup(text).map(Given::Id)
    }
}

/// Takes an id, for a command that asks no cluster.
pub(super) fn id(text: &str) -> Result<Backup, String> {
    match given(text)? {
        Given::Id(id) => Ok(id),
        Given::Name(name) => {
            Err(format!("only the cluster knows which backup is the {name} one: helm hwdr backups show {name}"))
        }
    }
}

impl Given {
    /// The id.
    ///
    /// # Errors
    /// If the cluster knows no such backup, or it has no id.
    pub(super) async fn id(&self, look: &LookArgs, command: rights::Command) -> Result<Backup> {
        let name = match self {
            Self::Id(id) => return Ok(id.clone()),
            Self::Name(name) => name,
        };
        let mut looked = look.look(command, Asks::Backups).await?;
        told(&looked.unread);
        let inventory = looked.inventory();
        let set = inventory.find(name)?;
        let none = || {
            Refusal::new(format!("the {name} backup, {}, has no id that can be restored", inventory.name(set)))
                .help("see what it is:\nhelm hwdr backups list -o wide")
        };
        let id = inventory.restore_id(set).ok_or_else(none)?;
        ask::tell(&format!("the {name} backup is {id}"));
        Ok(looked.product.backup(id).map_err(Refusal::new)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_commands_that_ask_a_cluster() {
        for name in NAMES {
            assert_eq!(given(name), Ok(Given::Name(name.to_owned())));
            assert!(id(name).unwrap_err().contains(&format!("helm hwdr backups show {name}")));
        }
        assert!(matches!(given("254811200"), Ok(Given::Id(_))) && id("254811200").is_ok());
        assert!(given("newest").is_err());
        // Of one service alone: neither objects nor a bucket go back to it.
        for taken in [given("20260722215632-2116913658").map(drop), id("20260722215632-2116913658").map(drop)] {
            assert!(taken.unwrap_err().contains("helm hwdr backups show 20260722215632-2116913658"));
        }
    }
}
