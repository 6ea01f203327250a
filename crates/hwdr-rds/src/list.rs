//! Reads what there is. Nothing here changes anything.

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;

use crate::call::failed;
use crate::{Error, Event, Instance, InstanceId, Problem, Rds, Snapshot, SnapshotId, Window, read};

const INSTANCES: &str = "rds:DescribeDBInstances";
const SNAPSHOTS: &str = "rds:DescribeDBSnapshots";
const BACKUPS: &str = "rds:DescribeDBInstanceAutomatedBackups";
const EVENTS: &str = "rds:DescribeEvents";

/// Entries of a page: the most that RDS gives.
const PAGE: i32 = 100;
/// No account has more pages; a listing that goes on is broken.
const PAGES: usize = 1_000;
/// How many events are shown.
const SHOWN: usize = 5;
/// Events of so many minutes are looked at.
const LATELY: i32 = 24 * 60;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Instance,
    Snapshot,
}

impl Rds {
    /// The instance of this name, or `None`.
    ///
    /// # Errors
    /// If RDS does not answer, or does not allow it.
    pub async fn instance(&self, id: &InstanceId) -> Result<Option<Instance>, Error> {
        let what = || format!("instance {id}");
        let answer = self.client.describe_db_instances().db_instance_identifier(id.as_str()).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if is(&error, &["DBInstanceNotFound", "DBInstanceNotFoundFault"]) => return Ok(None),
            Err(error) => return Err(failed(INSTANCES, what(), error)),
        };
        let mut found = answer.db_instances().iter().filter_map(read::instance);
        match found.find(|instance| instance.id.eq_ignore_ascii_case(id.as_str())) {
            Some(instance) => Ok(Some(instance)),
            None => Err(Error::new(INSTANCES, what(), Problem::Nonsense("the answer is about another one".to_owned()))),
        }
    }

    /// All instances of the account in this region.
    ///
    /// # Errors
    /// As [`Rds::instance`].
    pub async fn instances(&self) -> Result<Vec<Instance>, Error> {
        let mut all = Vec::new();
        let mut marker = None;
        for _ in 0..PAGES {
            let call = self.client.describe_db_instances().max_records(PAGE).set_marker(marker.clone());
            let page = call.send().await.map_err(|error| failed(INSTANCES, "", error))?;
            all.extend(page.db_instances().iter().filter_map(read::instance));
            if !follows(INSTANCES, &mut marker, page.marker())? {
                return Ok(all);
            }
        }
        Err(endless(INSTANCES))
    }

    /// The snapshots of an instance, automatic ones and AWS Backup's too, the oldest first; also when the instance is gone.
    ///
    /// # Errors
    /// As [`Rds::instance`].
    pub async fn snapshots(&self, of: &InstanceId) -> Result<Vec<Snapshot>, Error> {
        let mut all = self.pages_of_snapshots(of).await?;
        // One that has no time yet is being made now.
        all.sort_by_key(|snapshot| (snapshot.taken.is_none(), snapshot.taken));
        Ok(all)
    }

    async fn pages_of_snapshots(&self, of: &InstanceId) -> Result<Vec<Snapshot>, Error> {
        let mut all = Vec::new();
        let mut marker = None;
        for _ in 0..PAGES {
            let call = self.client.describe_db_snapshots().db_instance_identifier(of.as_str());
            let answer = call.max_records(PAGE).set_marker(marker.clone()).send().await;
            let page = answer.map_err(|error| failed(SNAPSHOTS, format!("instance {of}"), error))?;
            let own = page.db_snapshots().iter().filter_map(read::snapshot);
            all.extend(own.filter(|snapshot| snapshot.instance.eq_ignore_ascii_case(of.as_str())));
            if !follows(SNAPSHOTS, &mut marker, page.marker())? {
                return Ok(all);
            }
        }
        Err(endless(SNAPSHOTS))
    }

    /// The snapshot of this name, or `None`.
    ///
    /// # Errors
    /// As [`Rds::instance`].
    pub async fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>, Error> {
        let call = self.client.describe_db_snapshots().db_snapshot_identifier(id.as_str());
        // Only then are those of other accounts shown.
        let call = if id.as_str().starts_with("arn:") { call.include_shared(true) } else { call };
        match call.send().await {
            Ok(answer) => Ok(answer.db_snapshots().iter().find_map(read::snapshot)),
            Err(error) if is(&error, &["DBSnapshotNotFound", "DBSnapshotNotFoundFault"]) => Ok(None),
            Err(error) => Err(failed(SNAPSHOTS, format!("snapshot {id}"), error)),
        }
    }

    /// The times that an instance can be restored to; `None` if it has no automatic backups. Those of an instance that is gone are found if
    /// they were kept.
    ///
    /// # Errors
    /// As [`Rds::instance`].
    pub async fn window(&self, of: &InstanceId) -> Result<Option<Window>, Error> {
        let call = self.client.describe_db_instance_automated_backups().db_instance_identifier(of.as_str());
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error)
                if is(&error, &["DBInstanceAutomatedBackupNotFound", "DBInstanceAutomatedBackupNotFoundFault"]) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(failed(BACKUPS, format!("instance {of}"), error)),
        };
        // Deleted instances of the same name may have left backups: the living one's come first, then the newest.
        let windows = answer.db_instance_automated_backups().iter().filter_map(read::window);
        let own = windows.filter(|window| window.instance.eq_ignore_ascii_case(of.as_str()));
        Ok(own.max_by_key(|window| (!window.retained, window.latest)))
    }

    /// What RDS recorded in the last day, the newest last. An error only ever gains from it: what cannot be read is said in its place.
    pub(crate) async fn events(&self, about: About, id: &str) -> Vec<Event> {
        let kind = match about {
            About::Instance => aws_sdk_rds::types::SourceType::DbInstance,
            About::Snapshot => aws_sdk_rds::types::SourceType::DbSnapshot,
        };
        let call = self.client.describe_events().source_type(kind).source_identifier(id).duration(LATELY);
        let mut events: Vec<Event> = match call.max_records(PAGE).send().await {
            Ok(answer) => answer
                .events()
                .iter()
                .map(|event| Event {
                    time: event.date().and_then(|date: &DateTime| read::time(date)),
                    message: event.message().unwrap_or_default().to_owned(),
                })
                .collect(),
            Err(error) => {
                let error = failed(EVENTS, id, error);
                return vec![Event { time: None, message: format!("its events cannot be read: {error}") }];
            }
        };
        events.sort_by_key(|event| event.time);
        events.split_off(events.len().saturating_sub(SHOWN))
    }
}

/// Whether RDS answered with one of these codes.
pub(crate) fn is<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, codes: &[&str]) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| codes.contains(&code))
}

/// Goes on to the next page; whether there is one.
fn follows(action: &'static str, marker: &mut Option<String>, next: Option<&str>) -> Result<bool, Error> {
    let next = next.filter(|next| !next.is_empty()).map(str::to_owned);
    if next.is_some() && next == *marker {
        return Err(endless(action));
    }
    *marker = next;
    Ok(marker.is_some())
}

fn endless(action: &'static str) -> Error {
    Error::new(action, "", Problem::Nonsense("the listing does not end".to_owned()))
}
