//! Whether NetworkPolicies let hwdr's Jobs reach what they call (kubernetes.io, "Network Policies"). Only policies of the namespace itself select its
//! pods; they add up: a pod that at least one selects is reached by what any of them allows.

use serde_json::{Map, Value as Json};

use super::{Facts, Line, Live};
use crate::cluster::condition::text;
use crate::shown::{plain, word};
use crate::topology::{MANAGED_BY, Role};

/// A call that hwdr's Jobs make.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Labels of the calling pods, beside those of all of hwdr's.
    pub labels: &'static [(&'static str, &'static str)],
    /// Who answers.
    pub role: Role,
    /// At which port.
    pub port: u16,
}

/// Whether something holds; maybe if it depends on what hwdr cannot see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    No,
    Maybe,
    Yes,
}

use Holds::{Maybe, No, Yes};

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Yes } else { No }
    }
}

/// A pod: its labels, and the names of its ports.
#[derive(Debug, Clone, Default)]
struct Pod {
    labels: Map<String, Json>,
    ports: Vec<(String, u64)>,
}

/// The namespace of both pods.
struct Inside<'a> {
    /// Its labels, if known.
    labels: Option<&'a Map<String, Json>>,
}

/// The direction of a policy.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    rules: &'static str,
    peers: &'static str,
}

const IN: Way = Way { name: "Ingress", rules: "ingress", peers: "from" };
const OUT: Way = Way { name: "Egress", rules: "egress", peers: "to" };

fn items<'j>(value: &'j Json, key: &str) -> &'j [Json] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Whether a label selector selects these labels. An empty one selects all.
fn selects(selector: &Json, labels: &Map<String, Json>) -> Holds {
    let equal =
        selector["matchLabels"].as_object().into_iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    let mut holds = Holds::from(equal);
    for expression in items(selector, "matchExpressions") {
        let value = labels.get(text(expression, "/key"));
        let among = value.is_some_and(|value| items(expression, "values").contains(value));
        holds = holds.min(match text(expression, "/operator") {
            "In" => among.into(),
            "NotIn" => (!among).into(),
            "Exists" => value.is_some().into(),
            "DoesNotExist" => value.is_none().into(),
            _ => Maybe,
        });
    }
    holds
}

/// Whether a peer of a rule is this pod.
fn is_peer(peer: &Json, pod: &Pod, inside: &Inside) -> Holds {
    // Which address a pod will get is not known.
    if !peer["ipBlock"].is_null() {
        return Maybe;
    }
    let namespace = match (&peer["namespaceSelector"], inside.labels) {
        (Json::Null, _) => Yes,
        (selector, Some(labels)) => selects(selector, labels),
        (selector, None) if selects(selector, &Map::new()) == Yes && !selects_by_absence(selector) => Yes,
        (_, None) => Maybe,
    };
    let is_named = !peer["podSelector"].is_null() || !peer["namespaceSelector"].is_null();
    Holds::from(is_named).min(namespace).min(selects(&peer["podSelector"], &pod.labels))
}

/// Whether a selector could hold only because a label is not there.
fn selects_by_absence(selector: &Json) -> bool {
    !items(selector, "matchExpressions").is_empty()
}

/// Whether an entry of a rule's ports is this port of TCP.
fn is_port(entry: &Json, port: u16, named: &[(String, u64)]) -> Holds {
    if !matches!(entry["protocol"].as_str(), None | Some("TCP")) {
        return No;
    }
    let port = u64::from(port);
    match &entry["port"] {
        Json::Null => Yes,
        Json::Number(number) => {
            let from = number.as_u64().unwrap_or_default();
            let to = entry["endPort"].as_u64().unwrap_or(from);
            (from..=to).contains(&port).into()
        }
        Json::String(name) => match named.iter().find(|(own, _)| own == name) {
            Some((_, number)) => (*number == port).into(),
            None => Maybe,
        },
        _ => Maybe,
    }
}

/// Whether a policy is about a pod, in one direction.
fn is_about(policy: &Json, pod: &Pod, way: Way) -> Holds {
    let spec = &policy["spec"];
    let types = items(spec, "policyTypes");
    let is_of_type = if types.is_empty() {
        way.name == IN.name || !spec[way.rules].is_null()
    } else {
        types.contains(&way.name.into())
    };
    Holds::from(is_of_type).min(selects(&spec["podSelector"], &pod.labels))
}

/// What policies say to a call, and which of them are about it.
fn verdict<'p>(
    policies: &'p [Json],
    way: Way,
    [about, peer]: [&Pod; 2],
    port: &PortOf,
    inside: &Inside,
) -> (Holds, Vec<&'p str>) {
    let mut names = Vec::new();
    let (mut is_selected, mut allows) = (No, No);
    for policy in policies {
        let selected = is_about(policy, about, way);
        if selected == No {
            continue;
        }
        is_selected = is_selected.max(selected);
        names.push(text(policy, "/metadata/name"));
        for rule in items(&policy["spec"], way.rules) {
            let peers = items(rule, way.peers);
            let from = peers.iter().map(|it| is_peer(it, peer, inside)).max();
            let ports = items(rule, "ports");
            let at = ports.iter().map(|entry| is_port(entry, port.number, &port.named)).max();
            allows = allows.max(selected.min(from.unwrap_or(Yes)).min(at.unwrap_or(Yes)));
        }
    }
    // Without a policy about it, all is allowed.
    let allowed = match is_selected {
        No => Yes,
        Maybe => allows.max(Maybe),
        Yes => allows,
    };
    (allowed, names)
}

