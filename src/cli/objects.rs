//! `hwdr objects`: the Kubernetes objects of a backup.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::Style;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::backups::look::LookArgs;
use super::connection::{ConnectionArgs, block_on};
use super::ids::{self, Given};
use super::messages::Failure;
use super::{ValueArgs, ask, inputs};
use crate::cluster::{Cluster, Kind};
use crate::lint::view::dotted;
use crate::mode::Mode;
use crate::pipeline;
use crate::product::{self, Backup, Product, Recorded};
use crate::rights;
use crate::velero::{Chosen, Restored, Set, Velero, Wanted, find_set, is_read_only, restore_objects, shortened};

/// The Kubernetes objects of a backup
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Restore(Box<Restore>),
}

/// Restores the Kubernetes objects of a backup into a new cluster, with Velero, before helm install
///
/// It chooses the two Velero backups nearest to the time of the backup id, or those that are named, and shows them. Then it restores
/// the cluster's own objects first, and the users' next. Run "helm hwdr bsl apply" before it. To continue, run it again.
#[derive(Debug, Args)]
struct Restore {
    /// The backup id [default: the one in the values]; latest or oldest, if the cluster knows its backups
    #[arg(long, value_name = "ID", value_parser = ids::given)]
    backup_id: Option<Given>,
    /// The Velero backup of the cluster's own objects [default: the nearest]
    #[arg(long, value_name = "NAME")]
    main: Option<String>,
    /// The Velero backup of the users' resources [default: the nearest]
    #[arg(long, value_name = "NAME")]
    users: Option<String>,
    /// Continue where Velero could not restore everything
    #[arg(long)]
    accept_partial: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    values: ValueArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        match &self.action {
            Action::Restore(restore) => restore.run(),
        }
    }
}

/// What flags and values ask for.
struct Request {
    product: &'static dyn Product,
    wanted: Wanted,
    velero: Velero,
    recorded: Recorded,
}

impl Restore {
    fn run(&self) -> Result<()> {
        block_on(async {
            let id = match &self.backup_id {
                Some(given) => {
                    let look = LookArgs::new(self.values.clone(), self.connection.clone());
                    Some(given.id(&look, rights::Command::Objects).await?)
                }
                None => None,
            };
            self.restore(&self.request(id)?).await
        })
    }

    async fn restore(&self, request: &Request) -> Result<()> {
        let cluster = self.connection.connect().await?;
        let set = find_set(&cluster, &request.velero, &request.wanted, None, &mut ask::tell).await?;
        crate::shown::print(&shown(&cluster, &set));
        for note in set.both().into_iter().flat_map(|chosen| &chosen.notes) {
            ask::warn(note);
        }
        warn_of_releases(&cluster).await;
        let prompt = "Restore both into this cluster? [y/N] ";
        ask::confirm(prompt, "nothing was changed", "check what is shown above, then add --yes", self.yes)?;
        let restored = restore_objects(
            &cluster,
            &request.velero,
            &set,
            None,
            &mut |holes| ask::accepts(holes, self.accept_partial),
            &mut ask::tell,
        )
        .await?;
        for restored in &restored {
            warn_of(restored);
        }
        for objection in request.product.objections(&cluster, &request.recorded).await? {
            let then = match objection.is_older {
                true => format!(
                    "Velero copied the records before this backup was among them: look whether it is whole before you install\n\
                     helm hwdr backups verify {} --from-bucket -f values.yaml",
                    request.wanted.id
                ),
                false => "look at the ids before you install".to_owned(),
            };
            ask::warn(&format!("{} (namespace {}): {then}", objection.what, cluster.namespace));
        }
        crate::shown::print(&next(&cluster, &request.velero, is_read_only(&cluster, &request.velero).await?));
        Ok(())
    }

