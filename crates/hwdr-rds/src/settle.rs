//! What a restored instance needs next, until it is as it was wanted. Pure.

use hwdr_values::shown::plain;

use crate::{Instance, Member, Plan, Settings};

/// What has been asked for in this process. A later one asks again, which does no harm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Settings.
    pub(crate) settings: Settings,
    /// A reboot.
    pub(crate) reboot: bool,
}

/// What is next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is as it was wanted.
    Done,
    /// Nothing can be done but wait: for what.
    Wait(String),
    /// These settings are to be set.
    Modify(Box<Settings>),
    /// It must be rebooted.
    Reboot,
    /// It will not become as it was wanted: why.
    Never(String),
    /// RDS did not set what cannot be changed later.
    Unsettled(Vec<String>),
}

impl Next {
    fn wait(text: impl Into<String>) -> Self {
        Self::Wait(text.into())
    }
}

/// What the instance needs next.
pub(crate) fn next(plan: &Plan, there: &Instance, asked: &Asked) -> Next {
    if there.is_lost() {
        return Next::Never(format!("its status is {}", plain(&there.status)));
    }
    for (what, group) in members(there) {
        if matches!(group.status.as_str(), "failed" | "failed-to-apply") {
            return Next::Never(format!("{what} {} is {}", plain(&group.name), plain(&group.status)));
        }
    }
    if !there.is_up() {
        return Next::wait("the instance");
    }
    let unmet = plan.wanted.unmet(&there.settings);
    if unmet.subnet_group.is_some() {
        // A subnet group of the same VPC cannot be given later (ModifyDBInstance).
        return Next::Unsettled(Settings { subnet_group: unmet.subnet_group, ..Settings::default() }.list());
    }
    let new = unmet.unmet(&asked.settings);
    if !new.is_empty() {
        return Next::Modify(Box::new(new));
    }
    if !unmet.is_empty() {
        return Next::Wait(unmet.list().join(", "));
    }
    if !there.pending.is_empty() {
        return Next::Wait(there.pending.join(", "));
    }
    let mut waits = members(there).filter(|(_, group)| !matches!(group.status.as_str(), "in-sync" | "active" | ""));
    match waits.find(|(_, group)| group.status != "pending-reboot").or_else(|| waits_for_reboot(there)) {
        None if there.endpoint.is_none() => Next::wait("its endpoint"),
        None => Next::Done,
        Some((_, group)) if group.status == "pending-reboot" && !asked.reboot => Next::Reboot,
        Some((what, group)) => Next::Wait(format!("{what} {} ({})", plain(&group.name), plain(&group.status))),
    }
}

fn members(there: &Instance) -> impl Iterator<Item = (&'static str, &Member)> {
    fn named<'a>(what: &'static str, groups: &'a [Member]) -> impl Iterator<Item = (&'static str, &'a Member)> {
        groups.iter().map(move |group| (what, group))
    }
    named("parameter group", &there.parameter_groups)
        .chain(named("option group", &there.option_groups))
        .chain(named("security group", &there.security_groups))
}

fn waits_for_reboot(there: &Instance) -> Option<(&'static str, &Member)> {
    members(there).find(|(_, group)| group.status == "pending-reboot")
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
