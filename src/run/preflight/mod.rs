//! The checks before anything is changed: finds what would make the restore fail, and notes what is there, so that undo can bring it back.

mod backup;
mod permissions;

use std::fmt;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::state::{Before, Chart, Paused, Phase, Scaled, SecretStore, State, Volume};
use super::steps::{
    autoscalers_of, found_at_work, is_claim, must_be_of, prefixes_of, scripts, volumes_of, workloads_of,
};
use super::{Halt, Store as _};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::commands::Commands;
use crate::helm::run::{Helm, Release};
use crate::lint::view::dotted;
use crate::mode::Mode;
use crate::plan::Plan;
use crate::product::request::Request;
use crate::topology::{Role, Topology};

pub use backup::can_be_read;
pub use permissions::{denied_to, permissions, refuse, velero_permissions};

/// The restore to check.
pub struct Proposal<'a> {
    /// The release.
    pub release: &'a str,
    /// What the values ask for.
    pub restore: &'a dyn Request,
    /// What the chart renders.
    pub topology: &'a Topology,
    /// The plan.
    pub plan: &'a Plan,
    /// The chart.
    pub chart: &'a Chart,
    /// `--wipe`.
    pub wipe: bool,
    /// Markers of an earlier restore in place are deleted, and no reason to refuse.
    pub rerun: bool,
    /// What the chart holds at zero while it restores, with the numbers of pods that it has otherwise.
    pub held: &'a [Scaled],
}

/// An object whose existence shows that a backup was restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    kind: Kind,
    /// None for the release's.
    namespace: Option<String>,
    object: Json,
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.kind, text(&self.object, "/metadata/name"))
    }
}

/// Checks everything that can be checked, and changes nothing. Returns what `undo` goes back to, and the markers of an earlier restore.
///
/// # Errors
/// The first reason not to begin.
pub async fn check(cluster: &Cluster, helm: &Helm, wanted: &Proposal<'_>) -> Result<(Before, Vec<Marker>), Halt> {
    let release = helm.release(wanted.release).await?;
    let starts_over = wanted.plan.mode == Mode::Install && release.is_none();
    let own_location = no_other_run(cluster, wanted, starts_over).await?;
    scripts::can_be_applied(wanted.topology.product, cluster, &wanted.plan.backup_id.id).await?;
    let there = no_markers(cluster, wanted, starts_over).await?;
    let before = match wanted.plan.mode {
        Mode::Install => {
            is_empty(cluster, wanted, release.as_ref()).await?;
            Before { own_location, workloads: wanted.held.to_vec(), ..velero(wanted) }
        }
        Mode::Upgrade => {
            let release = same_release(cluster, wanted, release)?;
            let before = what_is_there(cluster, wanted, release.revision).await?;
            room(cluster, wanted, &before.volumes).await?;
            before
        }
    };
    Ok((before, there))
}

