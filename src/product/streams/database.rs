//! The database: MariaDB on AWS RDS, as the settings name it, and what a restore of it makes.

use hwdr_rds::{
    Access, Ask, Backup, Endpoint, Instance, InstanceId, Plan, Problem, Progress, Rds, Refused, RunId, Settings, When,
};

use super::settings::names::Group;
use super::settings::{MariaDb, MariaDbRestore, Origin, Replacement};
use super::{chart, keys};
use crate::refusal::Refusal;
use crate::shown::{duration, plain};
use crate::values::Value;

/// Connects to RDS, with the credentials that the AWS tools find.
///
/// # Errors
/// If there are no credentials.
pub async fn connect(database: &MariaDb) -> Result<Rds, Refusal> {
    let access = Access {
        region: Some(database.region.to_string()),
        endpoint: database.endpoint_url.as_ref().map(ToString::to_string),
        ..Access::default()
    };
    Ok(Rds::connect(access).await?)
}

/// The instance of today.
///
/// # Errors
/// If RDS takes no such name.
pub fn instance(database: &MariaDb) -> Result<InstanceId, Refusal> {
    id(database.instance.as_str())
}

/// There is no such instance.
pub fn no_instance(rds: &Rds, id: &InstanceId) -> Refusal {
    Refusal::new(format!("there is no instance {id} in {}", rds.region()))
        .help(format!("see which there are: aws rds describe-db-instances --region {}", rds.region()))
}

/// Decides what is restored with which settings. `source` is the instance of today, if it still exists.
///
/// # Errors
/// If the backup is not there, or cannot be restored to that instance: see [`hwdr_rds::Refused`]; if RDS cannot be asked.
pub async fn planned(
    rds: &Rds,
    database: &MariaDb,
    asked: &MariaDbRestore,
    source: Option<&Instance>,
) -> Result<Plan, Refusal> {
    let target = id(asked.instance.as_str())?;
    let there = rds.instance(&target).await?;
    let of = instance(database)?;
    let run = run_of(&target, &asked.from)?;
    let given = given(&database.replacement, asked, source.is_some());
    let for_version = with_groups(&given, &database.replacement);
    let ask =
        |backup, given| Plan::of(&Ask { run: &run, target: &target, there: there.as_ref(), source, backup, given });
    let decide = |backup| match ask(backup, &given) {
        // Those groups of the source are for its own version only.
        Err(Refused::OtherVersion { .. }) => ask(backup, &for_version),
        plan => plan,
    };
    let plan = match &asked.from {
        Origin::Snapshot(id) => {
            let id = id.as_str().parse().map_err(named)?;
            let snapshot = rds.snapshot(&id).await?.ok_or_else(|| {
                Refusal::new(format!("there is no snapshot {id} in {}", rds.region()))
                    .help("see which there are: helm hwdr streams database list -f values.yaml")
            })?;
            decide(Backup::Snapshot(&snapshot))
        }
        Origin::PointInTime(time) => {
            let window = rds.window(&of).await?.ok_or_else(|| match source {
                None => no_instance(rds, &of),
                Some(_) => Refusal::new(format!(
                    "instance {of} has no automatic backups: it cannot be restored to a point in time"
                ))
                .help("restore a snapshot; see which there are: helm hwdr streams database list -f values.yaml"),
            })?;
            decide(Backup::Time(&window, When::At(*time)))
        }
    };
    plan.map_err(|why| {
        let places = matches!(why, Refused::OtherVersion { .. } | Refused::Missing { .. })
            .then(|| format!("they stand in {}: parameterGroup, optionGroup, …", keys::SETTINGS_MARIADB.join(".")));
        let refusal = Refusal::from(why);
        match places {
            Some(places) => refusal.help(places),
            None => refusal,
        }
    })
}

/// Checks that Streams will find the instance at the port of its values: a new one has the port of today's.
///
/// # Errors
/// If it will not. `help` says what to do.
pub fn has_port(instance: &str, endpoint: &Endpoint, values: &Value, help: &str) -> Result<(), Refusal> {
    let port = chart::port(values);
    if endpoint.port == port {
        return Ok(());
    }
    let place = keys::MARIADB.join(".");
    Err(Refusal::new(format!(
        "instance {} answers at port {}, and the values say {port} ({place}.port): Streams would not find it",
        plain(instance),
        endpoint.port
    ))
    .help(help))
}

/// RDS could not make the instance: `again` says how to have it make another one, if its class is at fault.
pub fn not_made(error: hwdr_rds::Error, again: &str) -> Refusal {
    let has_no_room = matches!(*error.problem, Problem::NoRoom(..));
    let refusal = Refusal::from(error);
    if has_no_room { refusal.help(again) } else { refusal }
}

/// The run is named by what it makes of what, so that the same restore finds its own instance again.
fn run_of(target: &InstanceId, from: &Origin) -> Result<RunId, Refusal> {
    // A tag's value has at most 256 characters, and a run's id 128.
    let id: String = format!("{target}/{from}").chars().take(128).collect();
    id.parse().map_err(named)
}

