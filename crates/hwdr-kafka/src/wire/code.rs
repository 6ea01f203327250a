//! Kafka's error codes (`org.apache.kafka.common.protocol.Errors`).

use std::fmt;

/// A broker's error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub(crate) i16);

impl Code {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const OFFSET_OUT_OF_RANGE: Self = Self(1);
    pub(crate) const NO_LEADER: Self = Self(5);
    pub(crate) const TOPIC_EXISTS: Self = Self(36);
    pub(crate) const SECURITY_DISABLED: Self = Self(54);
    pub(crate) const GROUP_ID_NOT_FOUND: Self = Self(69);
    pub(crate) const THROTTLED: Self = Self(89);

    /// An error, if it is one.
    pub(crate) fn check(self) -> Result<(), Self> {
        if self == Self::NONE { Ok(()) } else { Err(self) }
    }

    /// Whether it goes away by itself: a broker starts, a leader is chosen, a coordinator loads.
    pub(crate) fn passes(self) -> bool {
        matches!(self.0, 5 | 6 | 7 | 8 | 9 | 13 | 14 | 15 | 16 | 41 | 56 | 72 | 74 | 75 | 78 | 88 | 89)
    }

    /// Whether the user lacks a right.
    pub fn is_denied(self) -> bool {
        matches!(self.0, 29 | 30 | 31 | 53)
    }

    /// Whether consumers are in the group.
    pub(crate) fn is_active_group(self) -> bool {
        matches!(self.0, 25 | 22 | 68)
    }

    fn name(self) -> &'static str {
        match self.0 {
            1 => "the offset is out of range",
            2 => "a record is corrupt",
            3 => "the topic or partition does not exist",
            5 => "no leader is known",
            6 => "the broker is not the leader",
            7 => "the request timed out",
            8 => "the broker is not available",
            9 => "a replica is not available",
            13 => "the broker was disconnected",
            14 => "the coordinator is loading",
            15 => "the coordinator is not available",
            16 => "the broker is not the coordinator",
            17 => "the topic's name is not valid",
            22 | 25 => "members are in the group",
            24 => "the group's name is not valid",
            29 => "the user may not use the topic (TOPIC_AUTHORIZATION_FAILED)",
            30 => "the user may not use the group (GROUP_AUTHORIZATION_FAILED)",
            31 => "the user may not ask the cluster this (CLUSTER_AUTHORIZATION_FAILED)",
            33 => "the SASL mechanism is not enabled",
            38 => "there are fewer brokers than the replication factor asks for",
            35 => "the version of the request is not supported",
            41 => "the broker is not the controller",
            42 => "the request is not valid",
            53 => "the user may not use the transactional id",
            54 => "the brokers have no authorizer",
            56 => "the disk has a fault",
            58 => "the user or password is wrong (SASL_AUTHENTICATION_FAILED)",
            68 => "the group is not empty",
            69 => "the group does not exist",
            88 => "an open transaction holds the group's offsets",
            89 => "the broker slows this client down (its quota)",
            _ => "an error that hwdr does not know",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (Kafka's error {})", self.name(), self.0)
    }
}
