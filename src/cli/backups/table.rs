//! The list of backups for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::backups::{BackupPart, BackupSet, Fitness, Inventory, PartState, Usable, ago, is_ahead, short, size};
use crate::lint::report::human::wrap;
use crate::shown::{plain, width};
use crate::verify::Verdict;

/// How many letters a heading has where there is not room for all.
const SHORT: usize = 5;
/// The reasons why a set cannot be used are below it, indented by this.
const INDENT: usize = 4;

/// A cell: its text, and how that looks.
struct Cell(String, Style);

impl Cell {
    fn plain(text: impl Into<String>) -> Self {
        Self(text.into(), Style::new())
    }
}

/// The local time zone, and what it is called at these times: "local" where that differs, as by daylight saving.
pub(super) fn local(times: impl IntoIterator<Item = Timestamp>) -> (TimeZone, String) {
    of_zone(TimeZone::system(), times)
}

fn of_zone(zone: TimeZone, times: impl IntoIterator<Item = Timestamp>) -> (TimeZone, String) {
    let called = |time: Timestamp| time.to_zoned(zone.clone()).strftime("%Z").to_string();
    let names: BTreeSet<_> = times.into_iter().map(called).collect();
    let mut names = names.into_iter();
    let name = names.next().filter(|_| names.next().is_none());
    (zone, name.unwrap_or_else(|| "local".to_owned()))
}

/// 80 columns: what can be used, and why not.
pub(super) fn table(inventory: &Inventory, (zone, name): &(TimeZone, String)) -> String {
    let mut heads = vec!["ID".to_owned(), format!("TIME ({name})"), "AGE".to_owned()];
    heads.extend(inventory.series.iter().map(|series| series.title.to_uppercase()));
    heads.extend(["LEFT", "USABLE"].map(str::to_owned));
    let rows = inventory.sets.iter().map(|set| {
        let fitness = inventory.fitness(set);
        let id = inventory.id(set).map_or_else(|| "-".to_owned(), |id| plain(id).into_owned());
        let mut cells = vec![Cell::plain(id), Cell::plain(time(set.time, zone)), Cell::plain(age(inventory, set))];
        cells.extend(states(inventory, set));
        cells.extend([Cell::plain(left(inventory, set)), usable(&fitness)]);
        let mut reasons = if fitness.new_cluster == Usable::Yes { Vec::new() } else { fitness.reasons };
        if fitness.new_cluster != Usable::No {
            reasons.extend(inventory.notes(set));
        }
        (cells, reasons)
    });
    let rows: Vec<_> = rows.collect();
    // The states need four columns: where there is not room for all headings, theirs are cut.
    let width = widths(&heads, &rows).into_iter().reduce(|width, next| width.saturating_add(next).saturating_add(2));
    if width.is_some_and(|width| width > self::width()) {
        let states = heads.iter_mut().skip(3).take(inventory.series.len());
        states.for_each(|head| *head = head.chars().take(SHORT).collect());
    }
    lay_out(&heads, rows)
}

/// One line for each, with everything that is known.
pub(super) fn wide(inventory: &Inventory, (zone, name): &(TimeZone, String)) -> String {
    let is_utc = name == "UTC";
    let mut heads = vec!["ID".to_owned()];
    heads.extend((!is_utc).then(|| format!("TIME ({name})")));
    heads.extend(["TIME (UTC)", "AGE"].map(str::to_owned));
    heads.extend(inventory.series.iter().map(|series| series.title.to_uppercase()));
    heads.extend(["SKEW", "EXPIRES (UTC)", "VERIFIED", "DRILLED", "IN PLACE", "NEW CLUSTER", "WHY"].map(str::to_owned));
    let rows = inventory.sets.iter().map(|set| {
        let (fitness, drilled) = (inventory.fitness(set), inventory.drilled(set));
        let mut cells = vec![Cell::plain(plain(inventory.name(set)))];
        cells.extend((!is_utc).then(|| Cell::plain(time(set.time, zone))));
        cells.extend([Cell::plain(time(set.time, &TimeZone::UTC)), Cell::plain(age(inventory, set))]);
        cells.extend(states(inventory, set).enumerate().map(|(at, Cell(state, style))| {
            let more = inventory.part(set, at).and_then(more);
            Cell(more.map_or_else(|| state.clone(), |more| format!("{state} {more}")), style)
        }));
        let skew = inventory.skew(set).map_or_else(|| "-".to_owned(), ago);
        let mut why = fitness.reasons.clone();
        why.extend(inventory.notes(set));
        let why: Vec<_> = why.iter().map(|why| why.lines().next().unwrap_or_default()).collect();
        let why = why.join("; ");
        cells.extend([
            Cell::plain(skew),
            Cell::plain(match inventory.expires(set) {
                None if inventory.is_kept(set) => "kept".to_owned(),
                expires => time(expires, &TimeZone::UTC),
            }),
            verified(inventory, set),
            Cell::plain(drilled.map_or_else(|| "-".to_owned(), |time| ago(inventory.now.duration_since(time)))),
            answer(fitness.in_place),
            answer(fitness.new_cluster),
            Cell::plain(if why.is_empty() { "-".into() } else { plain(&why) }),
        ]);
        (cells, Vec::new())
    });
    lay_out(&heads, rows.collect())
}

