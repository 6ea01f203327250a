//! ACLs, and which of them a mirror leaves behind.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::error::Error;
use super::{Client, retry};
use crate::wire::admin::{AclAt, DescribeAcls};
use crate::wire::code::Code;

/// One right, given or taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acl(AclAt);

/// A cluster's ACLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acls {
    /// The brokers have no authorizer: everyone may do everything.
    Off,
    /// These.
    On(BTreeSet<Acl>),
}

impl Acls {
    /// Those that are here and not there: what the restored cluster still needs. None where rights are off here.
    pub fn missing_in(&self, other: &Self) -> Vec<Acl> {
        match (self, other) {
            (Self::Off, _) => Vec::new(),
            (Self::On(here), Self::Off) => here.iter().cloned().collect(),
            (Self::On(here), Self::On(there)) => here.difference(there).cloned().collect(),
        }
    }
}

impl fmt::Display for Acl {
    /// In the words of `kafka-acls.sh`; what the cluster wrote is quoted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AclAt { resource, name, pattern, principal, host, operation, permission } = &self.0;
        let word =
            |list: &[&'static str], number: i8| usize::try_from(number).ok().and_then(|at| list.get(at).copied());
        let resource =
            word(&["", "any", "topic", "group", "cluster", "transactional-id", "delegation-token", "user"], *resource);
        let pattern = word(&["", "any", "match", "literal", "prefixed"], *pattern);
        let operation = word(
            &[
                "",
                "any",
                "All",
                "Read",
                "Write",
                "Create",
                "Delete",
                "Alter",
                "Describe",
                "ClusterAction",
                "DescribeConfigs",
                "AlterConfigs",
                "IdempotentWrite",
                "CreateTokens",
                "DescribeTokens",
                "TwoPhaseCommit",
            ],
            *operation,
        );
        let permission = word(&["", "any", "deny", "allow"], *permission);
        let unknown = "unknown";
        write!(
            f,
            "{} {principal:?} {} on {} {} {name:?} from host {host:?}",
            permission.unwrap_or(unknown),
            operation.unwrap_or(unknown),
            pattern.unwrap_or(unknown),
            resource.unwrap_or(unknown),
        )
    }
}

impl Client {
    /// All ACLs.
    ///
    /// # Errors
    /// See [`Error`]. It needs the right Describe on the cluster.
    pub async fn acls(&mut self, within: Duration) -> Result<Acls, Error> {
        retry!(self, "the ACLs", within, self.acls_once())
    }

    async fn acls_once(&mut self) -> Result<Acls, Error> {
        let (code, acls) = self.ask_any(DescribeAcls).await?;
        if code == Code::SECURITY_DISABLED {
            return Ok(Acls::Off);
        }
        code.check().map_err(|code| Error::Refused { what: "the ACLs".to_owned(), code })?;
        Ok(Acls::On(acls.into_iter().map(Acl).collect()))
    }
}
