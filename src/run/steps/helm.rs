//! Helm, once: with the plan that was agreed to.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{fence, quiesce};
use crate::cluster::Kind;
use crate::mode::Mode;
use crate::run::{Halt, Run, hold};

/// How long a helm on another machine may go on: its own default --timeout.
const ELSEWHERE: Duration = Duration::from_secs(5 * 60);

/// `helm upgrade`, and what it may have undone: the fence; pods of workloads whose number the chart leaves to an autoscaler.
pub async fn upgrade(run: &mut Run) -> Result<(), Halt> {
    apply(run, Mode::Upgrade).await?;
    fence::again(run).await?;
    quiesce::start(run).await
}

/// `helm install`.
pub async fn install(run: &mut Run) -> Result<(), Halt> {
    apply(run, Mode::Install).await
}

async fn apply(run: &mut Run, mode: Mode) -> Result<(), Halt> {
    let (release, before) = (run.state.release.clone(), run.state.before.revision);
    clear_pending(run).await?;
    let now = run.helm.release(&release).await?;
    // It was cut off behind helm, and before that was written down.
    if now.is_some_and(|now| now.revision > before && now.status == "deployed") {
        return Ok(());
    }
    if !run.helm.has_chart() {
        return Err(Halt::new("helm has not run yet in this restore, and hwdr stores no values").help(format!(
            "give the chart and the values again: helm hwdr resume {release} {} -f values.yaml",
            run.state.chart.argument
        )));
    }
    let (namespace, digest) = (run.cluster.namespace.clone(), run.state.digest.clone());
    let description = format!("hwdr restores backup {}", run.state.backup_id);
    // A first attempt that failed is there as a release: helm install would refuse its name.
    run.show.tell(&format!("helm {mode} {release}"));
    run.is_busy.store(true, Ordering::Relaxed);
    let done = begin(run, mode, &namespace, &digest, &description).await;
    run.is_busy.store(false, Ordering::Relaxed);
    done
}

/// Runs helm, and notes which process that is: should this one be killed, that one goes on.
async fn begin(run: &mut Run, mode: Mode, namespace: &str, digest: &str, description: &str) -> Result<(), Halt> {
    let helm = run.helm.begin(mode, namespace, digest, description)?;
    run.state.helm = helm.id().map(hold::process);
    run.save().await?;
    run.helm.end(mode, helm).await?;
    run.state.helm = None;
    run.save().await
}

/// Takes away a revision that a helm of this run has left pending, once no helm works on it any more: none would begin while it is there,
/// and one that still works would undo what is done behind its back.
pub async fn clear_pending(run: &mut Run) -> Result<(), Halt> {
    let release = run.state.release.clone();
    let began = Instant::now();
    let pending = loop {
        let Some(now) = run.helm.release(&release).await? else { return Ok(()) };
        if !now.status.starts_with("pending-") || now.revision <= run.state.before.revision {
            return Ok(());
        }
        let is_over = match &run.state.helm {
            Some(helm) if hold::is_of_this_machine(helm) => hold::is_dead(helm),
            // It may go on elsewhere; helm gives up by itself after its --timeout.
            _ => now.deployed_since().is_none_or(|since| since > ELSEWHERE),
        };
        if is_over {
            break now;
        }
        if began.elapsed() > ELSEWHERE * 3 {
            return Err(Halt::new(format!(
                "release {release}: a helm that was begun before still works on revision {}",
                now.revision
            ))
            .help(format!(
                "end it: {}",
                run.state.helm.as_deref().map_or_else(|| "on the machine where it runs".to_owned(), hold::pid)
            )));
        }
        run.show
            .tell(&format!("waiting for the helm that was begun before: revision {} is {}", now.revision, now.status));
        tokio::time::sleep(Duration::from_secs(2)).await;
    };
    // Helm's storage: secrets by default, `HELM_DRIVER=configmap` otherwise (helm.sh/docs/topics/advanced).
    let name = format!("sh.helm.release.v1.{release}.v{}", pending.revision);
    run.show.tell(&format!("helm was cut off: taking revision {} away", pending.revision));
    for kind in [Kind::SECRET, Kind::CONFIG_MAP] {
        if run.cluster.get(kind, None, &name).await?.is_some() {
            run.cluster.delete(kind, None, &name).await?;
            return Ok(());
        }
    }
    Err(Halt::new(format!(
        "release {release}: revision {} is {}, and Helm keeps it where hwdr does not look",
        pending.revision, pending.status
    ))
    .help("take that revision out of Helm's storage (HELM_DRIVER), then go on"))
}
