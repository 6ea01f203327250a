//! The runbook: the steps as a page, and as a script, for whoever must do it by hand. Both have the very commands that hwdr runs.

use std::fmt::Write as _;

use crate::inventory::Inventory;
use crate::plan::{Act, Step};
use crate::words::{Expect, Input, quote};

/// What stands on top of the script.
const HEAD: &str = include_str!("runbook.sh");

/// A script that does the steps. `title` is one line; `folder` is the backup's.
pub fn script(steps: &[Step], inventory: &Inventory, title: &str, folder: &str) -> String {
    let mut text = HEAD.replace("@TITLE@", title);
    for (number, step) in (1..).zip(steps) {
        let _ = write!(text, "\nstep {number} {} {}\n", step.name, quote(step.does));
        let width = step.width.unwrap_or(step.acts.len()).max(1);
        for acts in step.acts.chunks(width) {
            for act in acts {
                let _ = writeln!(text, "run {} {}", act.host(), line(act, inventory, folder));
            }
            text.push_str("done_all\n");
        }
    }
    text.push_str("\necho 'All steps are done.'\n");
    text
}

/// One command, behind the functions that give it its input and check it.
fn line(act: &Act, inventory: &Inventory, folder: &str) -> String {
    let (command, into) = match act {
        Act::Copy(copy) => return copy.typed(inventory),
        Act::Into(command, path) => (command, format!("into {} ", quote(&format!("{folder}/{path}")))),
        Act::Call(command) => (command, String::new()),
    };
    let check = match &command.expect {
        Expect::Nothing => String::new(),
        Expect::Line(line) => format!("says {} ", quote(line)),
        Expect::Soon { text, but } => {
            format!("soon {} {} {} ", quote(text), quote(but.unwrap_or_default()), command.limit.as_secs())
        }
        Expect::Restored { rows: false } => "restored '' ".to_owned(),
        Expect::Restored { rows: true } => "restored 'Restored [0-9]+ tuples' ".to_owned(),
        Expect::Granted => "granted ".to_owned(),
        Expect::Completed(id) => format!("completed {id} "),
    };
    let input = match &command.input {
        Input::Nothing => String::new(),
        Input::Text(text) => format!("reads {} ", quote(text)),
        Input::File(path) => format!("from {} ", quote(&format!("{folder}/{path}"))),
    };
    format!("{into}{check}{input}{}", crate::remote::typed(command, inventory))
}

/// A page with the steps.
pub fn page(steps: &[Step], inventory: &Inventory, title: &str, folder: &str) -> String {
    let mut text = format!(
        "# {title}\n\nEach command is typed on the machine with the backup. Commands of one step are independent of each other, if nothing else is \
         said; wait for all of them before the next step. If one fails, stop.\n"
    );
    for (number, step) in (1..).zip(steps) {
        let _ = write!(text, "\n## {number}. {}\n\nThis {}.\n", step.name, step.does);
        if let Some(width) = step.width.filter(|width| *width < step.acts.len()) {
            let _ = writeln!(text, "At most {width} at once: each takes a free slot for clients of RonDB.");
        }
        let mut host = None;
        let mut is_open = false;
        for act in &step.acts {
            if host != Some(act.host()) {
                if is_open {
                    text.push_str("```\n");
                }
                host = Some(act.host());
                let _ = write!(text, "\n{}:\n\n```sh\n", act.host());
                is_open = true;
            }
            let _ = writeln!(text, "{}", act.typed(inventory, folder));
        }
        if is_open {
            text.push_str("```\n");
        }
        let checks: std::collections::BTreeSet<String> = step.acts.iter().filter_map(check).collect();
        for check in checks {
            let _ = write!(text, "\n{check}\n");
        }
    }
    text
}

/// What to look at after a command.
fn check(act: &Act) -> Option<String> {
    let Act::Call(command) = act else { return None };
    Some(match &command.expect {
        Expect::Nothing => return None,
        Expect::Line(line) => format!("It must print this line: `{line}`"),
        Expect::Soon { text, but: None } => format!("Repeat it until it says `{text}`."),
        Expect::Soon { text, but: Some(but) } => format!("Repeat it until it says `{text}`, and nowhere `{but}`."),
        Expect::Restored { rows } => {
            let fine = "Its exit status must be 0, and it must not tell of a failure, such as `FATAL ERROR` or `Restore: Failed`";
            match rows {
                true => {
                    format!("{fine}. It must say `Restored … tuples`: compare the sum with the rows of the backup.")
                }
                false => format!("{fine}."),
            }
        }
        Expect::Granted => {
            "`ERROR 1146`, `1147` and `1305` are of grants for tables and routines that are gone. Any other error is a failure.".to_owned()
        }
        Expect::Completed(id) => format!("It must say that `Backup {id}` is `completed`."),
    })
}
