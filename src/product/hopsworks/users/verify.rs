//! Whether the dumps of MySQL's users and databases are whole.

use super::Users;
use crate::backup_files::sql::{Dump, DumpFacts};
use crate::product::hopsworks::request::rondb_place;
use crate::product::service::{Doing, Service as _};
use crate::product::shelf::{Bucket, LARGEST};
use crate::s3::objects::Object;
use crate::shown::counted;
use crate::verify::{Ask, DataFile, Finding, Flaw, PartReport, Verify, unread};

/// The dumps, beside RonDB's own folder.
const FILES: [&str; 2] = ["users.sql", "databases.sql"];
/// The service in whose backups they are.
const SERIES: &str = "rondb";

/// The check of one backup.
#[derive(Default)]
pub(super) struct Check {
    findings: Vec<Finding>,
    facts: Vec<String>,
    unchecked: Vec<String>,
}

impl Check {
    async fn look_at(&mut self, ask: &Ask<'_>) -> Result<(), Finding> {
        let place =
            rondb_place(ask.shelf.values).map_err(|refusal| Flaw::unknown(refusal.problem).in_file("the values"))?;
        let folder = format!("{}/{}/", place.folder, ask.id_of(SERIES));
        let bucket = ask.shelf.bucket(&place).await.map_err(|fault| unread(&fault).in_file(&folder))?;
        let mut objects = Vec::new();
        for (key, read) in ask
            .each(FILES.to_vec(), async |file| {
                let key = format!("{folder}{file}");
                let read = one(ask, &bucket, &key).await;
                (key, read)
            })
            .await
        {
            match read {
                Ok((object, facts)) => {
                    // There are always the cluster's own accounts.
                    if key.ends_with(FILES[0]) && facts.statements == 0 {
                        let flaw = Flaw::damaged("has no statement").expected("statements that create the accounts");
                        self.findings.push(flaw.in_file(&key));
                    }
                    self.tell(&key, facts);
                    objects.push(object);
                }
                Err(flaw) => self.findings.push(flaw.in_file(key)),
            }
        }
        self.findings.extend(ask.written_later(SERIES, objects.iter()));
        Ok(())
    }

    fn tell(&mut self, key: &str, facts: DumpFacts) {
        let file = key.rsplit('/').next().unwrap_or_default();
        let DumpFacts { statements, accounts, says_that_it_is_whole } = facts;
        let accounts = if accounts > 0 { format!(", {}", counted(accounts, "account")) } else { String::new() };
        self.facts.push(format!("{file}: {}{accounts}", counted(statements, "statement")));
        if !says_that_it_is_whole {
            self.unchecked.push(format!(
                "whether {file} is cut between two statements: its last line does not say that it is whole"
            ));
        }
    }
}

async fn one(ask: &Ask<'_>, bucket: &Bucket, key: &str) -> Result<(Object, DumpFacts), Flaw> {
    let object = ask.object(bucket, key).await?;
    if object.size > LARGEST {
        return Err(Flaw::unknown(format!("has {} bytes: hwdr reads up to {LARGEST}", object.size)));
    }
    let facts = ask.check(bucket, &object, Dump::default(), false).await?;
    Ok((object, facts))
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
        let Self { findings, facts, mut unchecked } = *self;
        unchecked.push("whether MySQL takes the statements".to_owned());
        vec![PartReport { facts, unchecked, ..PartReport::new(Users.name(), Users.title(), findings) }]
    }
}