/// A check: what is well if there is no reason.
pub type Checked = (&'static str, Result<(), Halt>);

/// The same checks, without ending at the first reason: what each is about, and its reason not to begin.
pub async fn check_all(cluster: &Cluster, helm: &Helm, wanted: &Proposal<'_>) -> Vec<Checked> {
    let release = match helm.release(wanted.release).await {
        Ok(release) => release,
        Err(error) => return vec![("helm knows the release", Err(error.into()))],
    };
    let starts_over = wanted.plan.mode == Mode::Install && release.is_none();
    let mut all = vec![
        ("no other restore of the release is open", no_other_run(cluster, wanted, starts_over).await.map(drop)),
        (
            "the scripts of the Jobs can be applied",
            scripts::can_be_applied(wanted.topology.product, cluster, &wanted.plan.backup_id.id).await,
        ),
        ("this backup was not restored here before", no_markers(cluster, wanted, starts_over).await.map(drop)),
    ];
    match wanted.plan.mode {
        Mode::Install => {
            all.push(("the namespace is empty", is_empty(cluster, wanted, release.as_ref()).await));
        }
        Mode::Upgrade => {
            let release = same_release(cluster, wanted, release);
            let revision = release.as_ref().map_or(0, |release| release.revision);
            all.push((
                "chart and app version are those of the release, which is older than the backup",
                release.map(drop),
            ));
            let there = what_is_there(cluster, wanted, revision).await;
            let room = match &there {
                Ok(before) => Some(room(cluster, wanted, &before.volumes).await),
                Err(_) => None,
            };
            all.push(("all that holds data is in the chart, and can be stopped and set aside", there.map(drop)));
            all.extend(room.map(|room| ("no storage class reports too little room for a second set of volumes", room)));
        }
    }
    all
}

/// Checks that no other run stands in the way. Returns whether this is a run that starts over, and the storage location is its own.
async fn no_other_run(cluster: &Cluster, wanted: &Proposal<'_>, starts_over: bool) -> Result<bool, Halt> {
    let mut own_location = false;
    let runs = SecretStore::all(cluster, wanted.release).await?;
    for store in runs.kept.iter().chain(&runs.old) {
        let state = store.load()?;
        own_location |= state.opens_location && !store.is_old();
        // An installation that was uninstalled leaves nothing to resume.
        if !(state.mode == Mode::Install && starts_over)
            && let Some(halt) = stands_in_the_way(&state, &cluster.commands())
        {
            return Err(or_nobodys(store, halt));
        }
    }
    Ok(own_location)
}

/// Why no other restore of the release may begin after this run; none if it is over.
pub fn stands_in_the_way(state: &State, commands: &Commands) -> Option<Halt> {
    if state.phase.is_open() {
        return Some(run_is_open(state, commands));
    }
    let changes_values = state.product().cutover(&state.own).is_ok_and(|cutover| !cutover.is_empty());
    let is_there = if changes_values {
        "the values do not say yet what it changed"
    } else {
        "what was set aside for it is still there"
    };
    (state.phase == Phase::Restored && (state.mode == Mode::Upgrade || changes_values)).then(|| {
        Halt::new(format!("backup {} was restored here before ({}), and {is_there}", state.backup_id, state.began))
            .help(format!(
                "if that restore is good (the same values files as for it):\n{}",
                commands.with_values("finalize", &state.release)
            ))
            .help(match state.mode {
                Mode::Upgrade => format!("if it is not:\n{}", commands.undo(&state.release)),
                // What a new cluster has came with that restore: there is nothing to go back to.
                Mode::Install => {
                    let install = commands.with_values("install", &state.release);
                    format!("if it is not, delete its namespace, and restore anew:\n{install}")
                }
            })
    })
}

/// The markers of an earlier restore of this backup.
///
/// # Errors
/// If there are some, unless they are to be deleted, or guard nothing.
async fn no_markers(cluster: &Cluster, wanted: &Proposal<'_>, starts_over: bool) -> Result<Vec<Marker>, Halt> {
    let there = markers(cluster, wanted).await?;
    // With no release and no volumes, markers guard nothing: helm uninstall left them.
    if !there.is_empty() && !wanted.rerun && !starts_over {
        let commands = cluster.commands();
        let block = wanted.restore.product().keys().asks.first().map(|path| dotted(path)).unwrap_or_default();
        return Err(Halt::new(format!(
            "backup {} was restored here before: {} exist",
            wanted.plan.backup_id,
            names(&there)
        ))
        .help(format!(
            "if that restore is done, remove {block} from the values:\n{}",
            commands.with_values("finalize", wanted.release)
        ))
        .help(format!("to restore it again:\n{}", commands.with_values("rerun", wanted.release))));
    }
    // They are deleted, but not those of another release.
    for marker in &there {
        must_be_of(marker.kind, &marker.object, wanted.release, &cluster.namespace, &wanted.plan.backup_id.id)?;
    }
    Ok(there)
}

/// Checks that there is nothing yet where the release will be installed.
async fn is_empty(cluster: &Cluster, wanted: &Proposal<'_>, release: Option<&Release>) -> Result<(), Halt> {
    if let Some(found) = release {
        return Err(Halt::new(format!(
            "release {} exists already ({}, revision {})",
            wanted.release, found.status, found.revision
        ))
        .help(format!("to restore it in place:\n{}", cluster.commands().with_values("upgrade", wanted.release))));
    }
    let claims = cluster.list(Kind::CLAIM, None, "").await?;
    if let Some(claim) = claims.first() {
        return Err(Halt::new(format!(
            "namespace {} is not empty: the restore would write to the volume of its claim {}",
            cluster.namespace,
            text(claim, "/metadata/name")
        ))
        .help(format!(
            "if it is left from an earlier try, delete it:\n{}",
            cluster.commands().kubectl("delete pvc NAME")
        ))
        .help("if you need its data, use another namespace"));
    }
    Ok(())
}

/// Checks that this is the expected cluster: `--expect-cluster` names the context, the server, or the uid of the namespace kube-system,
/// which is unique.
pub async fn right_cluster(cluster: &Cluster, expected: Option<&str>) -> Result<(), Halt> {
    let Some(expected) = expected else { return Ok(()) };
    if [&cluster.context, cluster.server.trim_end_matches('/')].contains(&expected) {
        return Ok(());
    }
    let system = cluster.get(Kind::NAMESPACE, None, "kube-system").await?.unwrap_or_default();
    if text(&system, "/metadata/uid") == expected {
        return Ok(());
    }
    Err(Halt::new(format!(
        "this is context {} at {} (uid {}), not {expected}",
        cluster.context,
        cluster.server,
        text(&system, "/metadata/uid")
    ))
    .help("choose the cluster: --kube-context NAME"))
}

/// Another run has not ended.
fn run_is_open(state: &State, commands: &Commands) -> Halt {
    let halt =
        Halt::new(format!("a restore of backup {} was begun at {} and has not ended", state.backup_id, state.began))
            .help(format!("resume it:\n{}", commands.resume(&state.release)));
    match state.mode {
        Mode::Install => halt.help(format!("or start over:\n{}", commands.start_over(&state.release))),
        Mode::Upgrade => halt.help(format!("or undo it:\n{}", commands.undo(&state.release))),
    }
}

/// Adds what to do about the state of a run that others may have written.
fn or_nobodys(store: &SecretStore, halt: Halt) -> Halt {
    if store.is_old() { halt.help(store.nobodys()) } else { halt }
}

/// The names of markers.
pub fn names(markers: &[Marker]) -> String {
    markers.iter().map(Marker::to_string).collect::<Vec<_>>().join(", ")
}

/// The existing markers of this backup.
///
/// # Errors
/// If they cannot be read.
async fn markers(cluster: &Cluster, wanted: &Proposal<'_>) -> Result<Vec<Marker>, Halt> {
    let mut found: Vec<Marker> = Vec::new();
    for marker in wanted.plan.steps.iter().flat_map(|step| &step.markers) {
        let Some((kind, name)) = marker.split_once('/') else { continue };
        let Some(kind) = Kind::named(kind) else { continue };
        let namespace = (kind == Kind::RESTORE).then(|| velero_namespace(wanted));
        if let Some(object) = cluster.get(kind, namespace.as_deref(), name).await? {
            found.push(Marker { kind, namespace, object: identity(&object) });
        }
    }
    // An older hwdr kept a run's state under that name.
    let whole = format!("hwdr-restore-{}", wanted.plan.backup_id);
    let there = cluster.get(Kind::CONFIG_MAP, None, &whole).await?;
    if let Some(object) = there.filter(|marker| marker["data"]["state.json"].is_null()) {
        found.push(Marker { kind: Kind::CONFIG_MAP, namespace: None, object: identity(&object) });
    }
    found.sort_by_key(Marker::to_string);
    found.dedup();
    Ok(found)
}

/// Which object it is and whose, without what may change meanwhile.
fn identity(object: &Json) -> Json {
    let mut metadata = serde_json::Map::new();
    for key in ["name", "namespace", "uid", "labels", "annotations"] {
        metadata.insert(key.to_owned(), object["metadata"][key].clone());
    }
    json!({"metadata": metadata})
}

/// Deletes exactly these markers.
///
/// # Errors
/// If one cannot be deleted, or another object has taken its name.
pub async fn delete_markers(cluster: &Cluster, markers: &[Marker]) -> Result<(), Halt> {
    for Marker { kind, namespace, object } in markers {
        cluster.delete_this(*kind, namespace.as_deref(), object).await?;
    }
    Ok(())
}

/// The release that is restored in place, if this is its chart and its backup.
fn same_release(cluster: &Cluster, wanted: &Proposal<'_>, release: Option<Release>) -> Result<Release, Halt> {
    let release = release.ok_or_else(|| {
        Halt::new(format!("there is no release {} in namespace {}", wanted.release, cluster.namespace))
            .help("see what there is:\nhelm list -A")
            .help(format!("into a new cluster:\n{}", cluster.commands().with_values("install", wanted.release)))
    })?;
    if release.status != "deployed" {
        return Err(Halt::new(format!(
            "release {}: its newest revision {} is {}, not deployed",
            wanted.release, release.revision, release.status
        ))
        .help(format!(
            "fix that first:\n{}\n{}",
            cluster.commands().helm(&format!("history {}", wanted.release)),
            cluster.commands().helm(&format!("rollback {}", wanted.release))
        )));
    }
    if (release.chart.as_str(), release.app_version.as_str()) != (&wanted.chart.name, &wanted.chart.app_version) {
        return Err(Halt::new(format!(
            "release {} is of chart {} (app version {}), and this chart is {} ({}): a restore does not change the version",
            wanted.release, release.chart, release.app_version, wanted.chart.name, wanted.chart.app_version
        ))
        .help("give the chart of the release: --version, or its archive"));
    }
    let installed: Option<Timestamp> = release.first_deployed.parse().ok();
    if let (Some(time), Some(installed)) = (wanted.plan.backup_id.time, installed)
        && time < installed
        && wanted.restore.is_whole()
    {
        return Err(Halt::new(format!(
                "backup {} was made at {time}, before this release was installed ({installed}): it belongs to other certificates",
                wanted.plan.backup_id
            ))
            .help("restore it into a new cluster: helm hwdr install")
            .help("or choose a later backup"));
    }
    Ok(release)
}

async fn what_is_there(cluster: &Cluster, wanted: &Proposal<'_>, revision: u64) -> Result<Before, Halt> {
    let (mut workloads, mut sets) = (Vec::new(), Vec::new());
    for (kind, object, live) in workloads_of(wanted.topology.product, cluster, wanted.release).await? {
        let name = text(&object, "/metadata/name").to_owned();
        let mut rendered = wanted.topology.workloads.iter();
        let rendered = rendered.find(|workload| workload.kind == kind.kind && workload.name == name);
        // What runs and is no longer rendered would be deleted, with its claims.
        if rendered.is_none() && live.holds_data && wanted.restore.takes(live) {
            return Err(Halt::new(format!(
                "{}/{name} holds data, and the chart does not render it with these values: it would be deleted",
                kind.kind
            ))
            .help(format!(
                "give the values of the running release:\n{} -o yaml",
                cluster.commands().helm(&format!("get values {}", wanted.release))
            )));
        }
        let role = rendered.map_or(live, |workload| workload.role);
        if !wanted.restore.takes(role) {
            continue;
        }
        if let Some(tier) = role.stops {
            workloads.push(Scaled::of(kind, &object, tier));
        }
        if role.holds_data {
            sets.push(object);
        }
    }
    for held in wanted.held {
        let live = workloads.iter_mut().find(|live| (&live.kind, &live.name) == (&held.kind, &held.name));
        match live {
            Some(live) => live.held = held.held,
            None => workloads.push(held.clone()),
        }
    }
    workloads.sort_by(|one, other| (one.tier, &one.name).cmp(&(other.tier, &other.name)));
    let claims = claims_of_data(cluster, wanted, &sets).await?;
    let autoscalers = autoscalers_of(cluster, &workloads).await?;
    let before = velero(wanted);
    let mut paused: Vec<Paused> = found_at_work(cluster, wanted.release, before.velero_namespace.as_deref()).await?;
    paused.retain(|paused| {
        paused.kind != Kind::CRON_JOB.kind || wanted.restore.takes(role_of_cron_job(wanted, &paused.name))
    });
    let volumes = volumes_of(cluster, &sets).await?;
    let all_roles = wanted.topology.product.services().iter().flat_map(|service| service.roles());
    // Some products have their data outside.
    if volumes.is_empty() && all_roles.into_iter().any(|role| empties(wanted, *role)) {
        let holders = wanted.topology.product.services().iter();
        let holders = holders.filter(|service| service.roles().iter().any(|role| empties(wanted, *role)));
        let titles: Vec<_> = holders.map(|service| service.title()).collect();
        return Err(Halt::new(format!(
            "no volume of {} was found in the release: there is nothing to restore over",
            titles.join(" or ")
        ))
        .help(format!("see what there is:\n{}", cluster.commands().kubectl("get pvc,statefulset")))
        .help("into a new cluster: helm hwdr install"));
    }
    let mut fence = None;
    for service in wanted.topology.product.services() {
        if service.roles().iter().any(|role| empties(wanted, *role)) {
            fence = fence.or(service.fence(cluster).await?);
        }
    }
    Ok(Before { revision, workloads, autoscalers, paused, volumes, claims: Some(claims), fence, ..before })
}

/// The role of a CronJob, as the chart renders it.
fn role_of_cron_job(wanted: &Proposal<'_>, name: &str) -> Role {
    let mut all = wanted.topology.workloads.iter();
    let found = all.find(|workload| workload.kind == Kind::CRON_JOB.kind && workload.name == name);
    found.map_or(Role::OTHER, |workload| workload.role)
}

/// The uids of the claims with a volume, of running StatefulSets that hold data.
///
/// # Errors
/// A claim that an earlier StatefulSet left, and that helm would use again: it would not be set aside.
async fn claims_of_data(cluster: &Cluster, wanted: &Proposal<'_>, live: &[Json]) -> Result<Vec<String>, Halt> {
    let all_live = cluster.list(Kind::STATEFUL_SET, None, "").await?;
    let is_live =
        |claim: &Json, sets: &[Json]| sets.iter().flat_map(prefixes_of).any(|prefix| is_claim(claim, &prefix));
    let rendered = wanted.topology.workloads.iter();
    let rendered: Vec<_> =
        rendered.filter(|workload| empties(wanted, workload.role) && workload.replicas != Some(0)).collect();
    let mut uids = Vec::new();
    for claim in cluster.list(Kind::CLAIM, None, "").await? {
        let name = text(&claim, "/metadata/name");
        if text(&claim, "/spec/volumeName").is_empty() {
            continue;
        }
        if is_live(&claim, live) {
            uids.push(text(&claim, "/metadata/uid").to_owned());
        } else if let Some(set) = rendered.iter().find(|set| is_claim_of(name, &set.name))
            && !is_live(&claim, &all_live)
        {
            return Err(Halt::new(format!(
                "claim {name} is left from an earlier StatefulSet {}, which does not run but which the chart renders: it would start \
                 on that volume",
                set.name
            ))
            .help(format!(
                "if its data are not needed, delete it:\n{}",
                cluster.commands().kubectl(&format!("delete pvc {name}"))
            )));
        }
    }
    Ok(uids)
}

/// Whether workloads of this role start on new volumes.
fn empties(wanted: &Proposal<'_>, role: Role) -> bool {
    role.holds_data && wanted.restore.takes(role)
}

/// Whether a claim belongs to the StatefulSet of this name: `template-set-0`.
fn is_claim_of(claim: &str, set: &str) -> bool {
    let rest = claim.trim_end_matches(|c: char| c.is_ascii_digit());
    rest.len() < claim.len() && rest.strip_suffix('-').is_some_and(|rest| rest.ends_with(&format!("-{set}")))
}

/// Checks that there is room for a second set of volumes, if the cluster reports the room of a class (CSIStorageCapacity).
async fn room(cluster: &Cluster, wanted: &Proposal<'_>, volumes: &[Volume]) -> Result<(), Halt> {
    if wanted.wipe {
        return Ok(());
    }
    let capacities = cluster.list_everywhere(Kind::STORAGE_CAPACITY, "").await.unwrap_or_default();
    room_for(volumes, &capacities).map(drop)
}

/// Checks that each storage class has room for these volumes once more. Returns the classes that do not report their room.
///
/// # Errors
/// If one has too little.
pub fn room_for<'v>(volumes: &'v [Volume], capacities: &[Json]) -> Result<Vec<&'v str>, Halt> {
    let mut classes: Vec<_> = volumes.iter().map(Volume::class).collect();
    classes.sort_unstable();
    classes.dedup();
    let mut silent = Vec::new();
    for class in classes {
        let known: Vec<u128> = capacities
            .iter()
            .filter(|capacity| capacity["storageClassName"] == class)
            .filter_map(|capacity| quantity(text(capacity, "/capacity")))
            .collect();
        let wants: Option<u128> =
            volumes.iter().filter(|volume| volume.class() == class).map(|volume| quantity(volume.size())).sum();
        let has = known.iter().fold(0_u128, |sum, more| sum.saturating_add(*more));
        let (false, Some(wants)) = (known.is_empty(), wants) else {
            silent.push(class);
            continue;
        };
        if has < wants {
            return Err(Halt::new(format!(
                "storage class {class} has room for {} MiB, but the new volumes need {} MiB beside the old ones",
                has >> 20,
                wants >> 20
            ))
            .help("free some space; or delete the old volumes, without a way back: --wipe"));
        }
    }
    Ok(silent)
}

