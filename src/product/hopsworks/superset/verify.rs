//! Whether Superset's part of a backup can be restored: the dump is whole, of Superset's database, and the one that the manifest beside it describes.
//! It is small, and always read whole.

use super::id::SupersetId;
use super::{DUMP, MANIFEST, NAME, Superset};
use crate::backup_files::superset::{Dumped, LONGEST_MANIFEST, Manifest, SupersetDump};
use crate::backups::size;
use crate::product::hopsworks::asked;
use crate::product::hopsworks::request::superset_place;
use crate::product::service::{Doing, Service as _};
use crate::product::shelf::Bucket;
use crate::s3::objects::Object;
use crate::shown::kept;
use crate::verify::{Ask, DataFile, Finding, Flaw, PartReport, Verify, unread};

/// The check of one backup.
#[derive(Default)]
pub(super) struct Check {
    /// Whether there is anything to say: a cluster without Superset has no backups of it.
    has_superset: bool,
    findings: Vec<Finding>,
    facts: Vec<String>,
    unchecked: Vec<String>,
}

fn is_id(text: &str) -> bool {
    SupersetId::parse(text).is_ok()
}

impl Check {
    async fn look_at(&mut self, ask: &Ask<'_>) -> Result<(), Finding> {
        let id = ask.parts.get(NAME).and_then(|part| SupersetId::parse(&part.name).ok());
        let place = superset_place(ask.shelf.values)
            .map_err(|refusal| Flaw::unknown(refusal.problem).in_file("the values"))
            .inspect_err(|_| self.has_superset = id.is_some())?;
        let top = format!("{}/", place.folder);
        let Some(id) = id else {
            // Without a part of it, this is no problem of the backup.
            self.has_superset = ask.shelf.own.has(&top).await.unwrap_or_default();
            if ask.parts.is_empty() {
                return Err(Flaw::unknown("which backup of Superset belongs to the id is not known").in_file(top));
            }
            self.facts.push("no backup of it belongs to this one: a restore does not bring it back".to_owned());
            return Ok(());
        };
        self.has_superset = true;
        let folder = format!("{top}{id}/");
        let bucket = ask.shelf.bucket(&place).await.map_err(|fault| unread(&fault).in_file(&folder))?;
        let [manifest_key, dump_key] = [MANIFEST, DUMP].map(|file| format!("{folder}{file}"));
        let (manifest, dump) = tokio::join!(manifest(ask, &bucket, &manifest_key, &id), dump(ask, &bucket, &dump_key));
        let mut objects = Vec::new();
        let mut take = |found: Result<Object, Flaw>, key: &str| match found {
            Ok(object) => objects.push(object),
            Err(flaw) => self.findings.push(flaw.in_file(key)),
        };
        let (manifest, of_manifest) = split(manifest);
        let (dump, of_dump) = split(dump);
        take(of_manifest, &manifest_key);
        take(of_dump, &dump_key);
        if let (Some(manifest), Some(dump)) = (&manifest, &dump)
            && let Err(flaw) = manifest.describes(dump)
        {
            self.findings.push(flaw.in_file(&dump_key));
        }
        // The chart always writes both: a field whose name is damaged is not found.
        if manifest.as_ref().is_some_and(|manifest| manifest.sizes.is_empty() || manifest.digests.is_empty()) {
            let flaw = Flaw::unknown("does not say the size and the SHA-256 of the dump, as far as hwdr finds")
                .expected("both, in fields that are called so");
            self.findings.push(flaw.in_file(&manifest_key));
        }
        if !objects.is_empty() {
            self.findings.extend(ask.written_later(NAME, objects.iter()));
        }
        let [key, ..] = asked::superset_secrets(ask.shelf.values);
        self.tell(manifest.as_ref(), dump.as_ref(), key);
        Ok(())
    }

    fn tell(&mut self, manifest: Option<&Manifest>, dump: Option<&Dumped>, key: &str) {
        if let Some(Dumped { tables, size: packed, unpacked, revision, .. }) = dump {
            let sizes = format!("{} ({} unpacked)", size(*packed), size(*unpacked));
            self.facts.push(format!("{tables} tables, {sizes}"));
            self.facts.push(format!("revision {} of the schema", kept(revision)));
        }
        if let Some(manifest) = manifest {
            self.facts.extend(manifest.images.first().map(|image| format!("image {}", kept(image))));
            let lacks = manifest.lacks();
            if !lacks.is_empty() {
                self.unchecked
                    .push(format!("what {MANIFEST} does not say, as far as hwdr finds: {}", lacks.join(", ")));
            }
            let whose = format!("whether Secret {} of this cluster is the one of then", kept(key));
            self.unchecked.push(match manifest.fingerprints.is_empty() {
                false => format!("{whose}: a restore compares its fingerprint"),
                true => format!("{whose}: {MANIFEST} has no fingerprint of it"),
            });
        }
        if dump.is_some_and(|dump| !dump.says_that_it_is_whole) {
            let what =
                format!("whether {DUMP} is cut between two statements: its last line does not say that it is whole");
            self.unchecked.push(what);
        }
        if dump.is_some() {
            self.unchecked.push("whether MySQL takes the statements".to_owned());
        }
    }
}

/// What was read of a file, and the file.
type Read<T> = Result<(T, Object), Flaw>;

fn split<T>(read: Read<T>) -> (Option<T>, Result<Object, Flaw>) {
    match read {
        Ok((read, object)) => (Some(read), Ok(object)),
        Err(flaw) => (None, Err(flaw)),
    }
}

async fn manifest(ask: &Ask<'_>, bucket: &Bucket, key: &str, id: &SupersetId) -> Read<Manifest> {
    let object = ask.object(bucket, key).await?;
    if object.size > LONGEST_MANIFEST as u64 {
        return Err(Flaw::unknown(format!("has {} bytes: hwdr reads up to {LONGEST_MANIFEST}", object.size)));
    }
    // It is no longer than the first piece.
    let (bytes, _) = ask.ends(bucket, &object).await?;
    let manifest = Manifest::read(&bytes, is_id)?;
    manifest.is_of(id.as_str(), is_id)?;
    Ok((manifest, object))
}

/// The manifest of a backup, for what is beside it; its flaws are the other check's.
pub(in crate::product::hopsworks) async fn manifest_of(ask: &Ask<'_>, id: &SupersetId) -> Option<Manifest> {
    let place = superset_place(ask.shelf.values).ok()?;
    let bucket = ask.shelf.bucket(&place).await.ok()?;
    let key = format!("{}/{id}/{MANIFEST}", place.folder);
    Some(manifest(ask, &bucket, &key, id).await.ok()?.0)
}

async fn dump(ask: &Ask<'_>, bucket: &Bucket, key: &str) -> Read<Dumped> {
    let object = ask.object(bucket, key).await?;
    let dumped = ask.check(bucket, &object, SupersetDump::default(), false).await?;
    Ok((dumped, object))
}

impl Verify for Check {
    fn look<'v>(&'v mut self, ask: &'v Ask<'v>) -> Doing<'v, Vec<DataFile>> {
        Box::pin(async move {
            if let Err(finding) = self.look_at(ask).await {
                self.findings.push(finding);
            }
            Vec::new()
        })
    }

    fn report(self: Box<Self>, _: &Ask<'_>) -> Vec<PartReport> {
        let Self { has_superset, findings, facts, unchecked } = *self;
        let report = PartReport::new(NAME, Superset.title(), findings);
        if has_superset { vec![PartReport { facts, unchecked, ..report }] } else { Vec::new() }
    }
}
