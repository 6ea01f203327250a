//! Whether OpenSearch's part of a backup can be restored: the snapshot is a success, all its metadata is whole, and every file of every shard is there, with
//! the length and the checksum that were recorded.

use super::OpenSearch;
use super::plan::MANDATORY;
use super::stored::places;
use crate::backup_files::opensearch::{Checked, Stored, check, readable};
use crate::product::hopsworks::asked;
use crate::product::service::{Doing, Service as _};
use crate::product::shelf::Bucket;
use crate::values::Value;
use crate::verify::{Ask, Chosen, Data, DataFile, Finding, Flaw, InBucket, PartReport, Verify, unread};

/// How many files of metadata are read at once.
const AT_ONCE: usize = 16;

/// The check of one backup.
#[derive(Default)]
pub(super) struct Check {
    found: Vec<(Bucket, Checked)>,
    findings: Vec<Finding>,
    /// The files that may be worth reading: the repository's place, and the file's.
    files: Vec<(usize, Stored)>,
    read: u64,
}

impl Check {
    async fn look_at(&mut self, ask: &Ask<'_>) -> Result<(), Finding> {
        let id = ask.id_of(OpenSearch.name());
        let places = places(ask.shelf).await.map_err(|fault| unread(&fault).in_file("OpenSearch's repositories"))?;
        if places.is_empty() {
            let what = "there is no snapshot repository: if the values name another folder, give them with -f";
            return Err(Flaw::missing(what).in_file(ask.shelf.own.client.bucket()));
        }
        let mut all = Vec::new();
        for place in &places {
            let base = if place.folder.is_empty() { String::new() } else { format!("{}/", place.folder) };
            let bucket = ask.shelf.bucket(place).await.map_err(|fault| unread(&fault).in_file(&base))?.into_owned();
            let in_bucket = InBucket { ask, bucket: &bucket, is_data: false };
            let checked = check(&in_bucket, &base, id, AT_ONCE).await;
            all.push((bucket, checked));
        }
        // Others may be of other clusters, or for other snapshots; and where the values name none, a folder may be something else.
        let best = |checked: &Checked| (checked.is_there, checked.is_repository);
        let most = all.iter().map(|(_, checked)| best(checked)).max().unwrap_or_default();
        all.retain(|(_, checked)| best(checked) == most);
        for (at, (bucket, checked)) in all.iter_mut().enumerate() {
            let in_bucket = InBucket { ask, bucket, is_data: false };
            let ends = ask
                .each_little(readable(checked), async |stored| stored.check_end(&in_bucket).await.map(|()| stored))
                .await;
            let mut wrong = Vec::new();
            for end in ends {
                match end {
                    Ok(stored) => self.files.push((at, stored.clone())),
                    Err(finding) => wrong.push(finding),
                }
            }
            self.findings.append(&mut checked.findings);
            if checked.is_there {
                let lacks = lacks(&checked.indices, ask.shelf.values);
                let file = format!("snapshot {id} in bucket {}", bucket.client.bucket());
                self.findings.extend(lacks.into_iter().map(|flaw| flaw.in_file(file.as_str())));
            }
            self.findings.append(&mut wrong);
        }
        self.found = all;
        Ok(())
    }
}

/// The indices that a restore needs, and that the snapshot does not have. Whoever leaves one out by the payload of the restore knows that.
fn lacks<'v>(indices: &[String], values: &'v Value) -> Vec<Flaw> {
    let payload = |(.., snapshot): (&str, &str, &'v Value)| snapshot.get(&["payload", "indices"])?.as_str();
    let chosen: Vec<&str> = asked::snapshots(values).filter_map(payload).collect();
    let is_left_out =
        |index: &str| chosen.iter().any(|chosen| chosen.split(',').any(|name| name.trim() == format!("-{index}")));
    let lacking = MANDATORY.into_iter().filter(|index| !indices.iter().any(|own| own == index) && !is_left_out(index));
    lacking.map(|index| Flaw::missing(format!("does not have the index {index}, which Hopsworks needs"))).collect()
}

impl Verify for Check {
    fn look<'v>(&'v mut self, ask: &'v Ask<'v>) -> Doing<'v, Vec<DataFile>> {
        Box::pin(async move {
            if let Err(finding) = self.look_at(ask).await {
                self.findings.push(finding);
            }
            let file = |(_, stored): &(usize, Stored)| DataFile { key: stored.key(), size: stored.file.length };
            self.files.iter().map(file).collect()
        })
    }

    fn read<'v>(&'v mut self, ask: &'v Ask<'v>, chosen: Vec<Chosen>) -> Doing<'v, ()> {
        Box::pin(async move {
            // A part of a file has no checksum.
            let whole = chosen.into_iter().filter_map(|chosen| {
                let (at, stored) =
                    self.files.get(chosen.file).filter(|(_, stored)| stored.file.length <= chosen.bytes)?;
                Some((&self.found.get(*at)?.0, stored))
            });
            let read = ask.each(whole.collect(), async |(bucket, stored): (&Bucket, &Stored)| {
                stored.read(&InBucket { ask, bucket, is_data: true }).await.map(|()| stored.file.length)
            });
            for read in read.await {
                match read {
                    Ok(bytes) => self.read = self.read.saturating_add(bytes),
                    Err(finding) => self.findings.push(finding),
                }
            }
        })
    }

    fn report(self: Box<Self>, _: &Ask<'_>) -> Vec<PartReport> {
        let Self { found, findings, read, .. } = *self;
        let mut report = PartReport::new(OpenSearch.name(), OpenSearch.title(), findings);
        let all = || found.iter().flat_map(|(_, checked)| &checked.stored);
        let of = all().fold(0_u64, |sum, stored| sum.saturating_add(stored.file.length));
        for (_, Checked { indices, shards, stored, is_there, .. }) in &found {
            if *is_there {
                let indices = indices.len();
                report.facts.push(format!("{indices} indices, {shards} shards, {} files", stored.len()));
            }
        }
        if of > 0 {
            report.data = Some(Data { read, of });
        }
        if read < of {
            report.unchecked.push("the content of files of which only the ends were read".to_owned());
        }
        if of > 0 {
            report.unchecked.push("whether OpenSearch can use the indices: only a restore shows that".to_owned());
        }
        vec![report]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    #[test]
    fn a_snapshot_has_the_indices_that_a_restore_needs() {
        let said = |indices: &[&str], values: &str| -> Vec<String> {
            let values = read_one(Source::new("v.yaml", values.to_owned())).unwrap();
            let indices: Vec<_> = indices.iter().map(|&name| name.to_owned()).collect();
            lacks(&indices, &values).into_iter().map(|flaw| flaw.what).collect()
        };
        assert_eq!(said(&["featurestore", "projects", "more"], "{}"), [""; 0]);
        let lacking = "does not have the index projects, which Hopsworks needs";
        assert_eq!(said(&["featurestore", "projectz"], "{}"), [lacking]);
        let of = |indices: &str| {
            format!(
                "olk: {{opensearch: {{restore: {{repositories: {{default: {{snapshots: {{default: {{payload: {{indices: '{indices}'}}}}}}}}}}}}}}}}"
            )
        };
        assert_eq!(said(&["featurestore"], &of("*,-projects")), [""; 0]);
        assert_eq!(said(&["featurestore"], &of("*,-projects2")), [lacking]);
    }
}
