//! What a state may contain. Others than hwdr may have written it; after this check, names are valid, numbers are of a plausible size,
//! and times are of this age. Whoever adds a field adds its check here.

use std::sync::LazyLock;

use jiff::Timestamp;

use super::{Autoscaler, Before, Chart, Part, Paused, Progress, Scaled, State, Volume};
use crate::mode::Mode;
use crate::names::{is_namespace, is_object, is_release};
use crate::object_id::ObjectId;
use crate::product::{self, Product};
use crate::velero::Velero;

/// No list has more entries: Kubernetes supports no larger cluster.
pub(super) const MOST: usize = 5000;
/// No workload has more pods.
const PODS: u64 = 10_000;
/// The last tier that any service stops in.
static TIERS: LazyLock<u8> = LazyLock::new(|| {
    let roles = product::services().flat_map(|service| service.roles());
    roles.filter_map(|role| role.stops).max().unwrap_or_default()
});
/// No text is longer, except those that say what happened.
const LONGEST: usize = 4096;
/// The years 2000 and 2200: what hwdr restores is younger, and by 2200 there is another hwdr.
const TIMES: [i64; 2] = [946_684_800, 7_258_118_400];

/// What is wrong: where, what it is, and what it should be.
type Checked = Result<(), String>;

/// Checks a state in `namespace`.
///
/// # Errors
/// The first thing that hwdr would not write.
pub(super) fn check(state: &State, namespace: &str) -> Checked {
    let State {
        form: _,
        product: name_of_product,
        version,
        mode,
        release,
        backup_id,
        backup_time,
        digest,
        chart: Chart { argument, name, app_version, values },
        phase: _,
        why: _,
        began,
        ended,
        since,
        remade,
        emptied,
        helm,
        steps,
        parts,
        objects,
        metadata,
        velero,
        restores_anew: _,
        opens_location: _,
        wipe: _,
        accept_partial: _,
        from_here,
        unread,
        findings,
        own,
        before,
    } = state;
    one("release", release, "the name of a release", is_release)?;
    let known = product::named(name_of_product);
    let product = known.ok_or_else(|| format!("product is {name_of_product:?}, which this hwdr does not know"))?;
    one("backupId", backup_id, "a backup id", |id| product.backup(id).is_ok())?;
    for (at, text) in [("version", version), ("chart", argument), ("chart", name), ("chart", app_version)] {
        one(at, text, "a line of text", is_line)?;
    }
    for (at, hash) in [("digest", digest), ("chart.values", values)] {
        one(at, hash, "a hash", |hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    }
    if let Some(text) = backup_time {
        let time = text.parse().map_err(|_| format!("backupTime is {text:?}, not a time"))?;
        sane("backupTime", time)?;
    }
    sane("began", *began)?;
    for (at, time) in [("ended", ended), ("since", since), ("before.moment", &before.moment)] {
        time.map_or(Ok(()), |time| sane(at, time))?;
    }
    if let Some(remade) = remade {
        id("remade", remade, "Job/NAME or Restore/NAME", &["Job", "Restore"])?;
    }
    if let Some(place) = from_here {
        one("fromHere", place, "bucket NAME at SERVER", is_place)?;
    }
    if let Some(helm) = helm {
        one("helm", helm, "MACHINE/PROCESS", is_process)?;
    }
    each("steps", steps, |at, Progress { step, began, ended }| {
        one(at, step, "the name of a step", is_step)?;
        sane(at, *began)?;
        ended.map_or(Ok(()), |time| sane(at, time))
    })?;
    each("parts", parts, |at, found| part(product, at, found))?;
    each("emptied", emptied, scaled)?;
    let chosen = objects.clone().map(<[String; 2]>::from).unwrap_or_default();
    for (at, names) in [("objects", chosen.as_slice()), ("metadata", metadata.as_slice())] {
        // Empty: the default of the chart or Velero.
        each(at, names, |at, name| if name.is_empty() { Ok(()) } else { object(at, name) })?;
    }
    each("unread", unread, |at, path| one(at, path, "a line of text", is_line))?;
    each("findings", findings, |_, _| Ok(()))?;
    let Velero { namespace: of_velero, deployment, main_schedule, users_schedule, location, prefix, path_style: _ } =
        velero;
    one("velero.namespace", of_velero, "the name of a namespace", is_namespace)?;
    for name in [deployment, main_schedule, users_schedule, location] {
        object("velero", name)?;
    }
    one("velero.prefix", prefix, "a line of text", is_line)?;
    product.check_own(own)?;
    found(state, before, *mode, namespace)
}

/// What was found before anything was changed.
fn found(state: &State, before: &Before, mode: Mode, namespace: &str) -> Checked {
    let Before {
        revision,
        moment: _,
        workloads,
        autoscalers,
        paused,
        volumes,
        claims,
        objects,
        jobs,
        velero_namespace,
        own_location: _,
        fence,
    } = before;
    if mode == Mode::Upgrade && *revision == 0 {
        return Err("before.revision is 0, but a restore in place needs a revision to go back to".to_owned());
    }
    if let Some(name) = velero_namespace {
        one("before.veleroNamespace", name, "the name of a namespace", is_namespace)?;
    }
    if let Some(fence) = fence {
        one("before.fence", fence, "a line of text", is_line)?;
    }
    each("before.workloads", workloads, scaled)?;
    each("before.autoscalers", autoscalers, |at, Autoscaler { name, target, min: _, max: _ }| {
        object(at, name)?;
        one(at, target, "a line of text", is_line)
    })?;
    each("before.paused", paused, |at, Paused { kind, namespace: of, name, was: _ }| {
        object(at, name)?;
        let expected = match kind.as_str() {
            "CronJob" => namespace.to_owned(),
            "Schedule" => state.velero(),
            other => return Err(format!("{at} is a {other:?}, not a CronJob or a Schedule")),
        };
        one(at, of, &format!("in namespace {expected}"), |of| of == expected)
    })?;
    each("before.volumes", volumes, volume)?;
    for uids in [claims, jobs].into_iter().flatten() {
        each("before", uids, |at, uid| one(at, uid, "a uid", is_uid))?;
    }
    each("before.objects", objects, |at, name| {
        let expected = "a Velero Backup that this run made";
        one(at, name, expected, |name| is_object(name) && is_own_backup(name, &state.backup_id))
    })
}

/// Whether a Velero Backup has the name of one made before the restore: `hwdr-before-ID-TIME-SCHEDULE` (`steps::save_objects`).
fn is_own_backup(name: &str, id: &str) -> bool {
    let rest = name.strip_prefix("hwdr-before-").and_then(|rest| rest.strip_prefix(id)?.strip_prefix('-'));
    rest.and_then(|rest| rest.split_once('-')).is_some_and(|(time, schedule)| {
        time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit()) && !schedule.is_empty()
    })
}

