use super::*;
use crate::Backup;
use crate::sample::{plan, restored, snapshot, source};

fn planned() -> Plan {
    plan(Some(&source()), Backup::Snapshot(&snapshot()), None, &Settings::default()).unwrap()
}

#[test]
fn it_is_done_when_everything_is_in_force() {
    let plan = planned();
    assert_eq!(next(&plan, &restored(&plan), &Asked::default()), Next::Done);
    let slow = Instance { status: "storage-initialization".into(), ..restored(&plan) };
    assert_eq!(next(&plan, &slow, &Asked::default()), Next::Done);
}

#[test]
fn each_status_is_waited_for_or_never() {
    let plan = planned();
    for (status, waits) in [
        ("creating", true),
        ("backing-up", true),
        ("modifying", true),
        ("rebooting", true),
        ("configuring-enhanced-monitoring", true),
        ("a-status-of-tomorrow", true),
        ("failed", false),
        ("incompatible-restore", false),
        ("incompatible-network", false),
        ("incompatible-parameters", false),
        ("incompatible-option-group", false),
        ("insufficient-capacity", false),
        ("inaccessible-encryption-credentials", false),
        ("restore-error", false),
        ("storage-full", false),
        ("deleting", false),
        ("stopped", false),
    ] {
        let there = Instance { status: status.into(), ..restored(&plan) };
        let next = next(&plan, &there, &Asked::default());
        assert_eq!(matches!(next, Next::Wait(_)), waits, "{status}: {next:?}");
        assert_eq!(matches!(next, Next::Never(_)), !waits, "{status}: {next:?}");
    }
}

#[test]
fn what_a_restore_did_not_set_is_set_once() {
    let plan = planned();
    let mut there = restored(&plan);
    there.settings.backup_days = Some(1);
    there.settings.monitoring = None;
    let mut asked = Asked::default();
    let Next::Modify(change) = next(&plan, &there, &asked) else { panic!("nothing to modify") };
    assert_eq!(
        change.list(),
        ["backup retention (days) 7", "enhanced monitoring every 60 s by arn:aws:iam::1:role/monitoring"]
    );
    asked.settings = change.or(&asked.settings);
    there.settings.backup_days = Some(7);
    let Next::Wait(what) = next(&plan, &there, &asked) else { panic!("it was asked for again") };
    assert!(what.starts_with("enhanced monitoring"), "{what}");
    there.settings.monitoring = plan.wanted.monitoring.clone();
    there.pending = vec!["storage"];
    assert_eq!(next(&plan, &there, &asked), Next::Wait("storage".into()));
}

#[test]
fn a_wrong_subnet_group_cannot_be_mended() {
    let plan = planned();
    let mut there = restored(&plan);
    there.settings.subnet_group = Some("default".into());
    assert_eq!(next(&plan, &there, &Asked::default()), Next::Unsettled(vec!["subnet group private".into()]));
}

#[test]
fn a_parameter_group_that_waits_for_a_reboot_gets_one() {
    let plan = planned();
    let mut there = restored(&plan);
    there.parameter_groups[0].status = "pending-reboot".into();
    assert_eq!(next(&plan, &there, &Asked::default()), Next::Reboot);
    let asked = Asked { reboot: true, ..Asked::default() };
    assert_eq!(next(&plan, &there, &asked), Next::Wait("parameter group events-10-11 (pending-reboot)".into()));
    // Not before an option group is in force: that may need another one.
    there.option_groups[0].status = "applying".into();
    assert_eq!(next(&plan, &there, &Asked::default()), Next::Wait("option group events-audit (applying)".into()));
    there.parameter_groups[0].status = "failed-to-apply".into();
    assert_eq!(
        next(&plan, &there, &Asked::default()),
        Next::Never("parameter group events-10-11 is failed-to-apply".into())
    );
    let mut there = restored(&plan);
    there.security_groups.push(Member { name: "sg-2".into(), status: "adding".into() });
    assert_eq!(next(&plan, &there, &Asked::default()), Next::Wait("security group sg-2 (adding)".into()));
}

#[test]
fn it_waits_for_the_endpoint() {
    let plan = planned();
    let there = Instance { endpoint: None, ..restored(&plan) };
    assert_eq!(next(&plan, &there, &Asked::default()), Next::Wait("its endpoint".into()));
}
