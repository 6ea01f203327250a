//! What MySQL's client says.

use hwdr_values::shown::kept;

/// What a grant is for does not exist: a table, a grant on a table, a routine (ER_NO_SUCH_TABLE, ER_NONEXISTING_TABLE_GRANT and
/// ER_SP_DOES_NOT_EXIST in share/messages_to_clients.txt). MySQL keeps grants for tables that were dropped.
const STALE: [&str; 3] = ["1146", "1147", "1305"];

/// The errors of grants for what is gone, a line each, of a client that goes on after errors: `ERROR 1146 (42S02) at line 3: Table …`.
///
/// # Errors
/// The first error of another kind.
pub fn stale(said: &str) -> Result<Vec<String>, String> {
    let errors = said.lines().filter(|line| line.starts_with("ERROR"));
    let one = |line: &str| match line.split(' ').nth(1).is_some_and(|code| STALE.contains(&code)) {
        true => Ok(kept(line)),
        false => Err(kept(line)),
    };
    errors.map(one).collect()
}

/// How many users and grants a dump has: each has a line of its own.
pub fn users(dump: &str) -> usize {
    dump.lines()
        .filter(|line| ["CREATE USER ", "ALTER USER ", "GRANT "].iter().any(|word| line.starts_with(word)))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_grants_for_what_is_gone_may_fail() {
        let table = "ERROR 1146 (42S02) at line 3: Table 'metastore.old' doesn't exist";
        let routine = "ERROR 1305 (42000) at line 9: PROCEDURE hops.old does not exist";
        assert_eq!(stale(&format!("Using socket: /x\n{table}\n{routine}\n")).unwrap(), [table, routine]);
        assert_eq!(stale("").unwrap().len(), 0);
        for other in [
            "ERROR 2013 (HY000) at line 2: Lost connection",
            "ERROR 1396 (HY000) at line 4: Operation CREATE USER failed",
            "ERROR: x",
        ] {
            assert_eq!(stale(&format!("{table}\n{other}")), Err(other.to_owned()));
        }
        assert_eq!(
            users("CREATE USER IF NOT EXISTS `a`@`%`;\nGRANT USAGE ON *.* TO `a`@`%`;\n-- GRANT\nSET x = 1;\n"),
            2
        );
    }
}
