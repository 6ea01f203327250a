//! The database, in a new instance.

use hwdr_rds::{Origin, Plan, Rds, Wait, compare};

use super::{MARIADB, Other, begin_again, is_of, own};
use crate::product::streams::chart;
use crate::product::streams::database::{connect, has_port, instance, line, not_made, planned};
use crate::product::streams::own::Own;
use crate::refusal::Refusal;
use crate::run::{Context as _, Halt, Run};
use crate::shown::plain;

/// Restores it, and notes where it is. Its instance carries the tag of this restore, so that a second try finds it again.
pub(super) async fn restore(run: &mut Run) -> Result<(), Halt> {
    let mut own = own(run)?;
    let (settings, restore) = own.asked()?;
    let (Some(asked), Some(today)) = (restore.mariadb, settings.mariadb) else { return Ok(()) };
    if own.host.is_some() {
        return Ok(());
    }
    let rds = connect(&today).await?;
    let source = rds.instance(&instance(&today)?).await.map_err(refused)?;
    let plan = match begun(&rds, &own).await? {
        Some(plan) => plan,
        None => planned(&rds, &today, &asked, source.as_ref()).await?,
    };
    for note in &plan.notes {
        run.show.note(&format!("mariadb: {}", plain(note)));
    }
    let time = match &plan.origin {
        Origin::Snapshot(id) => rds.snapshot(id).await.map_err(refused)?.and_then(|snapshot| snapshot.taken),
        Origin::Time { at, .. } => *at,
    };
    is_of(run, MARIADB, time).await?;
    own.times = super::own(run)?.times;
    if run.state.backup_time.is_none() {
        run.state.backup_time = time.map(|time| time.to_string());
    }
    own.plan = Some(plan.clone());
    run.state.own = own.to_json();
    run.save().await?;
    rds.begin(&plan).await.map_err(|error| not_made(error, &begin_again(run, Other::Class)))?;
    let show = &mut run.show;
    let restored = rds.settle(&plan, &Wait::default(), &mut |progress| show.tell(&line(progress))).await;
    let restored = restored.map_err(refused)?;
    let Some(endpoint) = restored.endpoint.clone() else {
        return Err(Halt::new(format!(
            "instance {} is {}, and RDS names no address of it",
            plan.target,
            plain(&restored.status)
        ))
        .help(format!("resume when it has one:\n{}", run.resume())));
    };
    let values = own.values()?;
    let help = format!(
        "set its port, wait until it is available, and resume:\n\
         aws rds modify-db-instance --db-instance-identifier {} --db-port-number {} --apply-immediately\n{}",
        plan.target,
        chart::port(&values),
        run.resume()
    );
    has_port(plan.target.as_str(), &endpoint, &values, &help)?;
    run.finding(&format!(
        "mariadb: {} from {} answers at {}:{}",
        plan.target,
        asked.from,
        plain(&endpoint.host),
        endpoint.port
    ));
    for difference in source.iter().flat_map(|source| compare(source, &restored)) {
        run.doubt(&format!(
            "mariadb: {} is {}, and was {}",
            difference.what,
            plain(&difference.restored),
            plain(&difference.source)
        ));
    }
    own.host = Some(endpoint.host.to_ascii_lowercase());
    run.state.own = own.to_json();
    run.save().await
}

/// What the record says that RDS was asked for, if its instance is there: whether it could be asked for today does not matter then. An automatic snapshot
/// may be gone since, and so may the source.
async fn begun(rds: &Rds, own: &Own) -> Result<Option<Plan>, Halt> {
    let Some(plan) = &own.plan else { return Ok(None) };
    let there = rds.instance(&plan.target).await.map_err(refused)?;
    Ok(there.filter(|there| there.is_of(&plan.run)).map(|_| plan.clone()))
}

fn refused(error: hwdr_rds::Error) -> Halt {
    Refusal::from(error).into()
}
