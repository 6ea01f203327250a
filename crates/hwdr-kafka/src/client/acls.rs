//! ACLs, and which of them a mirror leaves behind.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::error::Error;
use super::{Client, retry};
use crate::select::{Groups, Topics};
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

/// Numbers of the protocol (`ResourceType`, `PatternType`).
const TOPIC: i8 = 2;
const GROUP: i8 = 3;
const PREFIXED: i8 = 4;

impl Acl {
    /// Whether it says something of a topic or a group that is mirrored. Rights on the cluster itself are of its own people.
    pub(crate) fn is_about(&self, topics: &Topics, groups: &Groups) -> bool {
        let AclAt { resource, name, pattern, .. } = &self.0;
        let all = name == "*" && *pattern != PREFIXED;
        match *resource {
            TOPIC => all || topics.contain(name) || *pattern == PREFIXED && topics.may_begin(name),
            GROUP => all || groups.contain(name) || *pattern == PREFIXED,
            _ => false,
        }
    }

    #[cfg(test)]
    pub(crate) fn literal(resource: i8, name: &str, operation: i8) -> Self {
        let (principal, host) = ("User:u".to_owned(), "*".to_owned());
        Self(AclAt { resource, name: name.to_owned(), pattern: 3, principal, host, operation, permission: 3 })
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
