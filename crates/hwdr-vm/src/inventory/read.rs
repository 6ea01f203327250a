//! Reads an inventory. What is wrong is collected with its place, so that all of it is reported at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use hwdr_values::refusal::Refusal;
use hwdr_values::source::{Place, Source};
use hwdr_values::values::{Data, Number, Value, ValuesError, read_one};

use super::target::{self, Bucket, Target};
use super::{Blocks, Host, HostName, Inventory, Paths, Role, Ssh, Users, is_name};

/// Something that is wrong with an inventory: what, where, and what to do about it.
pub type Problem = Refusal;

/// The most data nodes of an NDB cluster (MySQL manual, "Defining NDB Cluster Data Nodes": `NodeId` is 1 to 144).
const MOST_NODES: u16 = 144;

/// The inventory in a text.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(source: &Arc<Source>) -> Result<Inventory, Vec<Problem>> {
    let values = read_one(Arc::clone(source))
        .map_err(|ValuesError { message, place, .. }| vec![Refusal::new(message).at(place)])?;
    let mut reader = Reader::default();
    let inventory = reader.inventory(&values);
    match inventory {
        Some(inventory) if reader.problems.is_empty() => Ok(inventory),
        _ => Err(reader.problems),
    }
}

/// Everything that is wrong with an inventory, in the order of the file.
pub fn lint(source: &Arc<Source>) -> Vec<Problem> {
    let mut problems = read(source).err().unwrap_or_default();
    problems.sort_by_key(|problem| problem.place.as_ref().map(|place| place.span));
    problems
}

/// A map, and where it is.
#[derive(Clone, Copy)]
struct Block<'v> {
    value: &'v Value,
    key: &'v Place,
    /// Its path with the dot behind it.
    path: &'v str,
}