/// A port, and the names of the ports of who answers.
struct PortOf {
    number: u16,
    named: Vec<(String, u64)>,
}

/// The pods of a workload.
fn pod_of(object: &Json) -> Pod {
    let template = &object["spec"]["template"];
    let containers = items(&template["spec"], "containers");
    let ports = containers.iter().flat_map(|container| items(container, "ports"));
    Pod {
        labels: template["metadata"]["labels"].as_object().cloned().unwrap_or_default(),
        ports: ports
            .filter_map(|port| Some((port["name"].as_str()?.to_owned(), port["containerPort"].as_u64()?)))
            .collect(),
    }
}

/// The pods of hwdr's Jobs that make a call.
fn caller(call: &Call) -> Pod {
    let common = [("app.kubernetes.io/name", "hwdr"), (MANAGED_BY, "hwdr")];
    let labels = common.iter().chain(call.labels).map(|(key, value)| ((*key).to_owned(), (*value).into()));
    Pod { labels: labels.collect(), ports: Vec::new() }
}

pub(super) fn lines(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "network-policies";
    let policies = match &facts.policies {
        Ok(policies) => policies,
        Err(fault) => return vec![Line::unread(CHECK, "NetworkPolicies", fault)],
    };
    // What runs has a line of its own if it is not known.
    let Ok(workloads) = &facts.workloads else { return Vec::new() };
    let labels = facts.labels.as_ref().ok().and_then(|namespace| namespace["metadata"]["labels"].as_object());
    let calls: Vec<_> = facts.product.services().iter().flat_map(|service| service.calls()).copied().collect();
    let lines = judge(policies, workloads, &calls, labels, &facts.place.namespace);
    let lines = lines.into_iter().map(|(holds, what, fix)| match holds {
        No => Line::problem(CHECK, what).fix(fix),
        _ => Line::unknown(CHECK, what).fix(fix),
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        let count = policies.len();
        return vec![Line::ok(
            CHECK,
            match count {
                0 => "the namespace has no NetworkPolicy".to_owned(),
                _ => format!("none of {count} NetworkPolicies keeps hwdr's Jobs from the servers that they call"),
            },
        )];
    }
    lines
}

/// What is not allowed, or not known to be: with the reason and the fix.
fn judge(
    policies: &[Json],
    workloads: &[Live],
    calls: &[Call],
    labels: Option<&Map<String, Json>>,
    namespace: &str,
) -> Vec<(Holds, String, String)> {
    let inside = Inside { labels };
    let mut found = Vec::new();
    for call in calls {
        let from = caller(call);
        let shown = from.labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
        let shown = shown.collect::<Vec<_>>().join(", ");
        for live in workloads.iter().filter(|live| live.role == call.role) {
            let to = pod_of(&live.object);
            let target = format!("{}/{}", live.kind, plain(text(&live.object, "/metadata/name")));
            let port = PortOf { number: call.port, named: to.ports.clone() };
            for (way, ends) in [(IN, [&to, &from]), (OUT, [&from, &to])] {
                let (allowed, names) = verdict(policies, way, ends, &port, &inside);
                if allowed == Yes {
                    continue;
                }
                let whose =
                    names.iter().map(|name| format!("NetworkPolicy/{}", plain(name))).collect::<Vec<_>>().join(", ");
                let how = if allowed == No { "lets no" } else { "may let no" };
                let what = format!("{whose} {how} pod with the labels {shown} reach {target} at port {}", call.port);
                let first = names.first().copied().unwrap_or_default();
                let fix = format!(
                    "add these labels to a rule of its {}:\nkubectl -n {} edit networkpolicy {}",
                    way.rules,
                    word(namespace),
                    word(first)
                );
                found.push((allowed, what, fix));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DATA: Role = Role { name: "data", rank: 1, group: "", stops: None, holds_data: true };
    const CALL: Call = Call { labels: &[("svc", "restore")], role: DATA, port: 1186 };

    fn live() -> Live {
        let template = json!({"metadata": {"labels": {"svc": "data"}},
            "spec": {"containers": [{"ports": [{"name": "ndb", "containerPort": 1186}, {"name": "other", "containerPort": 9}]}]}});
        Live {
            kind: "StatefulSet",
            object: json!({"metadata": {"name": "node"}, "spec": {"template": template}}),
            role: DATA,
        }
    }

    fn said(policies: Json, namespace: Option<Json>) -> Vec<String> {
        let namespace = namespace.map(|labels| labels.as_object().unwrap().clone());
        let named: Vec<_> = policies
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(at, spec)| json!({"metadata": {"name": format!("p{at}")}, "spec": spec}))
            .collect();
        judge(&named, &[live()], &[CALL], namespace.as_ref(), "ns")
            .into_iter()
            .map(|(holds, what, _)| format!("{holds:?} {}", what.split(' ').next().unwrap().trim_end_matches(',')))
            .collect()
    }

    /// What the specs of policies say to the call, in a namespace with the label `name: ns`.
    #[test]
    fn policies_are_read_as_kubernetes_reads_them() {
        let data = json!({"matchLabels": {"svc": "data"}});
        let to_data = |ingress: Json| json!([{"podSelector": data, "policyTypes": ["Ingress"], "ingress": ingress}]);
        let from = |peer: Json| to_data(json!([{"from": [peer]}]));
        let pods = |selector: Json| from(json!({"podSelector": selector}));
        let closed = ["No NetworkPolicy/p0"];
        let unsure = ["Maybe NetworkPolicy/p0"];
        let open: [&str; 0] = [];
        let expression = |operator: &str, values: Json| json!({"matchExpressions": [{"key": "svc", "operator": operator, "values": values}]});
        let cases: Vec<(&str, Json, &[&str])> = vec![
            ("no policy", json!([]), &open),
            ("about others", json!([{"podSelector": {"matchLabels": {"svc": "x"}}, "ingress": []}]), &open),
            ("deny all", json!([{"podSelector": {}, "policyTypes": ["Ingress"]}]), &closed),
            ("deny all, without types", json!([{"podSelector": {}}]), &closed),
            ("allow all", to_data(json!([{}])), &open),
            ("allow from nobody", to_data(json!([])), &closed),
            ("the label", pods(json!({"matchLabels": {"svc": "restore"}})), &open),
            ("another label", pods(json!({"matchLabels": {"svc": "mysqld"}})), &closed),
            ("hwdr's label", pods(json!({"matchLabels": {"app.kubernetes.io/name": "hwdr"}})), &open),
            ("all pods", pods(json!({})), &open),
            ("in", pods(expression("In", json!(["a", "restore"]))), &open),
            ("not in", pods(expression("NotIn", json!(["restore"]))), &closed),
            ("exists", pods(expression("Exists", json!(null))), &open),
            ("does not exist", pods(expression("DoesNotExist", json!(null))), &closed),
            ("an operator of tomorrow", pods(expression("Like", json!(["r*"]))), &unsure),
            ("an address", from(json!({"ipBlock": {"cidr": "10.0.0.0/8"}})), &unsure),
            ("this namespace", from(json!({"namespaceSelector": {"matchLabels": {"name": "ns"}}})), &open),
            ("another namespace", from(json!({"namespaceSelector": {"matchLabels": {"name": "x"}}})), &closed),
            (
                "all namespaces, the label",
                from(json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"svc": "restore"}}})),
                &open,
            ),
            (
                "all namespaces, another label",
                from(json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"svc": "x"}}})),
                &closed,
            ),
            ("nobody at all", from(json!({})), &closed),
            ("the port", to_data(json!([{"ports": [{"port": 1186}]}])), &open),
            ("another port", to_data(json!([{"ports": [{"port": 9}]}])), &closed),
            ("a range", to_data(json!([{"ports": [{"port": 1000, "endPort": 2000}]}])), &open),
            ("a range below", to_data(json!([{"ports": [{"port": 1000, "endPort": 1100}]}])), &closed),
            ("its name", to_data(json!([{"ports": [{"port": "ndb"}]}])), &open),
            ("another's name", to_data(json!([{"ports": [{"port": "other"}]}])), &closed),
            ("an unknown name", to_data(json!([{"ports": [{"port": "x"}]}])), &unsure),
            ("UDP", to_data(json!([{"ports": [{"port": 1186, "protocol": "UDP"}]}])), &closed),
            ("any of TCP", to_data(json!([{"ports": [{"protocol": "TCP"}]}])), &open),
            (
                "one denies, one allows",
                json!([{"podSelector": {}, "policyTypes": ["Ingress"]},
                    {"podSelector": data, "ingress": [{"from": [{"podSelector": {"matchLabels": {"svc": "restore"}}}]}]}]),
                &open,
            ),
            (
                "egress closed",
                json!([{"podSelector": {"matchLabels": {"svc": "restore"}}, "policyTypes": ["Egress"]}]),
                &closed,
            ),
            (
                "egress to the servers",
                json!([{"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": data}]}]}]),
                &open,
            ),
            ("egress of others", json!([{"podSelector": data, "policyTypes": ["Egress"]}]), &open),
        ];
        for (title, policies, expected) in cases {
            assert_eq!(said(policies, Some(json!({"name": "ns"}))), expected, "{title}");
        }
        // Labels of the namespace that could not be read.
        for (selector, expected) in [
            (json!({"matchLabels": {"name": "ns"}}), &unsure[..]),
            (json!({}), &open[..]),
            (json!({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}), &unsure[..]),
        ] {
            assert_eq!(said(from(json!({"namespaceSelector": selector})), None), expected, "{selector}");
        }
    }
}