/// The settings for an instance whose source is gone. Where it is there, its own count, except for a class that the restore asks for.
fn given(replacement: &Replacement, asked: &MariaDbRestore, has_source: bool) -> Settings {
    let text = |text: &dyn ToString| Some(text.to_string());
    let class = asked.class.as_ref().and_then(|class| text(class));
    if has_source {
        return Settings { class, ..Settings::default() };
    }
    let groups = &replacement.security_groups;
    Settings {
        class: class.or_else(|| replacement.class.as_ref().and_then(|class| text(class))),
        subnet_group: replacement.subnet_group.as_ref().and_then(|group| text(group)),
        security_groups: (!groups.is_empty()).then(|| groups.iter().map(ToString::to_string).collect()),
        parameter_group: replacement.parameter_group.as_ref().and_then(|group| text(group)),
        option_group: replacement.option_group.as_ref().and_then(|group| text(group)),
        multi_az: replacement.multi_az,
        ..Settings::default()
    }
}

/// The settings for an instance whose source is gone, with the groups of the values: for a backup of another major version than the source is of now.
fn with_groups(given: &Settings, replacement: &Replacement) -> Settings {
    let text = |group: &Option<_>| group.as_ref().map(|group: &Group| group.to_string());
    Settings {
        parameter_group: text(&replacement.parameter_group),
        option_group: text(&replacement.option_group),
        ..given.clone()
    }
}

/// How far RDS is, for people.
pub fn line(progress: &Progress) -> String {
    let percent = progress.percent.map(|percent| format!(", {percent} %")).unwrap_or_default();
    format!(
        "{} is {}{percent}: waiting for {} ({})",
        plain(&progress.what),
        plain(&progress.status),
        plain(&progress.doing),
        duration(progress.waited.as_secs())
    )
}

fn id(name: &str) -> Result<InstanceId, Refusal> {
    name.parse().map_err(named)
}

fn named(invalid: hwdr_rds::InvalidName) -> Refusal {
    Refusal::new(invalid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::streams::settings::names::{Class, Setting};

    fn class(name: &str) -> Option<Class> {
        Setting::parse(name)
    }

    #[test]
    fn a_run_is_named_by_what_it_makes_of_what() {
        let target: InstanceId = "streams-prod-2".parse().unwrap();
        let time = Origin::PointInTime("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(run_of(&target, &time).unwrap().to_string(), "streams-prod-2/2026-01-01T00:00:00Z");
    }

    #[test]
    fn the_settings_of_the_values_count_only_without_a_source() {
        let replacement = Replacement { multi_az: Some(true), class: class("db.m6g.large"), ..Replacement::default() };
        let asked = |class| MariaDbRestore {
            from: Origin::Snapshot(Setting::parse("before").unwrap()),
            instance: Setting::parse("streams-prod-2").unwrap(),
            class,
        };
        assert!(given(&replacement, &asked(None), true).is_empty());
        assert_eq!(given(&replacement, &asked(None), false).list(), ["instance class db.m6g.large", "multi-AZ yes"]);
        // A class that the restore asks for counts always: AWS may have no room for the other.
        let larger = asked(class("db.m6g.xlarge"));
        assert_eq!(given(&replacement, &larger, true).list(), ["instance class db.m6g.xlarge"]);
        assert_eq!(given(&replacement, &larger, false).list()[0], "instance class db.m6g.xlarge");
    }

    #[test]
    fn a_port_that_streams_does_not_know_is_refused() {
        use crate::product::streams::own::tests::{BOTH, values};

        let at = |port, text: &str| {
            let endpoint = Endpoint { host: "streams-prod.example.com".to_owned(), port };
            has_port("streams-prod", &endpoint, &values(text), "correct it")
        };
        assert_eq!(at(3306, BOTH), Ok(()));
        assert_eq!(at(3307, &BOTH.replace("port: 3306", "port: 3307")), Ok(()));
        assert_eq!(at(3306, &BOTH.replace(", port: 3306", "")), Ok(()), "the chart's default");
        let refusal = at(3307, BOTH).unwrap_err();
        assert!(refusal.problem.contains("answers at port 3307, and the values say 3306"), "{refusal:?}");
    }

    #[test]
    fn groups_of_the_values_count_for_a_backup_of_another_version() {
        let replacement = Replacement {
            parameter_group: Setting::parse("mariadb-10-6"),
            subnet_group: Setting::parse("other"),
            ..Replacement::default()
        };
        let given = Settings { class: Some("db.m6g.large".to_owned()), ..Settings::default() };
        assert_eq!(
            with_groups(&given, &replacement).list(),
            ["instance class db.m6g.large", "parameter group mariadb-10-6"],
            "of the rest, the source's count"
        );
    }
}
