//! What a pod says of its connections.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Prints the connections of a pod, and the addresses of each host as the pod resolves it.
pub(super) const PROBE: &str = r#"cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; for host; do echo "= $host"; getent ahosts "$host" || getent hosts "$host"; done; echo ="#;

/// What a pod says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The other ends of its connections.
    pub(super) peers: BTreeSet<SocketAddr>,
    /// Hosts, and their addresses.
    pub(super) hosts: Vec<(String, BTreeSet<IpAddr>)>,
}

impl Seen {
    /// What [`PROBE`] prints; none if it did not come to its end.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut seen = Self::default();
        let mut is_whole = false;
        for line in text.lines() {
            if let Some(host) = line.strip_prefix('=') {
                match host.trim() {
                    "" => is_whole = true,
                    host => seen.hosts.push((host.to_owned(), BTreeSet::new())),
                }
                continue;
            }
            match seen.hosts.last_mut() {
                None => seen.peers.extend(peer(line)),
                Some((_, addresses)) => {
                    addresses.extend(line.split_whitespace().next().and_then(|word| word.parse::<IpAddr>().ok()));
                }
            }
        }
        is_whole.then_some(seen)
    }

    /// Whether it can tell nothing: of the servers that were asked for, it has resolved none. An image without `getent` resolves nothing, and its
    /// connections could be to any of them.
    pub(super) fn is_blind(&self) -> bool {
        !self.hosts.is_empty() && self.hosts.iter().all(|(_, addresses)| addresses.is_empty())
    }
}

/// The other end of an established connection (Linux, Documentation/networking/proc_net_tcp.rst): addresses in the order of this processor.
fn peer(line: &str) -> Option<SocketAddr> {
    let mut words = line.split_whitespace().skip(2);
    let (address, state) = (words.next()?, words.next()?);
    let (address, port) = address.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok().filter(|_| state == "01")?;
    let group = |at: usize| u32::from_str_radix(address.get(at..at.checked_add(8)?)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(group(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (number, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&group(number.checked_mul(8)?)?);
            }
            let ip = Ipv6Addr::from(bytes);
            ip.to_ipv4_mapped().map_or(IpAddr::from(ip), IpAddr::from)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const SAID: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0500000A:9C40 0A00000A:0CEA 01 00000000:00000000 00:00000000 00000000     0        0 2
  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF00000500000A:9C41 0000000000000000FFFF00000B00000A:2388 01 0 0 0 0
= old
10.0.0.9 STREAM old
= new
10.0.0.10 STREAM new
10.0.0.10 DGRAM
=
";

    #[test]
    fn connections_of_both_families_are_read() {
        let seen = Seen::read(SAID).unwrap();
        let peers: Vec<_> = seen.peers.iter().map(ToString::to_string).collect();
        assert_eq!(peers, ["10.0.0.10:3306", "10.0.0.11:9096"]);
        assert_eq!(seen.hosts[1], ("new".to_owned(), ["10.0.0.10".parse().unwrap()].into()));
        assert_eq!(Seen::read("sh: no getent\n= old\n"), None);
        let without = Seen::read("   0: 0500000A:9C40 0A00000A:0CEA 01\n= old\n= new\n=\n").unwrap();
        assert!(without.is_blind() && !seen.is_blind(), "sh is there, and no getent");
        let gone = Seen::read("= old\n= new\n10.0.0.10 STREAM new\n=\n").unwrap();
        assert!(!gone.is_blind(), "the old server's name is gone");
        for line in ["", "x y z", "0: a:b c:d 01", "0: 1:1 0A0000:0CEA 01", "0: 0500000A:9C40 0A00000A:FFFFF 01"] {
            assert_eq!(peer(line), None, "{line}");
        }
    }
}