fn time(time: Option<Timestamp>, zone: &TimeZone) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
}

fn age(inventory: &Inventory, set: &BackupSet) -> String {
    let age = |time: Timestamp| match inventory.now.duration_since(time) {
        _ if is_ahead(time, inventory.now) => "ahead".to_owned(),
        // Clocks differ a little.
        age if age.is_negative() => "0s".to_owned(),
        age => ago(age),
    };
    set.time.map_or_else(|| "-".to_owned(), age)
}

/// How long it is until the first part expires.
fn left(inventory: &Inventory, set: &BackupSet) -> String {
    let left = inventory.expires(set).map(|expires| expires.duration_since(inventory.now));
    match left {
        Some(left) if left.is_negative() => "gone".to_owned(),
        Some(left) => ago(left),
        None if inventory.is_kept(set) => "kept".to_owned(),
        None => "-".to_owned(),
    }
}

/// What the bucket shows of a part: how many of its nodes are there, and how large it is.
fn more(part: &BackupPart) -> Option<String> {
    let is_said = matches!(part.state, PartState::Partial { done: Some(_), .. });
    let pieces = part.pieces.filter(|_| !is_said).map(|(done, of)| format!("{done}/{of}"));
    let text = [pieces, part.bytes.map(size)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(text).filter(|text| !text.is_empty())
}

/// The state of each part.
fn states<'i>(inventory: &'i Inventory, set: &'i BackupSet) -> impl Iterator<Item = Cell> + use<'i> {
    inventory.series.iter().enumerate().map(|(at, series)| {
        let text = short(inventory.part(set, at), series.is_unknown());
        let style = match text.as_str() {
            "ok" => AnsiColor::Green.on_default(),
            "FAIL" | "gone" => AnsiColor::Red.on_default().bold(),
            "-" | "runs" => Style::new(),
            _ => AnsiColor::Yellow.on_default().bold(),
        };
        Cell(text, style)
    })
}

/// When it was verified, and with which result.
fn verified(inventory: &Inventory, set: &BackupSet) -> Cell {
    let Some(verified) = inventory.verified(set) else { return Cell::plain("-") };
    let since = ago(inventory.now.duration_since(verified.time));
    let style = match verified.verdict {
        Verdict::Fine => AnsiColor::Green.on_default(),
        Verdict::Unknown => AnsiColor::Yellow.on_default().bold(),
        Verdict::Missing | Verdict::Damaged => AnsiColor::Red.on_default().bold(),
    };
    Cell(format!("{since} {}", verified.verdict.word()), style)
}

fn usable(fitness: &Fitness) -> Cell {
    let green = AnsiColor::Green.on_default();
    match (fitness.in_place, fitness.new_cluster) {
        (Usable::Yes, Usable::Yes) => Cell("both".to_owned(), green),
        (Usable::Yes, _) => Cell("place".to_owned(), green),
        (Usable::No, Usable::Yes) => Cell("new".to_owned(), green),
        (Usable::Unknown, Usable::Yes) => Cell("new, ?".to_owned(), AnsiColor::Yellow.on_default()),
        (Usable::No, Usable::No) => Cell("no".to_owned(), AnsiColor::Red.on_default().bold()),
        _ => Cell("?".to_owned(), AnsiColor::Yellow.on_default().bold()),
    }
}

fn answer(usable: Usable) -> Cell {
    match usable {
        Usable::Yes => Cell("yes".to_owned(), AnsiColor::Green.on_default()),
        Usable::No => Cell("no".to_owned(), AnsiColor::Red.on_default().bold()),
        Usable::Unknown => Cell("?".to_owned(), AnsiColor::Yellow.on_default().bold()),
    }
}

/// The cells of a line, and what is below it.
type Row = (Vec<Cell>, Vec<String>);

/// How wide each column is: as what is in it.
fn widths(heads: &[String], rows: &[Row]) -> Vec<usize> {
    let length = |text: &str| text.chars().count();
    let width = |(at, head): (usize, &String)| {
        let cells = rows.iter().filter_map(|(cells, _)| cells.get(at)).map(|cell| length(&cell.0));
        cells.chain([length(head)]).max().unwrap_or_default()
    };
    heads.iter().enumerate().map(width).collect()
}

/// Columns as wide as what is in them, two blanks apart.
fn lay_out(heads: &[String], rows: Vec<Row>) -> String {
    let mut out = String::new();
    if rows.is_empty() {
        return out;
    }
    let widths = widths(heads, &rows);
    let bold = Style::new().bold();
    let head: Vec<_> = heads.iter().map(|head| Cell(head.clone(), bold)).collect();
    line(&mut out, &head, &widths);
    let dim = Style::new().dimmed();
    let pad = " ".repeat(INDENT);
    for (cells, reasons) in &rows {
        line(&mut out, cells, &widths);
        for reason in reasons {
            // `show` has all lines.
            let reason = wrap(reason.lines().next().unwrap_or_default(), width().saturating_sub(INDENT));
            for line in reason.lines() {
                let _ = writeln!(out, "{pad}{dim}{line}{dim:#}");
            }
        }
    }
    out
}

fn line(out: &mut String, cells: &[Cell], widths: &[usize]) {
    for (at, (Cell(text, style), width)) in cells.iter().zip(widths).enumerate() {
        let is_last = at + 1 == cells.len();
        let _ = write!(out, "{style}{text}{style:#}");
        if !is_last {
            let blanks = (width + 2).saturating_sub(text.chars().count());
            let _ = write!(out, "{:blanks$}", "");
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::{Join, Series};
    use crate::product::FIRST;
    use crate::verify::memory::{Depth, Verified};

    /// `id@time state`.
    fn series(title: &'static str, join: Join, parts: &[(&str, &str, PartState)]) -> Series {
        let part = |(name, time, state): &(&str, &str, PartState)| BackupPart {
            is_id: FIRST.backup(name).is_ok(),
            expires: (join == Join::Nearest).then(|| "2026-01-24T12:00:00Z".parse().unwrap()),
            ..BackupPart::new(*name, time.parse().ok(), state.clone())
        };
        Series { parts: parts.iter().map(part).collect(), ..Series::new(title, title, join) }
    }

    #[test]
    fn a_time_has_the_name_of_its_own_zone() {
        let name = |times: &[&str]| {
            let zone = TimeZone::get("Europe/Stockholm").unwrap();
            of_zone(zone, times.iter().map(|time| time.parse().unwrap())).1
        };
        let (summer, winter) = ("2026-08-03T11:50:00Z", "2026-12-01T11:50:00Z");
        assert_eq!(name(&[winter]), "CET");
        assert_eq!(name(&[summer]), "CEST");
        assert_eq!(name(&[summer, winter]), "local");
    }

    #[test]
    fn what_people_read() {
        use PartState::{Failed, Good, Partial, Running, Unknown};
        let partial = Partial { done: Some((3, 4)), why: "the parts of node 2\u{1b}[2J are missing".to_owned() };
        let failed =
            Failed("BackoffLimitExceeded: Job has reached the specified backoff limit\nno space left".to_owned());
        let mut inventory = Inventory::new(
            "2025-12-01T00:00:00Z".parse().unwrap(),
            Ok("2025-11-20T00:00:00Z".parse().unwrap()),
            vec![
                series(
                    "RonDB",
                    Join::Own,
                    &[
                        ("create-backup-29402220", "2025-11-30T21:00:00Z", Running),
                        ("254871200", "2025-11-30T12:00:00Z", partial),
                        ("254861200", "2025-11-29T12:00:00Z", Good),
                        ("254851200", "2025-11-28T12:00:00Z", Good),
                        ("254841200", "2025-11-27T12:00:00Z", Unknown("not JSON".to_owned())),
                        ("254631200", "2025-11-12T12:00:00Z", Good),
                    ],
                ),
                series(
                    "OpenSearch",
                    Join::Own,
                    &[
                        ("254871205", "2025-11-30T12:05:00Z", Good),
                        ("opensearch-backup-29400000", "2025-11-29T12:00:00Z", failed),
                        ("254851200", "2025-11-28T12:00:00Z", Good),
                        ("254841200", "2025-11-27T12:00:00Z", Good),
                        ("254631200", "2025-11-12T12:00:00Z", Good),
                    ],
                ),
                series(
                    "main",
                    Join::Nearest,
                    &[
                        ("m1", "2025-11-30T12:00:40Z", Good),
                        ("m2", "2025-11-28T12:00:40Z", Good),
                        ("m3", "2025-11-12T02:00:40Z", Good),
                    ],
                ),
            ],
        );
        for (id, verdict) in [("254851200", Verdict::Damaged), ("254631200", Verdict::Fine)] {
            let time = "2025-11-30T20:00:00Z".parse().unwrap();
            inventory
                .verified
                .add(Verified { id: id.to_owned(), time, verdict, is_drill: false, depth: Depth::Ends }, None);
        }
        let (id, time) = ("254851200".to_owned(), "2025-11-29T20:00:00Z".parse().unwrap());
        inventory.verified.add(Verified { id, time, verdict: Verdict::Fine, is_drill: true, depth: Depth::All }, None);
        let zone = (TimeZone::fixed(jiff::tz::offset(1)), "CET".to_owned());
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        let shown = plain(table(&inventory, &zone));
        assert_eq!(shown, include_str!("table.txt"), "\n{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= width()));
        let shown = plain(wide(&inventory, &zone));
        assert_eq!(shown, include_str!("wide.txt"), "\n{shown}");
        assert_eq!(table(&Inventory::new(inventory.now, inventory.installed, Vec::new()), &zone), "");
    }
}
