//! What NDB's programs say of backups and restores.

/// Words of `ndb_restore` that tell of a failure (restore_main.cpp and consumer_restore.cpp in storage/ndb/tools/restore).
const BAD: [&str; 6] = [
    "FATAL ERROR",
    "ndb_restore: Failed",
    "Restore: Failed",
    "unrecoverable error",
    "Failed to restore",
    "exits on error",
];

/// What `ndb_restore` said, read besides its exit status: RonDB's before 2023 could exit 0 though it had failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Rows that were restored from data files; none if it did not say so.
    pub rows: Option<u64>,
    /// Changes that were restored from logs.
    pub changes: u64,
    /// Whether it tells of a failure. Of a success it says nothing: NDB 8.0, and so RonDB, no longer prints `NDBT_ProgramExit` (MySQL 8.0 manual,
    /// "ndb_restore").
    pub is_bad: bool,
}

/// Reads what `ndb_restore` printed. With several threads each says its own "Restored", so they are added up (consumer_restore.cpp).
pub fn restored(text: &str) -> Restored {
    let mut found = Restored::default();
    for line in text.lines() {
        if let Some((_, rest)) = line.split_once("Restored ")
            && let Some((rows, rest)) = rest.split_once(" tuples and ")
            && let (Ok(rows), Some(Ok(changes))) =
                (rows.trim().parse::<u64>(), rest.split(' ').next().map(str::parse::<u64>))
        {
            found.rows = Some(found.rows.unwrap_or_default().saturating_add(rows));
            found.changes = found.changes.saturating_add(changes);
        }
        let is_failed = |(_, rest): (&str, &str)| !rest.trim_start().starts_with('0');
        found.is_bad |= line.split_once("NDBT_ProgramExit: ").is_some_and(is_failed);
        found.is_bad |= BAD.iter().any(|words| line.contains(words));
    }
    found
}

/// How `START BACKUP … WAIT COMPLETED` ended (CommandInterpreter.cpp: `Node 1: Backup 7 started from node 1 completed`).
///
/// # Errors
/// What it says instead.
pub fn completed(text: &str, backup: u32) -> Result<(), String> {
    let is_done = text.lines().any(|line| {
        let rest = line.split_once(&format!("Backup {backup} started from ")).map(|(_, rest)| rest.trim_end());
        rest.is_some_and(|rest| rest.ends_with("completed"))
    });
    match is_done {
        true => Ok(()),
        false => {
            let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
            Err(format!("RonDB does not say that backup {backup} is completed: {}", hwdr_values::shown::kept(last)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What RonDB 21 and 22 print; with several parts, each thread says its own "Restored".
    #[test]
    fn rows_are_added_up_and_words_of_failure_count() {
        let good = "2026-11-30 20:00:00 [restore_metadata] Read meta data file header\n\
            2026-11-30 20:00:01 [restore_data] Restored 30 tuples and 2 log entries\n\
            [thread 2] Restored 12 tuples and 0 log entries\n";
        assert_eq!(restored(good), Restored { rows: Some(42), changes: 2, is_bad: false });
        for fine in [
            "",
            "NDBT_ProgramExit: 0 - OK",
            "Restore successful, but encountered temporary error, please look at configuration.",
        ] {
            assert_eq!(restored(fine), Restored::default(), "{fine}");
        }
        for bad in [
            "NDBT_ProgramExit: 1 - Failed",
            "FATAL ERROR\nNDBT_ProgramExit: 0 - OK",
            "Restore: Failed to restore table: `hops/def/a` ... Exiting",
            "Failed to restore BACKUP-7-PART-1-OF-2",
            "Thread 1 exits on error",
        ] {
            assert!(restored(bad).is_bad, "{bad}");
        }
        assert_eq!(restored("Restored x tuples and 3 log entries").rows, None);
    }

    #[test]
    fn a_backup_is_completed_if_the_server_says_so() {
        let text = "Waiting for completed, this may take several minutes\nNode 1: Backup 7 started from node 49\n\
            Node 1: Backup 7 started from node 49 completed\n StartGCP: 1 StopGCP: 2\n #Records: 3 #LogRecords: 0\n";
        assert!(completed(text, 7).is_ok() && completed(text, 8).is_err());
        let failed = completed("Backup failed\n*  3001: Could not start backup\n", 7).unwrap_err();
        assert!(failed.ends_with("*  3001: Could not start backup"), "{failed}");
    }
}
