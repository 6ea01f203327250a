//! Who waits for whom after the plan is rendered, so that nobody waits for itself: hwdr's Jobs and gates, and what the chart's own init
//! containers and Jobs wait for, as far as the stream shows it (a Service's address, a Job's name).

#![expect(clippy::indexing_slicing, reason = "indices are those of the list of names")]

use std::collections::{HashMap, VecDeque};

use crate::refusal::Refusal;
use crate::steps::Planned;
use crate::topology::{Topology, Workload, container_texts, host_of};

/// One waits for another.
#[derive(Debug, Clone)]
struct Wait {
    from: usize,
    to: usize,
    /// How it waits.
    by: String,
    /// Whether hwdr adds this wait.
    is_ours: bool,
}

/// Everybody who waits or is waited for, by `Kind/name`.
#[derive(Debug, Default)]
struct Order {
    names: Vec<String>,
    index: HashMap<String, usize>,
    waits: Vec<Wait>,
}

/// Refuses a plan in which somebody would finally wait for itself.
///
/// # Errors
/// With all members of the shortest such circle.
pub(super) fn check(topology: &Topology, namespace: &str, steps: &[Planned]) -> Result<(), Refusal> {
    let mut order = Order::default();
    order.of_hwdr(topology, namespace, steps);
    order.of_chart(topology, namespace);
    let Some(circle) = order.circle() else { return Ok(()) };
    let members = circle
        .iter()
        .map(|wait| format!("{} waits for {} ({})", order.names[wait.from], order.names[wait.to], wait.by));
    Err(Refusal::new(format!(
        "this restore would wait for itself forever:\n{}",
        members.collect::<Vec<_>>().join("\n")
    ))
    .help("switch one of them off for the restore, or use a chart that restores this part itself"))
}

impl Order {
    fn node(&mut self, name: String) -> usize {
        let next = self.names.len();
        *self.index.entry(name.clone()).or_insert_with(|| {
            self.names.push(name);
            next
        })
    }

    fn wait(&mut self, from: String, to: String, by: impl Into<String>, is_ours: bool) {
        let (from, to) = (self.node(from), self.node(to));
        if from != to {
            self.waits.push(Wait { from, to, by: by.into(), is_ours });
        }
    }

    /// Injected Jobs, and gates.
    fn of_hwdr(&mut self, topology: &Topology, namespace: &str, steps: &[Planned]) {
        for step in steps.iter().filter(|step| step.is_injected()) {
            for object in &step.objects {
                for job in &object.after {
                    self.wait(object.id.clone(), format!("Job/{job}"), "it runs after it", true);
                }
                if !object.id.starts_with("Job/") {
                    continue;
                }
                for workload in topology.workloads.iter().filter(|workload| step.needs.contains(&workload.role)) {
                    self.wait(object.id.clone(), id_of(workload), "it works on it", true);
                }
            }
        }
        for workload in &topology.workloads {
            for job in held_by(steps, workload, namespace) {
                self.wait(id_of(workload), format!("Job/{job}"), "hwdr's gate", true);
            }
        }
    }

    /// What the chart's own containers wait for before their pod is usable: its init containers, and all containers of a Job.
    fn of_chart(&mut self, topology: &Topology, namespace: &str) {
        for workload in &topology.workloads {
            let inits = workload.pod.init_containers();
            let mains = workload.pod.containers().filter(|_| workload.kind == "Job");
            for container in inits.chain(mains) {
                let by = format!("its container {}", container["name"].as_str().unwrap_or_default());
                for (text, is_whole) in container_texts(container) {
                    for other in mentioned(topology, namespace, text, is_whole) {
                        self.wait(id_of(workload), id_of(other), by.clone(), false);
                    }
                }
            }
        }
    }

    /// The shortest circle that includes a wait of hwdr's.
    fn circle(&self) -> Option<Vec<&Wait>> {
        let mut from: Vec<Vec<&Wait>> = vec![Vec::new(); self.names.len()];
        for wait in &self.waits {
            from[wait.from].push(wait);
        }
        let circles = self.waits.iter().filter(|wait| wait.is_ours).filter_map(|first| {
            let mut way = self.way(&from, first.to, first.from)?;
            way.insert(0, first);
            Some(way)
        });
        circles.min_by_key(Vec::len)
    }