#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn inventory(&mut self, values: &Value) -> Option<Inventory> {
        const KEYS: [&str; 9] =
            ["name", "ssh", "hosts", "backups", "definition", "blocks", "users", "managementPort", "paths"];
        let is_filled = matches!(&values.data, Data::Map(map) if !map.is_empty());
        if !is_filled {
            self.push("the inventory is empty", &values.place, "write one: helm hwdr vm init ADDRESS");
            return None;
        }
        let all = Block { value: values, key: &values.place, path: "" };
        self.known(all, &KEYS);
        let name = self.text(all, "name", "a name of letters, digits, dots, dashes and underscores", is_name);
        if name.is_none() && values.entry("name").is_none() {
            self.missing(all, "name", "name: hopsworks-prod");
        }
        let ssh = self.ssh(all);
        let hosts = self.hosts(all);
        let backups = self.block(all, "backups", "backups.", &["folder", "keepDays", "keepHereDays", "rclone", "s3"]);
        let folder = backups.and_then(|block| {
            let folder = self.text(block, "folder", "an absolute path on this machine", is_local_path);
            if folder.is_none() && block.value.entry("folder").is_none() {
                self.missing(block, "folder", "folder: /var/backups/hopsworks");
            }
            folder
        });
        if values.entry("backups").is_none() {
            self.missing(all, "backups", "backups: {folder: /var/backups/hopsworks}");
        }
        let keep_days = backups.and_then(|block| self.number(block, "keepDays", 3_650)).unwrap_or(30);
        let keep_here_days = backups.and_then(|block| self.number(block, "keepHereDays", 3_650)).unwrap_or(keep_days);
        let target = backups.and_then(|block| self.target(block));
        let definition = self.text(all, "definition", "an absolute path on this machine", is_local_path);
        let blocks = match self.text(all, "blocks", "disks or s3", |text| ["disks", "s3"].contains(&text)).as_deref() {
            Some("s3") => Blocks::S3,
            _ => Blocks::Disks,
        };
        let users = self.block(all, "users", "users.", &["mysql", "hdfs"]);
        let mut user = |name: &str| {
            users
                .and_then(|block| self.text(block, name, "the name of a user", is_user))
                .unwrap_or_else(|| name.to_owned())
        };
        let users = Users { mysql: user("mysql"), hdfs: user("hdfs") };
        let management_port = self.number(all, "managementPort", 65_535).unwrap_or(1186);
        let paths = self.paths(all);
        let hosts = hosts?;
        self.roles(all, &hosts, blocks);
        Some(Inventory {
            name: name?,
            ssh,
            hosts,
            backups: PathBuf::from(folder?),
            target,
            keep_days,
            keep_here_days,
            definition: definition.map(PathBuf::from),
            blocks,
            users,
            management_port,
            paths,
        })
    }

    /// Where backups are sent.
    fn target(&mut self, backups: Block<'_>) -> Option<Target> {
        let help = "write it as rclone's configuration has it, without a password: rclone listremotes";
        let remote = self.text_or(backups, "rclone", "NAME:PATH of a remote", target::is_remote, help);
        let s3 = self.block(backups, "s3", "backups.s3.", &["bucket", "prefix", "region", "endpoint"]);
        let Some(block) = s3 else { return remote.map(Target::Rclone) };
        if let Some(entry) = backups.value.entry("rclone") {
            self.push("backups: rclone and s3 are two places", &entry.key, "remove one of them");
        }
        if block.value.entry("bucket").is_none() {
            self.missing(block, "bucket", "bucket: hopsworks-backups");
        }
        Some(Target::S3(Bucket {
            prefix: self.text(
                block,
                "prefix",
                "a path in the bucket, without / in front and behind",
                target::is_prefix,
            ),
            region: self.text(block, "region", "the name of a region", target::is_region),
            endpoint: self.text(block, "endpoint", "https://HOST[:PORT]", target::is_endpoint),
            name: self.text(block, "bucket", "the name of a bucket", target::is_bucket)?,
        }))
    }

    fn ssh(&mut self, all: Block<'_>) -> Ssh {
        let Some(block) = self.block(all, "ssh", "ssh.", &["user", "port", "sudo", "parallel"]) else {
            return Ssh { user: None, port: None, sudo: true, parallel: 16 };
        };
        let sudo = match block.value.entry("sudo").map(|entry| &entry.value) {
            None => true,
            Some(value) => value.as_bool().unwrap_or_else(|| {
                self.push("ssh.sudo: expected true or false", &value.place, "write it without quotes");
                true
            }),
        };
        Ssh {
            user: self.text(block, "user", "the name of a user", is_user),
            port: self.number(block, "port", 65_535),
            sudo,
            parallel: self.number(block, "parallel", 256).unwrap_or(16),
        }
    }

    fn paths(&mut self, all: Block<'_>) -> Paths {
        const KEYS: [&str; 8] =
            ["mysqlBin", "mysqlSocket", "ndbScripts", "ndbBackups", "blocks", "hadoop", "epipe", "kafka"];
        let mut paths = Paths::default();
        let Some(block) = self.block(all, "paths", "paths.", &KEYS) else { return paths };
        let slots = [
            &mut paths.mysql_bin,
            &mut paths.mysql_socket,
            &mut paths.ndb_scripts,
            &mut paths.ndb_backups,
            &mut paths.blocks,
            &mut paths.hadoop,
            &mut paths.epipe,
            &mut paths.kafka,
        ];
        for (key, slot) in KEYS.into_iter().zip(slots) {
            let expected = "an absolute path of letters, digits and -_.+ without ..";
            if let Some(path) = self.text(block, key, expected, is_remote_path) {
                *slot = path;
            }
        }
        paths
    }

    fn hosts(&mut self, all: Block<'_>) -> Option<Vec<Host>> {
        let entry = match all.value.entry("hosts") {
            Some(entry) => entry,
            None => {
                self.missing(all, "hosts", "hosts: {head1: {roles: [management, mysql, namenode]}}");
                return None;
            }
        };
        let Data::Map(map) = &entry.value.data else {
            self.push("hosts: expected a map of names", &entry.value.place, "for example head1: {roles: [management]}");
            return None;
        };
        let mut named: Vec<_> = map.iter().collect();
        // As in the file: the first host with a role is the one that is asked.
        named.sort_by_key(|(_, entry)| entry.key.span.start);
        let hosts = named.into_iter().filter_map(|(name, entry)| {
            let Some(name) = HostName::parse(name) else {
                let help = "names have letters, digits, dots, dashes and underscores; the address may be another: address: 10.0.0.1";
                self.push(&format!("hosts: {name:?} cannot be the name of a host"), &entry.key, help);
                return None;
            };
            let path = format!("hosts.{name}.");
            if !matches!(entry.value.data, Data::Map(_)) {
                self.push(&format!("hosts.{name}: expected a map"), &entry.value.place, "for example {roles: [ndb], nodeId: 1}");
                return None;
            }
            self.host(name, Block { value: &entry.value, key: &entry.key, path: &path })
        });
        let hosts: Vec<_> = hosts.collect();
        self.once(all, &hosts);
        Some(hosts)
    }

    fn host(&mut self, name: HostName, block: Block<'_>) -> Option<Host> {
        self.known(block, &["address", "roles", "nodeId"]);
        let address = self.text(block, "address", "an address, or a name of ssh_config", is_address);
        let nodes = self.nodes(block);
        let mut roles = BTreeSet::new();
        let words = || Role::ALL.map(Role::word).join(", ");
        match block.value.entry("roles").map(|entry| &entry.value) {
            None => self.missing(block, "roles", "roles: [ndb, datanode]"),
            Some(Value { data: Data::List(items), .. }) => {
                for item in items {
                    let role = item.as_str().and_then(|text| Role::ALL.into_iter().find(|role| role.word() == text));
                    match role {
                        Some(role) => drop(roles.insert(role)),
                        None => {
                            let help = match item.as_str().and_then(|text| nearest(text, &Role::ALL.map(Role::word))) {
                                Some(role) => format!("did you mean {role}?"),
                                None => format!("the roles are {}", words()),
                            };
                            self.push(&format!("{}roles: this is not a role", block.path), &item.place, &help);
                        }
                    }
                }
            }
            Some(value) => {
                self.push(&format!("{}roles: expected a list", block.path), &value.place, &format!("of {}", words()));
            }
        }
        if roles.contains(&Role::Ndb) && block.value.entry("nodeId").is_none() {
            self.missing(block, "nodeId", "nodeId: 1, as ndb_mgm -e show has it");
        }
        if let Some(entry) = block.value.entry("nodeId").filter(|_| !roles.contains(&Role::Ndb) && !roles.is_empty()) {
            let help = "add the role ndb, or remove nodeId";
            self.push(&format!("{}nodeId: the host has no data node", block.path), &entry.value.place, help);
        }
        let address = address.unwrap_or_else(|| name.as_str().to_owned());
        Some(Host { name, address, roles, nodes })
    }

    /// Addresses and node ids that stand twice.
    fn once(&mut self, all: Block<'_>, hosts: &[Host]) {
        let mut addresses: BTreeMap<&str, &HostName> = BTreeMap::new();
        let mut nodes: BTreeMap<u16, &HostName> = BTreeMap::new();
        for host in hosts {
            let place = |key: &str| {
                let host = all.value.get(&["hosts", host.name.as_str()]);
                host.and_then(|host| host.entry(key)).map_or(all.key, |entry| &entry.value.place)
            };
            if let Some(other) = addresses.insert(&host.address, &host.name) {
                let problem = format!("hosts.{}.address: {other} has the same", host.name);
                self.push(&problem, place("address"), "give all roles of a machine to one host");
            }
            for other in host.nodes.iter().filter_map(|node| nodes.insert(*node, &host.name)).collect::<Vec<_>>() {
                let problem = format!("hosts.{}.nodeId: {other} has the same", host.name);
                self.push(&problem, place("nodeId"), "see which host has which: ndb_mgm -e show");
            }
        }
    }

    /// Roles that a cluster must have.
    fn roles(&mut self, all: Block<'_>, hosts: &[Host], blocks: Blocks) {
        let place = all.value.entry("hosts").map_or(all.key, |entry| &entry.key);
        let needed = [Role::Management, Role::Ndb, Role::Mysql, Role::NameNode, Role::DataNode];
        for role in needed.into_iter().filter(|role| *role != Role::DataNode || blocks == Blocks::Disks) {
            if !hosts.iter().any(|host| host.has(role)) {
                let word = role.word();
                self.push(
                    &format!("hosts: none has the role {word}"),
                    place,
                    &format!("add it to a host: roles: [{word}]"),
                );
            }
        }
        let twice = hosts.iter().filter(|host| host.has(Role::Epipe)).nth(1);
        if let Some(host) = twice {
            let problem = format!("hosts.{}: a second host has the role epipe", host.name);
            self.push(&problem, place, "ePipe runs once: remove the role from the other host");
        }
    }

    fn block<'v>(&mut self, all: Block<'v>, key: &str, path: &'v str, keys: &[&str]) -> Option<Block<'v>> {
        let entry = all.value.entry(key).filter(|entry| entry.value.data != Data::Null)?;
        if !matches!(entry.value.data, Data::Map(_)) {
            self.push(
                &format!("{key}: expected a map"),
                &entry.value.place,
                &format!("its keys are {}", keys.join(", ")),
            );
            return None;
        }
        let block = Block { value: &entry.value, key: &entry.key, path };
        self.known(block, keys);
        Some(block)
    }

    fn known(&mut self, block: Block<'_>, keys: &[&str]) {
        let Data::Map(map) = &block.value.data else { return };
        for (name, entry) in map.iter().filter(|(name, _)| !keys.contains(&name.as_str())) {
            let help = match nearest(name, keys) {
                Some(key) => format!("did you mean {key}?"),
                None => format!("the keys here are {}", keys.join(", ")),
            };
            self.push(
                &format!("{}{}: there is no such key", block.path, hwdr_values::shown::plain(name)),
                &entry.key,
                &help,
            );
        }
    }

    fn text(&mut self, block: Block<'_>, key: &str, expected: &str, is: impl Fn(&str) -> bool) -> Option<String> {
        self.text_or(block, key, expected, is, "quote it if it looks like a number")
    }

    fn text_or(
        &mut self,
        block: Block<'_>,
        key: &str,
        expected: &str,
        is: impl Fn(&str) -> bool,
        help: &str,
    ) -> Option<String> {
        let value = &block.value.entry(key)?.value;
        let text = value.as_str().filter(|text| is(text));
        if text.is_none() {
            self.push(&format!("{}{key}: expected {expected}", block.path), &value.place, help);
        }
        text.map(str::to_owned)
    }

    /// The data nodes of a host: an id, or a list of ids.
    fn nodes(&mut self, block: Block<'_>) -> Vec<u16> {
        const KEY: &str = "nodeId";
        let Some(value) = block.value.entry(KEY).map(|entry| &entry.value) else { return Vec::new() };
        match &value.data {
            Data::List(items) if items.is_empty() => {
                self.push(&format!("{}{KEY}: the list is empty", block.path), &value.place, "write the id: nodeId: 1");
                Vec::new()
            }
            Data::List(items) => items.iter().filter_map(|item| self.whole(block, KEY, item, MOST_NODES)).collect(),
            _ => self.whole(block, KEY, value, MOST_NODES).into_iter().collect(),
        }
    }

    fn number(&mut self, block: Block<'_>, key: &str, most: u16) -> Option<u16> {
        self.whole(block, key, &block.value.entry(key)?.value, most)
    }

    fn whole(&mut self, block: Block<'_>, key: &str, value: &Value, most: u16) -> Option<u16> {
        let number = match value.data {
            Data::Number(Number::Float(number)) => Some(number),
            _ => None,
        };
        let fits = number.filter(|number| number.fract() == 0.0 && (1.0..=f64::from(most)).contains(number));
        if fits.is_none() {
            let problem = format!("{}{key}: expected a whole number from 1 to {most}", block.path);
            self.push(&problem, &value.place, "write it without quotes");
        }
        // Whole, and within the bounds of the type.
        fits.map(|number| number as u16)
    }

    fn missing(&mut self, block: Block<'_>, key: &str, example: &str) {
        self.push(&format!("{}{key} is missing", block.path), block.key, &format!("for example {example}"));
    }

    fn push(&mut self, problem: &str, place: &Place, help: &str) {
        self.problems.push(Refusal::new(problem).at(Some(place.clone())).help(help));
    }
}

