//! Writes an inventory of what the management server says.

use std::fmt::Write as _;

use hwdr_values::yaml::quote;

use crate::parse::show::{Kind, Node};

/// What is known of a cluster before there is an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'f> {
    /// The address of the management server, as it was given.
    pub management: &'f str,
    /// The user to log in as.
    pub user: Option<&'f str>,
    /// What `ndb_mgm -e show` says.
    pub nodes: &'f [Node],
    /// The folder for backups.
    pub folder: &'f str,
}

/// A machine, and what runs on it.
struct Machine<'f> {
    address: &'f str,
    roles: Vec<&'static str>,
    nodes: Vec<u16>,
}

/// The inventory of what was found. What the management server cannot know is written as a guess, which says so.
pub fn write(found: &Found<'_>) -> String {
    let mut machines: Vec<Machine<'_>> = Vec::new();
    for node in found.nodes {
        // localhost is the management server itself.
        let address = match node.address.as_deref() {
            None | Some("127.0.0.1" | "localhost" | "::1") if node.kind == Kind::Management => found.management,
            Some("127.0.0.1" | "localhost" | "::1") => found.management,
            Some(address) => address,
            None => continue,
        };
        let at = machines.iter().position(|machine| machine.address == address).unwrap_or(machines.len());
        if at == machines.len() {
            machines.push(Machine { address, roles: Vec::new(), nodes: Vec::new() });
        }
        let Some(machine) = machines.get_mut(at) else { continue };
        let mut add = |role| {
            if !machine.roles.contains(&role) {
                machine.roles.push(role);
            }
        };
        match node.kind {
            Kind::Management => add("management"),
            Kind::Data => {
                add("ndb");
                machine.nodes.push(node.id);
            }
            // Name nodes, ePipe and applications have slots of this kind, too: which one MySQL is, nobody says.
            Kind::Api if node.mysql.is_some() => add("mysql"),
            Kind::Api => {}
        }
    }
    machines.sort_by_key(|machine| (!machine.roles.contains(&"management"), !machine.roles.contains(&"mysql")));
    let mut text = String::from(
        "# The machines of a Hopsworks 3 cluster, for helm hwdr vm. RonDB's part is what ndb_mgm says;\n\
         # HopsFS, ePipe and Kafka are guesses: correct them. Then: helm hwdr vm lint && helm hwdr vm doctor\n\
         name: hopsworks\n",
    );
    if let Some(user) = found.user {
        let _ = write!(text, "\nssh:\n  user: {}\n", quote(user));
    }
    text.push_str("\nhosts:\n");
    let mut counts = (0, 0);
    for machine in &machines {
        let is_data = !machine.nodes.is_empty() && !machine.roles.contains(&"management");
        let number = if is_data { &mut counts.1 } else { &mut counts.0 };
        *number += 1;
        let mut roles = machine.roles.clone();
        if machine.roles.contains(&"management") {
            roles.extend(["namenode", "epipe", "kafka"]);
        }
        if machine.roles.contains(&"ndb") {
            roles.push("datanode");
        }
        if roles.is_empty() {
            // It has slots for clients, and none is connected.
            roles.push("mysql");
        }
        let name = if is_data { format!("data{number}") } else { format!("head{number}") };
        let _ = writeln!(text, "  {name}:\n    address: {}\n    roles: [{}]", quote(machine.address), roles.join(", "));
        match machine.nodes.as_slice() {
            [] => {}
            [node] => drop(writeln!(text, "    nodeId: {node}")),
            [node, rest @ ..] => {
                let all = [node].into_iter().chain(rest).map(u16::to_string).collect::<Vec<_>>();
                let _ = writeln!(text, "    nodeId: [{}]", all.join(", "));
            }
        }
    }
    let _ = write!(text, "\nbackups:\n  folder: {}\n", quote(found.folder));
    text
}

#[cfg(test)]
mod tests {
    use hwdr_values::source::Source;

    use super::*;
    use crate::inventory::{lint, read};
    use crate::parse::show;

    #[test]
    fn what_is_written_is_an_inventory() {
        let nodes = show::parse(show::tests::SHOW).unwrap();
        let text = write(&Found { management: "10.89.0.11", user: Some("ops"), nodes: &nodes, folder: "/var/backups" });
        let source = Source::new("inventory.yaml", text.clone());
        assert!(lint(&source).is_empty(), "{text}\n{:?}", lint(&source));
        let inventory = read(&source).unwrap();
        let hosts: Vec<_> = inventory.hosts.iter().map(|host| (host.address.as_str(), host.nodes.as_slice())).collect();
        assert_eq!(hosts, [("10.89.0.11", &[][..]), ("10.89.0.12", &[]), ("10.89.0.21", &[1]), ("10.89.0.22", &[2])]);
        // Two data nodes on one machine.
        let text = show::tests::SHOW.replace("10.89.0.22", "10.89.0.21");
        let nodes = show::parse(&text).unwrap();
        let text = write(&Found { management: "10.89.0.11", user: None, nodes: &nodes, folder: "/var/backups" });
        let inventory = read(&Source::new("inventory.yaml", text)).unwrap();
        assert!(inventory.hosts.iter().any(|host| host.nodes == [1, 2]), "{inventory:?}");
    }
}
