//! What the stand-in has, and how it is to fail.

use std::collections::{BTreeMap, VecDeque};

use super::{Asked, KEY, answers, calls};

/// A fault, of the next call of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// "Rate exceeded".
    Throttle,
    /// The connection breaks before the call is done.
    Cut,
    /// The connection breaks after the call is done.
    CutAfter,
    /// An internal failure.
    Broken,
    /// Something that is not RDS answers.
    Html,
}

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub instances: BTreeMap<String, Instance>,
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Of which instances automatic backups are kept: the times, and whether the instance is gone.
    pub backups: BTreeMap<String, (String, String, bool)>,
    /// How many instances are allowed.
    pub quota: usize,
    /// The action that is not allowed.
    pub denied: Option<&'static str>,
    /// Faults to come, by action.
    pub faults: Vec<(&'static str, Fault)>,
    /// The states of a new instance, one a look.
    pub states: Vec<&'static str>,
    /// Parameters of a restore that it forgets.
    pub forgets: Vec<&'static str>,
    /// A new instance's parameter group waits for a reboot.
    pub needs_reboot: bool,
    /// Entries of a page.
    pub page: usize,
    /// The groups that there are, and the engine version that parameter and option groups are for.
    pub groups: Vec<(&'static str, &'static str)>,
    /// What happened to whom.
    pub events: Vec<(String, String)>,
    /// All calls.
    pub calls: Vec<(String, Asked)>,
    /// Those that were done.
    pub done: Vec<String>,
}

/// An instance: its simple elements by their name in answers, and the rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Instance {
    pub elements: BTreeMap<String, String>,
    pub states: VecDeque<String>,
    /// They come into force with the last state.
    pub changes: Vec<(String, String)>,
    pub parameter_group: (String, String),
    pub option_group: (String, String),
    pub subnet_group: String,
    pub security_groups: Vec<String>,
    pub logs: Vec<String>,
    pub tags: BTreeMap<String, String>,
    pub port: String,
}

/// A snapshot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    pub elements: BTreeMap<String, String>,
    /// How much of it is made, by look.
    pub progress: VecDeque<u8>,
    /// Its last state.
    pub ends: &'static str,
    pub tags: BTreeMap<String, String>,
}