    /// The shortest path from one to another.
    fn way<'o>(&'o self, from: &[Vec<&'o Wait>], start: usize, end: usize) -> Option<Vec<&'o Wait>> {
        let mut came: Vec<Option<&Wait>> = vec![None; self.names.len()];
        let mut next = VecDeque::from([start]);
        while let Some(at) = next.pop_front() {
            if at == end {
                break;
            }
            for wait in &from[at] {
                if wait.to != start && came[wait.to].is_none() {
                    came[wait.to] = Some(wait);
                    next.push_back(wait.to);
                }
            }
        }
        let mut way = Vec::new();
        let mut at = end;
        while at != start {
            let wait = came[at]?;
            way.push(wait);
            at = wait.from;
        }
        way.reverse();
        Some(way)
    }
}

fn id_of(workload: &Workload) -> String {
    format!("{}/{}", workload.kind, workload.name)
}

/// The last Jobs of the injected steps that hold a workload.
pub fn held_by<'p>(steps: &'p [Planned], workload: &'p Workload, namespace: &'p str) -> impl Iterator<Item = &'p str> {
    // A gate needs the scripts and the Jobs in its namespace; the plan warns about workloads elsewhere.
    let elsewhere = workload.namespace.as_ref().is_some_and(|other| *other != namespace);
    let holding =
        steps.iter().filter(move |step| !elsewhere && step.is_injected() && step.holds.contains(&workload.role));
    holding.filter_map(|step| step.last_job.as_deref())
}

/// The workloads that a text of a container refers to: a Job by its name (`job/NAME`, or only the name), others by the host name of a
/// Service in front of them or of one of their pods. A word that only resembles a Service's name does not count.
fn mentioned<'t>(topology: &'t Topology, namespace: &str, text: &str, is_whole: bool) -> Vec<&'t Workload> {
    let mut found = Vec::new();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let jobs = || topology.workloads.iter().filter(|workload| workload.kind == "Job");
    let words = text.split(|c: char| !is_name(c) && c != '/').filter(|word| !word.is_empty());
    for word in words {
        if let Some(name) = word.strip_prefix("job/").or_else(|| word.strip_prefix("jobs/")) {
            found.extend(jobs().filter(|job| job.name == name));
        }
        for host in word.split('/') {
            found.extend(behind(topology, namespace, host, false));
        }
    }
    if is_whole {
        found.extend(jobs().filter(|job| job.name == text));
        // A bare name may also be the namespace's, or a user's.
        if text.contains(':') {
            found.extend(behind(topology, namespace, host_of(text), true));
        }
    }
    found
}

/// The workloads behind a host name: `SERVICE` if nothing else is meant, `SERVICE.NAMESPACE…`, `POD.SERVICE…`.
fn behind<'t>(topology: &'t Topology, namespace: &str, host: &str, may_be_short: bool) -> Vec<&'t Workload> {
    let mut labels = host.split('.');
    let (first, second) = (labels.next().unwrap_or_default(), labels.next());
    let service = |name: &str| topology.services.iter().find(|service| service.name == name);
    let chosen = |service: &'t crate::topology::Service| {
        topology.workloads.iter().filter(|workload| service.chooses(&workload.pod)).collect::<Vec<_>>()
    };
    match (service(first), second) {
        (Some(service), None) if may_be_short => chosen(service),
        (Some(service), Some(after)) if after == namespace || after == "svc" => chosen(service),
        (_, Some(name)) => {
            let Some(service) = service(name) else { return Vec::new() };
            let pod_of = |workload: &&Workload| {
                let number = first.strip_prefix(workload.name.as_str()).and_then(|rest| rest.strip_prefix('-'));
                number.is_some_and(|number| number.parse::<u32>().is_ok())
            };
            chosen(service).into_iter().filter(pod_of).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