/// The word that is meant, if one is near.
fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let near =
        words.iter().map(|known| (strsim::damerau_levenshtein(&known.to_lowercase(), &word.to_lowercase()), *known));
    near.min().filter(|(distance, known)| *distance <= 3 && *distance < known.len()).map(|(_, known)| known)
}

/// What may stand behind ssh, and in rsync's `HOST:PATH`: never an option, and nothing that a shell or rsync reads otherwise.
fn is_address(text: &str) -> bool {
    (1..=254).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == ':')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":._%-".contains(&byte))
}

fn is_user(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Older versions of rsync hand paths to the host's shell, so that only harmless characters may stand in them. hwdr renames and deletes
/// below some of them: a path of one folder is none of Hopsworks'.
fn is_remote_path(text: &str) -> bool {
    text.len() <= 400
        && text.starts_with('/')
        && !text.ends_with('/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.+-".contains(&byte))
        && text.split('/').skip(1).all(|part| !part.is_empty() && part != "." && part != ".." && !part.starts_with('-'))
        && text.split('/').count() > 2
}

fn is_local_path(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 1_000 && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../testdata/vm/inventory.yaml");

    fn problems(text: &str) -> Vec<String> {
        let found = lint(&Source::new("inventory.yaml", text));
        found
            .iter()
            .map(|it| format!("{}: {it}", it.place.as_ref().map(ToString::to_string).unwrap_or_default()))
            .collect()
    }

    #[test]
    fn the_example_is_an_inventory() {
        assert_eq!(problems(EXAMPLE), Vec::<String>::new());
        let inventory = read(&Source::new("inventory.yaml", EXAMPLE)).unwrap();
        assert_eq!(inventory.connect_string(), "10.89.0.11:1186");
        let names: Vec<_> = inventory.hosts.iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names, ["head1", "head2", "data1", "data2"]);
        assert_eq!((inventory.keep_days, inventory.ssh.sudo, inventory.paths), (30, true, Paths::default()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let change = |from: &str, to: &str| {
            assert!(EXAMPLE.contains(from), "{from}");
            problems(&EXAMPLE.replacen(from, to, 1))
        };
        for (from, to, expected) in [
            ("nodeId: 2", "nodeId: 1", "inventory.yaml:23:13: hosts.data2.nodeId: data1 has the same"),
            (
                "nodeId: 2",
                "nodeId: 145",
                "inventory.yaml:23:13: hosts.data2.nodeId: expected a whole number from 1 to 144",
            ),
            ("    nodeId: 2\n", "", "inventory.yaml:20:3: hosts.data2.nodeId is missing"),
            (
                "roles: [mysql, namenode]",
                "roles: [mysql, namenod]",
                "inventory.yaml:15:20: hosts.head2.roles: this is not a role",
            ),
            ("10.89.0.12", "10.89.0.11", "inventory.yaml:14:14: hosts.head2.address: head1 has the same"),
            (
                "10.89.0.12",
                "-oProxyCommand=x",
                "inventory.yaml:14:14: hosts.head2.address: expected an address, or a name of ssh_config",
            ),
            (
                "[management, mysql, namenode, epipe, kafka]",
                "[mysql]",
                "inventory.yaml:9:1: hosts: none has the role management",
            ),
            ("name: hopsworks-prod", "nme: hopsworks-prod", "inventory.yaml:3:1: nme: there is no such key"),
            (
                "folder: /var/backups/hopsworks",
                "folder: backups",
                "inventory.yaml:26:11: backups.folder: expected an absolute path on this machine",
            ),
            ("head2:", "-head2:", "inventory.yaml:13:3: hosts: \"-head2\" cannot be the name of a host"),
        ] {
            assert!(change(from, to).contains(&expected.to_owned()), "{to}: {:?}", change(from, to));
        }
        for path in ["/srv", "relative/a", "/srv/../etc/x", "/srv/a b", "/srv/$(x)/a", "/srv/hops/", "/srv/-rf/a"] {
            let text = format!("{EXAMPLE}paths: {{blocks: {path:?}}}\n");
            assert!(problems(&text).iter().any(|problem| problem.contains("paths.blocks: expected")), "{path}");
        }
        assert_eq!(problems("")[0].split(": ").nth(1), Some("the inventory is empty"));
        assert!(!problems("hosts: [a]\n").is_empty() && !problems("a: [").is_empty());
    }

    /// The schema and the reader agree on what may be written.
    #[test]
    fn the_schema_takes_what_the_reader_takes() {
        let schema: serde_json::Value = serde_json::from_str(super::super::SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let good = serde_json::json!({
            "name": "a", "ssh": {"user": "ops", "port": 22, "sudo": false, "parallel": 4}, "managementPort": 1186, "blocks": "s3",
            "hosts": {"h": {"address": "h.example", "roles": ["management", "ndb", "mysql", "namenode"], "nodeId": 1},
                      "i": {"roles": ["ndb"], "nodeId": [2, 3]}},
            "backups": {"folder": "/b", "keepDays": 7, "keepHereDays": 2, "rclone": "archive:hopsworks"}, "definition": "/d.yml", "users": {"mysql": "m", "hdfs": "h"},
            "paths": {"mysqlBin": "/a/b", "mysqlSocket": "/a/b", "ndbScripts": "/a/b", "ndbBackups": "/a/b", "blocks": "/a/b", "hadoop": "/a/b",
                      "epipe": "/a/b", "kafka": "/a/b"},
        });
        assert!(validator.is_valid(&good));
        assert_eq!(problems(&good.to_string()), Vec::<String>::new());
        let mut bucket = good.clone();
        bucket["backups"] = serde_json::json!({"folder": "/b", "s3": {
            "bucket": "hopsworks-backups", "prefix": "prod/vm", "region": "eu-north-1", "endpoint": "https://minio.example:9000",
        }});
        assert!(validator.is_valid(&bucket));
        assert_eq!(problems(&bucket.to_string()), Vec::<String>::new());
        for (key, value) in [("bucket", "B"), ("prefix", "/a"), ("region", "a b"), ("endpoint", "https://u:p@x")] {
            let mut bad = bucket.clone();
            bad["backups"]["s3"][key] = value.into();
            assert!(!validator.is_valid(&bad) && !problems(&bad.to_string()).is_empty(), "{key}");
        }
        for (pointer, value) in [
            ("/name", serde_json::json!("")),
            ("/hosts/h/nodeId", 145.into()),
            ("/hosts/h/roles/0", "x".into()),
            ("/ssh/port", 0.into()),
            ("/backups/folder", "b".into()),
            ("/hosts/i/nodeId", serde_json::json!([])),
            ("/hosts/i/nodeId", serde_json::json!([2, 145])),
            ("/backups/rclone", ":s3,secret_access_key=x:b".into()),
            ("/backups/s3", serde_json::json!({"bucket": "hopsworks-backups"})),
            ("/backups/keepHereDays", 0.into()),
            ("/blocks", "tape".into()),
            ("/users/mysql", "a b".into()),
            ("/paths/kafka", "kafka".into()),
        ] {
            let mut bad = good.clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            match bad.pointer_mut(parent).unwrap() {
                serde_json::Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
                parent => parent[key] = value,
            }
            assert!(!validator.is_valid(&bad) && !problems(&bad.to_string()).is_empty(), "{pointer}");
        }
    }
}