impl World {
    /// The instance `events` with settings that are no defaults, and its automatic snapshot.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            quota: 40,
            page: 100,
            states: vec!["creating", "creating", "available", "backing-up", "available"],
            groups: vec![
                ("subnet:private", ""),
                ("subnet:default", ""),
                ("security:sg-events", ""),
                ("security:sg-default", ""),
                ("parameter:events-10-11", "10.11"),
                ("parameter:default.mariadb10.11", "10.11"),
                ("parameter:events-10-6", "10.6"),
                ("option:events-audit", "10.11"),
                ("option:default:mariadb-10-11", "10.11"),
            ],
            ..Self::default()
        };
        let elements = [
            ("DBInstanceIdentifier", "events"),
            ("DBInstanceClass", "db.r6g.large"),
            ("DBInstanceStatus", "available"),
            ("Engine", "mariadb"),
            ("EngineVersion", "10.11.9"),
            ("AllocatedStorage", "100"),
            ("StorageType", "gp3"),
            ("Iops", "3000"),
            ("StorageThroughput", "125"),
            ("MaxAllocatedStorage", "500"),
            ("MultiAZ", "true"),
            ("PubliclyAccessible", "false"),
            ("DeletionProtection", "true"),
            ("BackupRetentionPeriod", "7"),
            ("PreferredBackupWindow", "03:00-03:30"),
            ("PreferredMaintenanceWindow", "sun:05:00-sun:06:00"),
            ("CACertificateIdentifier", "rds-ca-rsa4096-g1"),
            ("IAMDatabaseAuthenticationEnabled", "true"),
            ("CopyTagsToSnapshot", "true"),
            ("NetworkType", "IPV4"),
            ("AutoMinorVersionUpgrade", "false"),
            ("DedicatedLogVolume", "false"),
            ("StorageEncrypted", "true"),
            ("KmsKeyId", "arn:aws:kms:eu-north-1:123456789012:key/a"),
            ("MasterUsername", "root"),
            ("DbiResourceId", "db-EVENTS"),
            ("MonitoringInterval", "60"),
            ("MonitoringRoleArn", "arn:aws:iam::123456789012:role/monitoring"),
            ("PerformanceInsightsEnabled", "true"),
            ("PerformanceInsightsRetentionPeriod", "7"),
        ];
        let source = Instance {
            elements: owned(&elements),
            parameter_group: ("events-10-11".into(), "in-sync".into()),
            option_group: ("events-audit".into(), "in-sync".into()),
            subnet_group: "private".into(),
            security_groups: vec!["sg-events".into()],
            logs: vec!["error".into(), "slowquery".into()],
            tags: owned(&[("team", "data"), ("aws:cloudformation:stack-name", "events")]),
            port: "3307".into(),
            ..Instance::default()
        };
        world.instances.insert("events".into(), source);
        world.snapshots.insert("rds:events-2026-01-01-03-00".into(), world.snapshot_of("events", "automated"));
        world.backups.insert("events".into(), ("2026-01-01T03:00:00Z".into(), "2026-01-08T12:00:00Z".into(), false));
        world
    }

    /// A finished snapshot of an instance.
    pub(crate) fn snapshot_of(&self, instance: &str, kind: &str) -> Snapshot {
        let from = &self.instances[instance];
        let mut elements = owned(&[("SnapshotType", kind), ("SnapshotCreateTime", "2026-01-01T03:00:00Z")]);
        for name in [
            "DBInstanceIdentifier",
            "Engine",
            "EngineVersion",
            "AllocatedStorage",
            "StorageType",
            "KmsKeyId",
            "DbiResourceId",
        ] {
            elements.extend(from.elements.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        elements.insert("Encrypted".into(), from.elements["StorageEncrypted"].clone());
        elements.insert("OptionGroupName".into(), from.option_group.0.clone());
        Snapshot { elements, progress: VecDeque::new(), ends: "available", tags: BTreeMap::new() }
    }

    /// The answer to a request: status and body; `None` to break the connection.
    pub(crate) fn answer(&mut self, head: &str, body: &str) -> Option<(u16, String)> {
        let mut asked = form(body);
        let action = asked.remove("Action").unwrap_or_default();
        let version = asked.remove("Version");
        let refuse = |status, code: &str, message: &str| Some((status, answers::error(code, message)));
        let fault = self.faults.iter().position(|(name, _)| *name == action).map(|at| self.faults.remove(at).1);
        match fault {
            Some(Fault::Throttle) => return refuse(400, "Throttling", "Rate exceeded"),
            Some(Fault::Broken) => return refuse(500, "InternalFailure", "An internal error has occurred."),
            Some(Fault::Html) => return Some((200, "<html><body>Welcome to the hotel</body></html>".into())),
            Some(Fault::Cut) => return None,
            Some(Fault::CutAfter) | None => {}
        }
        let signed = format!("Credential={KEY}/");
        if !head.contains("AWS4-HMAC-SHA256") || !head.contains("/eu-north-1/rds/aws4_request") {
            return refuse(403, "IncompleteSignature", "The request signature does not conform to AWS standards.");
        }
        if !head.contains(&signed) {
            return refuse(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
        }
        if version.as_deref() != Some("2014-10-31") {
            return refuse(400, "NoSuchVersion", "another version");
        }
        self.calls.push((action.clone(), asked.clone()));
        if self
            .denied
            .is_some_and(|denied| denied == action || denied == "AddTagsToResource" && body.contains("Tags.Tag"))
        {
            let denied = self.denied.unwrap_or_default();
            return refuse(
                403,
                "AccessDenied",
                &format!(
                    "User: arn:aws:iam::123456789012:user/hwdr is not authorized to perform: rds:{denied} on resource: \
                     arn:aws:rds:eu-north-1:123456789012:db:x because no identity-based policy allows the rds:{denied} action"
                ),
            );
        }
        let answer = match calls::answer(self, &action, &asked) {
            Ok(result) => {
                self.done.push(action.clone());
                (200, answers::result(&action, &result))
            }
            Err((status, code, message)) => (status, answers::error(code, &message)),
        };
        (fault != Some(Fault::CutAfter)).then_some(answer)
    }

    /// A group's version: an error if there is no such group.
    pub(crate) fn group(&self, kind: &str, name: &str) -> Option<&'static str> {
        let full = format!("{kind}:{name}");
        self.groups.iter().find(|(group, _)| *group == full).map(|(_, version)| *version)
    }
}

pub(crate) fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn form(body: &str) -> Asked {
    let decoded = |text: &str| {
        let (mut bytes, text) = (Vec::new(), text.replace('+', " "));
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    };
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}
