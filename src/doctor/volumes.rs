//! The volumes of data: whether they outlive their claims, and whether there is room for a second set of them.

use super::{Facts, Line};
use crate::mode::Mode;
use crate::run::preflight::room_for;
use crate::shown::{plain, word};

pub(super) fn policies(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "reclaim-policy";
    let mut roles = facts.product.services().iter().flat_map(|service| service.roles());
    if facts.mode == Mode::Install || !roles.any(|role| role.holds_data) {
        return Vec::new();
    }
    let volumes = match &facts.volumes {
        Ok(volumes) => volumes,
        Err(fault) => return vec![Line::unread(CHECK, "the volumes of data", fault)],
    };
    let Some(first) = volumes.iter().find(|volume| volume.policy != "Retain") else {
        return vec![if volumes.is_empty() {
            Line::problem(CHECK, "the release has no volume of data: there is nothing to restore over")
                .fix("see what there is:\nkubectl get pvc,statefulset")
        } else {
            Line::ok(CHECK, format!("all {} volumes of data outlive their claims (Retain)", volumes.len()))
        }];
    };
    let count = volumes.iter().filter(|volume| volume.policy != "Retain").count();
    let what = format!(
        "{count} of {} volumes of data go with their claims (reclaim policy {}), such as {} of claim {}; a restore sets it to Retain first",
        volumes.len(),
        plain(&first.policy),
        plain(&first.volume),
        plain(first.name())
    );
    vec![Line::warning(CHECK, what).fix(format!(
        "keep them (--fix does it, for each):\nkubectl patch pv {} \\\n  -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}'",
        word(&first.volume)
    ))]
}

/// What is said where a class does not report its room.
pub(super) fn silent(facts: &Facts) -> Option<String> {
    let (Ok(volumes), Ok(capacities)) = (&facts.volumes, &facts.capacities) else { return None };
    let classes = room_for(volumes, capacities).ok().filter(|classes| !classes.is_empty())?;
    let classes: Vec<_> = classes.iter().map(|class| plain(class)).collect();
    (facts.mode == Mode::Upgrade).then(|| {
        format!(
            "Room for a second set of volumes: storage class {} does not report how much it has.",
            classes.join(", ")
        )
    })
}

pub(super) fn room(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "room";
    // A new cluster has no old volumes beside the new ones. Volumes that are not known have a line already.
    let (Mode::Upgrade, Ok(volumes)) = (facts.mode, &facts.volumes) else { return Vec::new() };
    let capacities = match &facts.capacities {
        Ok(capacities) => capacities,
        Err(fault) => return vec![Line::unread(CHECK, "the room of storage classes", fault)],
    };
    match room_for(volumes, capacities) {
        Err(halt) => vec![Line::refused(CHECK, &halt)],
        Ok(silent) if silent.is_empty() && !volumes.is_empty() => {
            vec![Line::ok(CHECK, "there is room for a second set of volumes")]
        }
        Ok(_) => Vec::new(),
    }
}
