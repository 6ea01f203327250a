//! Makes snapshots and restores them. Each call may be repeated: what the run has made before is found again by its tag.

use hwdr_values::shown::plain;

use crate::call::failed;
use crate::list::About;
use crate::modify::Owned;
use crate::settle::{Asked, Next, next};
use crate::take::tags;
use crate::wait::Watch;
use crate::{Error, Instance, InstanceId, Plan, Problem, Progress, RUN_TAG, Rds, RunId, Snapshot, SnapshotId, Wait};

const RESTORE: &str = "restore";
const SNAPSHOT: &str = "snapshot";
const CREATE_SNAPSHOT: &str = "rds:CreateDBSnapshot";

/// A new instance or snapshot may not be listed at once: as many looks may miss it.
const MISSES: u32 = 6;

/// How a restore began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// RDS was asked for the instance.
    Asked,
    /// The run had asked before.
    Adopted,
}

impl Rds {
    /// Restores: [`Rds::begin`], then [`Rds::settle`].
    ///
    /// # Errors
    /// As those.
    pub async fn restore(
        &self,
        plan: &Plan,
        wait: &Wait,
        show: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<Instance, Error> {
        self.begin(plan).await?;
        self.settle(plan, wait, show).await
    }

    /// Asks RDS for the new instance, unless this run has done so before.
    ///
    /// # Errors
    /// If an instance of this name exists that this run has not made, or RDS refuses.
    pub async fn begin(&self, plan: &Plan) -> Result<Begun, Error> {
        if self.own(plan).await? {
            return Ok(Begun::Adopted);
        }
        match self.take(plan).await {
            Ok(()) => Ok(Begun::Asked),
            // A first attempt whose answer was lost, or somebody else since.
            Err(error) if matches!(*error.problem, Problem::Taken(_)) => match self.own(plan).await? {
                true => Ok(Begun::Adopted),
                false => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Whether the instance is there and this run's.
    async fn own(&self, plan: &Plan) -> Result<bool, Error> {
        match self.instance(&plan.target).await? {
            None => Ok(false),
            Some(there) if there.is_of(&plan.run) => Ok(true),
            Some(_) => Err(foreign(RESTORE, &plan.target)),
        }
    }

    /// Waits until the new instance is available with all its settings in force. Sets those that a restore cannot set, and reboots it for a
    /// parameter group that waits for that.
    ///
    /// # Errors
    /// If it comes into a state that it will not leave by itself, with RDS's last events; if the limit passes; if a call fails for longer
    /// than the wait's patience.
    pub async fn settle(
        &self,
        plan: &Plan,
        wait: &Wait,
        show: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<Instance, Error> {
        let what = format!("instance {}", plan.target);
        let mut watch = Watch::new(wait);
        let (mut asked, mut misses) = (Asked::default(), 0_u32);
        let mut state = "it was not seen yet".to_owned();
        loop {
            match watch.forgive(self.instance(&plan.target).await)? {
                None => {}
                Some(None) => {
                    misses = misses.saturating_add(1);
                    if misses >= MISSES {
                        return Err(self.ended(plan, Problem::NotFound("it is gone".to_owned())).await);
                    }
                }
                Some(Some(there)) => {
                    misses = 0;
                    let owned = Owned::of(&there, &plan.run).ok_or_else(|| foreign(RESTORE, &plan.target))?;
                    let step = next(plan, &there, &asked);
                    let doing = match &step {
                        Next::Done => return Ok(there),
                        Next::Never(why) => return Err(self.ended(plan, Problem::Ended(why.clone())).await),
                        Next::Unsettled(what) => return Err(self.ended(plan, Problem::Unsettled(what.clone())).await),
                        Next::Wait(doing) => doing.clone(),
                        Next::Modify(change) => change.list().join(", "),
                        Next::Reboot => "the reboot that its parameter group needs".to_owned(),
                    };
                    state = format!("its status is {}; waiting for {doing}", plain(&there.status));
                    show(&Progress {
                        what: what.clone(),
                        status: there.status.clone(),
                        percent: there.percent,
                        doing,
                        waited: watch.waited(),
                    });
                    self.ask(plan, &mut watch, owned, step, &mut asked).await?;
                }
            }
            if watch.is_over() {
                return Err(self.ended(plan, Problem::Late(watch.limit(), state)).await);
            }
            watch.pause().await;
        }
    }

    /// Asks for what the instance needs, and notes it if RDS accepted it.
    async fn ask(
        &self,
        plan: &Plan,
        watch: &mut Watch,
        owned: Owned<'_>,
        step: Next,
        asked: &mut Asked,
    ) -> Result<(), Error> {
        let answer = match &step {
            Next::Modify(change) => self.modify(owned, change).await,
            Next::Reboot => self.reboot(owned).await,
            _ => return Ok(()),
        };
        if self.did(plan, watch, answer).await? {
            match step {
                Next::Modify(change) => asked.settings = change.or(&asked.settings),
                _ => asked.reboot = true,
            }
        }
        Ok(())
    }

    /// Whether a change was accepted; it is not while RDS is busy with another one, such as the first backup.
    async fn did(&self, plan: &Plan, watch: &mut Watch, answer: Result<(), Error>) -> Result<bool, Error> {
        match answer {
            Err(error) if matches!(*error.problem, Problem::State(_)) => Ok(false),
            answer => match watch.forgive(answer) {
                Ok(done) => Ok(done.is_some()),
                Err(mut error) => {
                    error.events = self.events(About::Instance, plan.target.as_str()).await;
                    Err(error)
                }
            },
        }
    }

    async fn ended(&self, plan: &Plan, problem: Problem) -> Error {
        let mut error = Error::new(RESTORE, format!("instance {}", plan.target), problem);
        error.events = self.events(About::Instance, plan.target.as_str()).await;
        error
    }

    /// Asks for a snapshot, unless this run has done so before. `others`: tags that it gets beside the run's.
    ///
    /// # Errors
    /// If a snapshot of this name exists that this run has not made, or RDS refuses.
    pub async fn create_snapshot(
        &self,
        of: &InstanceId,
        id: &SnapshotId,
        run: &RunId,
        others: &[(String, String)],
    ) -> Result<Begun, Error> {
        let what = || format!("snapshot {id}");
        if !id.may_be_new() {
            let text = "a snapshot's name has letters, digits and single hyphens only".to_owned();
            return Err(Error::new(CREATE_SNAPSHOT, what(), Problem::Setting(text)));
        }
        if self.owns(of, id, run).await? {
            return Ok(Begun::Adopted);
        }
        let own = (RUN_TAG.to_owned(), run.to_string());
        let all = others.iter().filter(|(key, _)| key != RUN_TAG).chain([&own]).map(|(key, value)| (key, value));
        let call = self.client.create_db_snapshot().db_instance_identifier(of.as_str());
        let call = call.db_snapshot_identifier(id.as_str()).set_tags(Some(tags(all)));
        match call.send().await.map_err(|error| failed(CREATE_SNAPSHOT, what(), error)) {
            Ok(_) => Ok(Begun::Asked),
            Err(error) if matches!(*error.problem, Problem::Taken(_)) => match self.owns(of, id, run).await? {
                true => Ok(Begun::Adopted),
                false => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn owns(&self, of: &InstanceId, id: &SnapshotId, run: &RunId) -> Result<bool, Error> {
        match self.snapshot(id).await? {
            None => Ok(false),
            Some(there) if there.is_of(run) && there.instance.eq_ignore_ascii_case(of.as_str()) => Ok(true),
            Some(_) => Err(Error::new(CREATE_SNAPSHOT, format!("snapshot {id}"), Problem::Foreign)),
        }
    }

    /// Waits until a snapshot is available.
    ///
    /// # Errors
    /// If it fails or goes away, with RDS's last events; if the limit passes; if RDS is out of reach for longer than the wait's patience.
    pub async fn wait_snapshot(
        &self,
        id: &SnapshotId,
        wait: &Wait,
        show: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<Snapshot, Error> {
        let mut watch = Watch::new(wait);
        let (mut misses, mut state) = (0_u32, "it was not seen yet".to_owned());
        let problem = loop {
            match watch.forgive(self.snapshot(id).await)? {
                None => {}
                Some(None) => {
                    misses = misses.saturating_add(1);
                    if misses >= MISSES {
                        break Problem::NotFound("it is gone".to_owned());
                    }
                }
                Some(Some(there)) if there.is_available() => return Ok(there),
                Some(Some(there)) if there.is_lost() => {
                    break Problem::Ended(format!("its status is {}", plain(&there.status)));
                }
                Some(Some(there)) => {
                    misses = 0;
                    state = there.stands();
                    show(&Progress {
                        what: format!("snapshot {id}"),
                        status: there.status.clone(),
                        percent: Some(there.percent),
                        doing: "the snapshot".to_owned(),
                        waited: watch.waited(),
                    });
                }
            }
            if watch.is_over() {
                break Problem::Late(watch.limit(), state);
            }
            watch.pause().await;
        };
        let mut error = Error::new(SNAPSHOT, format!("snapshot {id}"), problem);
        error.events = self.events(About::Snapshot, id.as_str()).await;
        Err(error)
    }
}

fn foreign(action: &'static str, target: &InstanceId) -> Error {
    Error::new(action, format!("instance {target}"), Problem::Foreign)
}