    /// What the flags and the values ask for. If both name something, they must agree: the chart reads only the values.
    fn request(&self, id: Option<Backup>) -> Result<Request> {
        let values = inputs::values(&self.values)?;
        let product = values.as_ref().map_or(product::FIRST, product::of);
        let velero = values.as_ref().map(|values| product.velero(values)).transpose()?;
        let settings = match values {
            Some(values) if pipeline::asks_for_restore(&values) => pipeline::restore(&values, Mode::Install)?,
            _ => None,
        };
        let settings = settings.as_deref();
        let path = dotted(product.keys().backup_id);
        let id = agreed("--backup-id", &id, &path, settings.map(|settings| settings.backup()))?.ok_or_else(|| {
            Failure::unusable("no backup id is given")
                .help(format!("give --backup-id ID, or values with -f that have {path}"))
        })?;
        let [main, users] =
            settings.map(|settings| settings.objects().map(|name| name.map(str::to_owned))).unwrap_or_default();
        let [of_main, of_users] = product.keys().objects.map(dotted);
        Ok(Request {
            wanted: Wanted {
                id: id.clone(),
                main: agreed("--main", &self.main, &of_main, main)?,
                users: agreed("--users", &self.users, &of_users, users)?,
            },
            velero: velero.unwrap_or_default(),
            recorded: settings.map_or_else(|| product.recorded(&id), |settings| settings.recorded()),
            product,
        })
    }
}

/// What a flag or the values say. If both do, they must agree.
fn agreed<T: PartialEq + Clone + std::fmt::Display>(
    flag: &str,
    given: &Option<T>,
    path: &str,
    set: Option<T>,
) -> Result<Option<T>> {
    match (given, &set) {
        (Some(given), Some(set)) if given != set => {
            bail!(
                Failure::unusable(format!("{flag} is {given}, and {path} in the values is {set}"))
                    .help(format!("leave {flag} out, or change the values: helm install reads only those"))
            )
        }
        (given, _) => Ok(given.clone().or(set)),
    }
}

/// The set, for people.
fn shown(cluster: &Cluster, set: &Set) -> String {
    let bold = Style::new().bold();
    let time = set.id.time.map_or_else(String::new, |time| format!(" ({time})"));
    let mut out = format!("{bold}Kubernetes objects of the backup {}{time}{bold:#}\n", set.id);
    let _ = writeln!(out, "  into     {} ({}), namespace {}", cluster.context, cluster.server, cluster.namespace);
    let line = |label: &str, chosen: &Chosen| {
        let how = if chosen.is_named { "named" } else { "the nearest" };
        format!("  {label:<9}{}\n           {}, {how}\n", chosen.backup.name, chosen.skew_text())
    };
    out.push_str(&line("main", &set.main));
    out.push_str(&line("users", &set.users));
    out
}

/// Warns of existing releases: Secrets that they created are kept as they are.
async fn warn_of_releases(cluster: &Cluster) {
    // Without the right to list Secrets, there is no warning.
    let secrets = cluster.names(Kind::SECRET, None, "owner=helm").await.unwrap_or_default();
    // sh.helm.release.v1.NAME.v1
    let release = |secret: &String| Some(secret.strip_prefix("sh.helm.release.v1.")?.rsplit_once('.')?.0.to_owned());
    let releases: BTreeSet<_> = secrets.iter().filter_map(release).collect();
    if !releases.is_empty() {
        let names: Vec<_> = releases.into_iter().collect();
        ask::warn(&format!(
            "Helm has already installed {} in the namespace {}. Existing objects are not overwritten: passwords that the chart \
             generated stay, and do not match the restored data",
            names.join(", "),
            cluster.namespace
        ));
    }
}

/// Warns of what Velero did not restore.
fn warn_of(restored: &Restored) {
    let name = &restored.name;
    if let Some(why) = &restored.unread {
        ask::warn(&format!(
            "Velero's warnings of {name} cannot be shown: {why}\nask Velero which Secrets it did not overwrite:\n\
             velero restore describe --details \\\n{name}"
        ));
    } else if !restored.warnings.is_empty() {
        ask::warn(&format!("Velero warns, restoring {name}:\n{}", shortened(&restored.warnings)));
    }
}

/// What to do next.
fn next(cluster: &Cluster, velero: &Velero, is_read_only: bool) -> String {
    let mut out = format!(
        "The objects are restored. Next, with values that name the same backup, and the\n\
         flags that \"helm hwdr post-renderer install\" prints:\n\n  \
         helm install RELEASE CHART --namespace {} -f values.yaml \\\n    --post-renderer …\n",
        cluster.namespace
    );
    if is_read_only {
        let _ = write!(
            out,
            "\nThe storage location is read-only: no new backups are created. When the restored\n\
             cluster works, let Velero write again:\n\n  {}\n",
            velero.open()
        );
    }
    out
}