fn part(product: &dyn Product, at: &str, Part { step, backup, objects }: &Part) -> Checked {
    one(at, step, "the name of a step", is_step)?;
    one(at, backup, "a line of text", is_line)?;
    if product.records().contains(&step.as_str()) {
        one(at, backup, "a backup id", |id| product.recorded_id(step, id).is_ok())?;
    }
    let kinds = ["Job", "Restore", "StatefulSet", "Deployment", "DaemonSet"];
    each(at, objects, |at, object| id(at, object, "Job/NAME, Restore/NAME or a workload", &kinds))
}

fn scaled(at: &str, Scaled { kind, name, replicas, was_ready: _, tier, held }: &Scaled) -> Checked {
    one(at, kind, "a StatefulSet or a Deployment", |kind| ["StatefulSet", "Deployment"].contains(&kind))?;
    object(at, name)?;
    let replicas = held.unwrap_or_default().max(*replicas);
    if replicas > PODS || *tier > *TIERS {
        return Err(format!("{at} has {replicas} pods in tier {tier}; the limits are {PODS} pods and tier {}", *TIERS));
    }
    Ok(())
}

fn volume(at: &str, held: &Volume) -> Checked {
    let Volume { claim: _, uid, volume, policy } = held;
    object(at, held.name())?;
    object(at, volume)?;
    one(at, policy, "a reclaim policy", |policy| ["Retain", "Delete", "Recycle"].contains(&policy))?;
    // An older hwdr noted it elsewhere.
    if uid.is_empty() { Ok(()) } else { one(at, uid, "a uid", is_uid) }
}

fn each<T>(at: &str, list: &[T], check: impl Fn(&str, &T) -> Checked) -> Checked {
    if list.len() > MOST {
        return Err(format!("{at} has {} entries; the limit is {MOST}", list.len()));
    }
    list.iter().enumerate().try_for_each(|(index, entry)| check(&format!("{at}[{index}]"), entry))
}

fn object(at: &str, name: &str) -> Checked {
    one(at, name, "the name of an object", is_object)
}

fn one(at: &str, text: &str, expected: &str, is_it: impl Fn(&str) -> bool) -> Checked {
    if text.len() <= LONGEST && is_it(text) {
        return Ok(());
    }
    let shown: String = text.chars().take(80).collect();
    Err(format!("{at} is {shown:?}, not {expected}"))
}

fn sane(at: &str, time: Timestamp) -> Checked {
    let [from, to] = TIMES;
    if (from..to).contains(&time.as_second()) {
        Ok(())
    } else {
        Err(format!("{at} is {time}, not a time between 2000 and 2200"))
    }
}

/// An object of one of these kinds.
fn id(at: &str, id: &ObjectId, expected: &str, kinds: &[&str]) -> Checked {
    one(at, &id.to_string(), expected, |_| kinds.contains(&id.kind.as_str()) && is_object(&id.name))
}

/// The name of a step, or of a part: its step, a colon, and its last object.
fn is_step(step: &str) -> bool {
    let (step, rest) = step.split_once(':').unwrap_or((step, "a"));
    is_object(step) && (is_object(rest) || rest.is_empty())
}

/// `machine:boot:space/pid` (`hwdr_run::process`).
fn is_process(process: &str) -> bool {
    process.split_once('/').is_some_and(|(machine, pid)| {
        !machine.contains(|c: char| !c.is_ascii_alphanumeric() && !"-._:".contains(c))
            && !pid.is_empty()
            && pid.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A bucket and its server (`Request::place_from_here`).
fn is_place(place: &str) -> bool {
    is_line(place)
        && place
            .strip_prefix("bucket ")
            .and_then(|rest| rest.split_once(" at "))
            .is_some_and(|(bucket, server)| !bucket.is_empty() && !server.is_empty())
}

fn is_uid(uid: &str) -> bool {
    !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_line(text: &str) -> bool {
    !text.contains(char::is_control)
}

#[cfg(test)]
pub(super) mod tests;
