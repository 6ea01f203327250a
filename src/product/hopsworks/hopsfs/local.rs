//! Rewinds HopsFS's bucket from this machine (`--from here`): the Job that stands for it is suspended until then.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::bucket::{self, Task};
use crate::cluster::Kind;
use crate::cluster::condition::text;
use crate::refusal::Refusal;
use crate::run::{Halt, Run};
use crate::s3::client::Client;
use crate::s3::preflight::Stopped;
use crate::s3::report::Tally;
use crate::s3::rewind::Options;
use crate::s3::worker::{Worker, work};

/// The pods' annotation for a rewound bucket (`templates/hopsfs-here.yaml`).
const REWOUND: &str = "hwdr.hopsworks.ai/rewound";
/// How often progress is shown.
const TELL: Duration = Duration::from_secs(1);

fn halted(why: impl Into<Stopped>) -> Halt {
    Refusal::from(why.into()).into()
}

/// Suspends a Job of that kind again, whatever its state; leaves any other alone.
pub(super) fn rest(job: &mut Json) {
    if !Task::of_job(job).is_ok_and(|task| task.is_local) {
        return;
    }
    job["spec"]["suspend"] = true.into();
    if let Some(annotations) = job.pointer_mut("/spec/template/metadata/annotations").and_then(Json::as_object_mut) {
        annotations.remove(REWOUND);
    }
}

/// Does what the Job `name` stands for, and resumes the Job. Leaves any other alone.
pub(super) async fn rewind(run: &mut Run, name: &str) -> Result<(), Halt> {
    let Some(job) = run.cluster.get(Kind::JOB, None, name).await? else { return Ok(()) };
    let Some(task) = Task::of_job(&job).ok().filter(|task| task.is_local && job["spec"]["suspend"] == true) else {
        return Ok(());
    };
    run.must_be_ours(Kind::JOB, &job)?;
    bucket::as_agreed(&task.settings, run.state.from_here.as_deref(), bucket::has_address())?;
    let (aim, warning) = task.aim(&run.cluster).await?;
    if let Some(warning) = warning {
        run.show.warn(&warning);
    }
    let client = Client::connect(bucket::from_here(task.settings.clone())).await.map_err(halted)?;
    task.is_in(&client).await.map_err(halted)?;
    run.show.note(&format!("hopsfs: rewinding bucket {} to {} from this machine", client.bucket(), aim.window));
    let tally = Arc::new(Tally::default());
    let place = Worker { index: 0, of: 1, run: text(&job, "/metadata/uid").to_owned() };
    let whole = {
        let mut working = std::pin::pin!(work(&client, &aim, &place, Options::default(), &tally));
        loop {
            tokio::select! {
                done = &mut working => break done,
                () = tokio::time::sleep(TELL) => run.show.tell(&format!("hopsfs: {}", tally.report().counts())),
            }
        }
    };
    let report = tally.report();
    for line in report.notable() {
        run.show.warn(&format!("hopsfs: {line}"));
    }
    if !whole.map_err(halted)? {
        return Err(Halt::new(format!("hopsfs: bucket {} was not rewound completely", client.bucket())));
    }
    run.show.note(&format!("hopsfs: {}", report.counts()));
    // Its pods check for the annotation: if anyone else resumes the Job, it lets nobody in.
    let rewound = json!({"metadata": {"annotations": {REWOUND: "true"}}});
    run.cluster.patch(Kind::JOB, None, name, &json!({"spec": {"suspend": false, "template": rewound}})).await?;
    Ok(())
}
