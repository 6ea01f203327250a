//! What NDB's programs say of backups and restores.

/// The last words of `ndb_restore`, read besides its exit status: RonDB's before 2023 could exit 0 though it had failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Rows that were restored from data files; none if it did not say so.
    pub rows: Option<u64>,
    /// Changes that were restored from logs.
    pub changes: u64,
    /// Whether it says that all went well.
    pub is_good: bool,
}

/// Reads what `ndb_restore` printed. With several threads each says its own "Restored", so they are added up (consumer_restore.cpp).
pub fn restored(text: &str) -> Restored {
    let mut found = Restored::default();
    let mut is_bad = false;
    for line in text.lines() {
        if let Some((_, rest)) = line.split_once("Restored ")
            && let Some((rows, rest)) = rest.split_once(" tuples and ")
            && let (Ok(rows), Some(Ok(changes))) =
                (rows.trim().parse::<u64>(), rest.split(' ').next().map(str::parse::<u64>))
        {
            found.rows = Some(found.rows.unwrap_or_default().saturating_add(rows));
            found.changes = found.changes.saturating_add(changes);
        }
        if let Some((_, rest)) = line.split_once("NDBT_ProgramExit: ") {
            match rest.trim_start().starts_with('0') {
                true => found.is_good = true,
                false => is_bad = true,
            }
        }
        found.is_good |= line.contains("restore successful");
        is_bad |= line.contains("FATAL ERROR") || line.contains("ndb_restore: Failed");
    }
    found.is_good &= !is_bad;
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

    #[test]
    fn the_last_words_count() {
        let good = "2026-11-30 20:00:00 [NdbApi] INFO -- Restored 30 tuples and 2 log entries\n\
            [thread 2] Restored 12 tuples and 0 log entries\nNDBT_ProgramExit: 0 - OK\n";
        assert_eq!(restored(good), Restored { rows: Some(42), changes: 2, is_good: true });
        assert!(restored("Restored 0 tuples and 0 log entries\nData and log restore successful").is_good);
        for bad in [
            "",
            "Restored 3 tuples and 0 log entries",
            "NDBT_ProgramExit: 1 - Failed",
            "FATAL ERROR\nNDBT_ProgramExit: 0 - OK",
        ] {
            assert!(!restored(bad).is_good, "{bad}");
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
