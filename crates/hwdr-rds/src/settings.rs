//! The settings of an instance that a restore carries over.

use std::collections::BTreeSet;
use std::fmt;

use hwdr_values::shown::plain;
use serde::{Deserialize, Serialize};

/// A value that people read.
trait Shown {
    fn shown(&self) -> String;
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $what:literal,)*) => {
        /// The settings of an instance. What is `None` is not known or, of what is wanted, left to RDS.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Settings {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<$type>,)*
        }

        impl Settings {
            /// These, and `other`'s where these have none.
            #[must_use]
            pub fn or(&self, other: &Self) -> Self {
                Self { $($name: self.$name.clone().or_else(|| other.$name.clone()),)* }
            }

            /// Those that are not so in `there`.
            #[must_use]
            pub fn unmet(&self, there: &Self) -> Self {
                Self { $($name: self.$name.clone().filter(|own| there.$name.as_ref() != Some(own)),)* }
            }

            /// Each setting's name for people, and its value.
            pub fn shown(&self) -> Vec<(&'static str, Option<String>)> {
                vec![$(($what, self.$name.as_ref().map(Shown::shown)),)*]
            }
        }
    };
}

settings! {
    /// The instance class: `db.r6g.large`.
    class: String = "instance class",
    /// The DB subnet group.
    subnet_group: String = "subnet group",
    /// The VPC security groups.
    security_groups: BTreeSet<String> = "security groups",
    /// The DB parameter group.
    parameter_group: String = "parameter group",
    /// The option group.
    option_group: String = "option group",
    /// `gp2`, `gp3`, `io1`, `io2` or `standard`.
    storage_type: String = "storage type",
    /// Allocated storage, in GiB.
    storage_gib: u32 = "storage (GiB)",
    /// Provisioned I/O operations per second.
    iops: u32 = "IOPS",
    /// Provisioned throughput of the storage, in MiB/s.
    throughput: u32 = "storage throughput (MiB/s)",
    /// The size up to which RDS lets the storage grow by itself, in GiB.
    storage_limit_gib: u32 = "storage autoscaling limit (GiB)",
    /// A standby in another availability zone.
    multi_az: bool = "multi-AZ",
    /// Reachable by a public address.
    public: bool = "publicly accessible",
    /// The port.
    port: u16 = "port",
    /// Protected against deletion.
    deletion_protection: bool = "deletion protection",
    /// For how many days automatic backups are kept; 0: there are none.
    backup_days: u32 = "backup retention (days)",
    /// When automatic backups are made: `hh:mm-hh:mm`, UTC.
    backup_window: String = "backup window",
    /// When maintenance may happen: `ddd:hh:mm-ddd:hh:mm`, UTC.
    maintenance_window: String = "maintenance window",
    /// The authority that signs the server's certificate.
    ca: String = "certificate authority",
    /// Logins by IAM.
    iam_login: bool = "IAM authentication",
    /// Snapshots get the instance's tags.
    tags_to_snapshots: bool = "copy tags to snapshots",
    /// The logs that are sent to CloudWatch.
    log_exports: BTreeSet<String> = "log exports",
    /// Enhanced monitoring.
    monitoring: Monitoring = "enhanced monitoring",
    /// Performance Insights.
    insights: Insights = "Performance Insights",
    /// `IPV4` or `DUAL`.
    network: String = "network type",
    /// Minor upgrades of the engine are installed by RDS.
    minor_upgrades: bool = "automatic minor upgrades",
    /// The database's logs have a volume of their own.
    log_volume: bool = "dedicated log volume",
}

impl Settings {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Those that are set, as `name value`.
    pub fn list(&self) -> Vec<String> {
        self.shown().into_iter().filter_map(|(what, value)| Some(format!("{what} {}", value?))).collect()
    }
}

/// Enhanced monitoring.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitoring {
    /// Seconds between two measurements; 0: off.
    pub interval: u32,
    /// The ARN of the role that RDS writes the measurements by.
    pub role: Option<String>,
}

/// Performance Insights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insights {
    /// Whether it is on.
    pub on: bool,
    /// The key that encrypts its data.
    pub key: Option<String>,
    /// For how many days its data are kept.
    pub days: Option<u32>,
    /// The mode of Database Insights, if it is not `standard`.
    pub mode: Option<String>,
}

impl Shown for String {
    fn shown(&self) -> String {
        plain(self).into_owned()
    }
}

impl Shown for bool {
    fn shown(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

impl Shown for u32 {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for u16 {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for BTreeSet<String> {
    fn shown(&self) -> String {
        match self.len() {
            0 => "none".to_owned(),
            _ => self.iter().map(|one| plain(one)).collect::<Vec<_>>().join(", "),
        }
    }
}

impl Shown for Monitoring {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for Insights {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Monitoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.interval, &self.role) {
            (0, _) => f.write_str("off"),
            (interval, Some(role)) => write!(f, "every {interval} s by {}", plain(role)),
            (interval, None) => write!(f, "every {interval} s"),
        }
    }
}

impl fmt::Display for Insights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.on {
            return f.write_str("off");
        }
        f.write_str("on")?;
        if let Some(days) = self.days {
            write!(f, ", {days} days")?;
        }
        if let Some(key) = &self.key {
            write!(f, ", key {}", plain(key))?;
        }
        if let Some(mode) = &self.mode {
            write!(f, ", mode {}", plain(mode))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_settings_win_and_unmet_ones_are_found() {
        let source = Settings { class: Some("db.r6g.large".into()), port: Some(3306), ..Settings::default() };
        let given = Settings { class: Some("db.t4g.small".into()), ..Settings::default() };
        let wanted = given.or(&source);
        assert_eq!(wanted.list(), ["instance class db.t4g.small", "port 3306"]);
        assert_eq!(wanted.unmet(&source).list(), ["instance class db.t4g.small"]);
        assert!(wanted.unmet(&wanted).is_empty());
        assert!(Settings::default().unmet(&wanted).is_empty(), "what nobody wants is never unmet");
    }

    #[test]
    fn foreign_text_is_shown_as_escapes() {
        let settings = Settings { class: Some("a\u{1b}[2J".into()), ..Settings::default() };
        assert!(!settings.list()[0].contains('\u{1b}'));
    }
}
