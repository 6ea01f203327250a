//! What is backed up by old versions in a bucket: that is on while the bucket keeps them.

use std::time::{Duration, Instant};

use crate::backups::{Fault, ServiceStatus, Severity};
use crate::cli::s3::{self, Depth};
use crate::product::{Product, Storage};
use crate::s3::finding::Level;
use crate::shown::plain;

/// Its name among the services.
const NAME: &str = "bucket";
/// How long a look holds, and how long one that has found out nothing: neither versioning nor rules change often.
const HOLDS: [Duration; 2] = [Duration::from_secs(15 * 60), Duration::from_secs(60)];

/// Looks at the bucket of the values, but not more often than it changes.
#[derive(Debug)]
pub(in crate::cli) struct BucketLook {
    product: &'static dyn Product,
    storage: Storage,
    last: Option<(Instant, ServiceStatus)>,
}

impl BucketLook {
    /// Of that bucket.
    pub(in crate::cli) fn new(product: &'static dyn Product, storage: Storage) -> Self {
        Self { product, storage, last: None }
    }

    /// How long the last look holds.
    fn holds(status: &ServiceStatus) -> Duration {
        let [long, short] = HOLDS;
        if status.severity == Severity::Unknown { short } else { long }
    }

    /// The status now; none if the product keeps nothing in a bucket.
    pub(in crate::cli) async fn status(&mut self) -> Option<ServiceStatus> {
        if let Some((_, status)) = self.last.as_ref().filter(|(at, status)| at.elapsed() < Self::holds(status)) {
            return Some(status.clone());
        }
        let (called, faults) = match s3::bucket(self.product, &self.storage, Depth::Keeps).await {
            Ok(None) => return None,
            Ok(Some(bucket)) => {
                let faults = bucket.findings.iter().filter_map(|finding| {
                    let severity = match finding.level {
                        Level::Ok => return None,
                        Level::Warning => Severity::Warning,
                        Level::Error => Severity::Critical,
                    };
                    let what = format!("{}: {}", finding.about, finding.message);
                    Some(Fault { fix: finding.fix.clone(), ..Fault::new(severity, what) })
                });
                (format!("Old versions in bucket {}", plain(&bucket.name)), faults.collect())
            }
            Err(fault) => ("Old versions in the bucket".to_owned(), vec![fault]),
        };
        let status = ServiceStatus::of(NAME, called, faults);
        self.last = Some((Instant::now(), status.clone()));
        Some(status)
    }
}