/// A quantity of bytes as Kubernetes writes it (`10Gi`, `500M`), or none if it is not understood.
fn quantity(text: &str) -> Option<u128> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u128 = text[..digits].parse().ok()?;
    let factor = match &text[digits..] {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "Pi" => 1 << 50,
        _ => return None,
    };
    Some(number * factor)
}

fn velero(wanted: &Proposal<'_>) -> Before {
    let needed = wanted.plan.steps.iter().any(|step| step.step == "objects");
    Before { velero_namespace: needed.then(|| velero_namespace(wanted)), ..Before::default() }
}

fn velero_namespace(wanted: &Proposal<'_>) -> String {
    wanted.topology.velero_namespace.clone().unwrap_or_else(|| wanted.restore.velero().namespace.clone())
}

#[cfg(test)]
mod tests {
    use super::{is_claim_of, quantity};

    #[test]
    fn claims_are_known_by_their_set() {
        assert!(is_claim_of("rondb-ndbmtd-node-group-1-0", "node-group-1"));
        for other in [
            "rondb-ndbmtd-node-group-11-0",
            "rondb-ndbmtd-node-group-1-x",
            "node-group-1-0",
            "rondb-ndbmtd-node-group-1",
        ] {
            assert!(!is_claim_of(other, "node-group-1"), "{other}");
        }
    }

    #[test]
    fn quantities_are_bytes() {
        for (text, expected) in [
            ("10Gi", Some(10 << 30)),
            ("500M", Some(500_000_000)),
            ("7", Some(7)),
            ("1e3", None),
            ("", None),
            ("0.5Gi", None),
        ] {
            assert_eq!(quantity(text), expected, "{text}");
        }
    }
}
