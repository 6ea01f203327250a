//! `ndb_mgm -e show`: the nodes of a cluster (storage/ndb/src/mgmclient/CommandInterpreter.cpp, `print_nodes`).

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A data node.
    Data,
    /// A management server.
    Management,
    /// A slot for a client: MySQL, a name node, `ndb_restore`.
    Api,
}

/// A node of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: u16,
    /// What it does.
    pub kind: Kind,
    /// Where it is connected from, or may connect from; none for any host.
    pub address: Option<String>,
    /// Whether it is connected.
    pub is_connected: bool,
    /// Whether it is a data node that serves: not one that is starting.
    pub is_started: bool,
    /// The version of MySQL that it is of (`mysql-9.7.2`), and of NDB.
    pub mysql: Option<String>,
    /// Its node group.
    pub group: Option<u16>,
}

/// Reads what it prints.
///
/// # Errors
/// If it is not that.
pub fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut kind = None;
    let mut nodes = Vec::new();
    for line in text.lines() {
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix('[') {
            kind = match name {
                name if name.starts_with("ndbd(") => Some(Kind::Data),
                name if name.starts_with("ndb_mgmd(") => Some(Kind::Management),
                name if name.starts_with("mysqld(") || name.starts_with("api(") => Some(Kind::Api),
                _ => None,
            };
        } else if let (Some(kind), Some(rest)) = (kind, line.strip_prefix("id=")) {
            let bad =
                || format!("ndb_mgm shows a node that hwdr does not understand: {}", hwdr_values::shown::plain(line));
            nodes.push(node(kind, rest).ok_or_else(bad)?);
        }
    }
    if !nodes.iter().any(|node| node.kind == Kind::Data) {
        return Err("ndb_mgm shows no data node".to_owned());
    }
    Ok(nodes)
}

fn node(kind: Kind, rest: &str) -> Option<Node> {
    let digits = rest.len().checked_sub(rest.trim_start_matches(|c: char| c.is_ascii_digit()).len())?;
    let (id, rest) = rest.split_at_checked(digits)?;
    let id: u16 = id.parse().ok()?;
    let rest = rest.trim();
    let inside = rest.split_once('(').and_then(|(_, inside)| inside.strip_suffix(')'));
    if let Some(from) = inside.and_then(|inside| inside.strip_prefix("not connected, accepting connect from ")) {
        let from = from.split(',').next().unwrap_or_default().trim();
        let address = (from != "any host").then(|| from.to_owned());
        return Some(Node { id, kind, address, is_connected: false, is_started: false, mysql: None, group: None });
    }
    let address = rest.strip_prefix('@').and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
    let words: Vec<&str> = inside?.split(',').map(str::trim).collect();
    let group = words.iter().find_map(|word| word.strip_prefix("Nodegroup: ")?.parse().ok());
    let is_waiting = words
        .iter()
        .any(|word| ["starting", "not started", "shutting down", "restarting", "no contact"].contains(word));
    let mysql =
        words.first().map(|word| (*word).to_owned()).filter(|word| word.contains("mysql-") || word.contains("RonDB"));
    Some(Node { id, kind, address, is_connected: true, is_started: kind != Kind::Data || !is_waiting, mysql, group })
}

/// The node groups, each with its nodes.
pub fn groups(nodes: &[Node]) -> Vec<(u16, Vec<u16>)> {
    let mut groups: std::collections::BTreeMap<u16, Vec<u16>> = std::collections::BTreeMap::new();
    for node in nodes.iter().filter(|node| node.kind == Kind::Data) {
        if let Some(group) = node.group {
            groups.entry(group).or_default().push(node.id);
        }
    }
    groups.into_iter().collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const SHOW: &str = "Connected to management server at 10.89.0.11 port 1186 (using cleartext)\n\
        Cluster Configuration\n---------------------\n\
        [ndbd(NDB)]\t2 node(s)\n\
        id=1\t@10.89.0.21  (mysql-9.7.2 ndb-9.7.2, Nodegroup: 0, *)\n\
        id=2\t@10.89.0.22  (mysql-9.7.2 ndb-9.7.2, Nodegroup: 0)\n\n\
        [ndb_mgmd(MGM)]\t1 node(s)\n\
        id=49\t@10.89.0.11  (mysql-9.7.2 ndb-9.7.2)\n\n\
        [mysqld(API)]\t4 node(s)\n\
        id=52\t@10.89.0.11  (mysql-9.7.2 ndb-9.7.2)\n\
        id=53\t@10.89.0.12  (mysql-9.7.2 ndb-9.7.2)\n\
        id=54 (not connected, accepting connect from any host)\n\
        id=55 (not connected, accepting connect from 10.89.0.11)\n\n";

    #[test]
    fn nodes_are_read() {
        let nodes = parse(SHOW).unwrap();
        assert_eq!(nodes.len(), 7);
        assert_eq!(groups(&nodes), [(0, vec![1, 2])]);
        let first = &nodes[0];
        assert_eq!(
            (first.id, first.address.as_deref(), first.mysql.as_deref()),
            (1, Some("10.89.0.21"), Some("mysql-9.7.2 ndb-9.7.2"))
        );
        assert!(first.is_started && !nodes[5].is_connected && nodes[5].address.is_none());
        assert_eq!(nodes[6].address.as_deref(), Some("10.89.0.11"));
        let starting = SHOW.replace("ndb-9.7.2, Nodegroup: 0)", "ndb-9.7.2, starting, Nodegroup: 0)");
        assert!(!parse(&starting).unwrap()[1].is_started);
        for bad in [
            "",
            "Unable to connect with connect string",
            "[ndbd(NDB)]\t1 node(s)\nid=x\n",
            "[ndbd(NDB)]\nid=70000 (a)\n",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
