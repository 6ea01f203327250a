//! What hwdr can restore: one folder per product, and in it one per service. All other code knows no product, and asks [`PRODUCTS`].

pub mod hopsworks;
pub mod request;
pub mod service;
pub mod shelf;
pub mod streams;

use std::fmt;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::cluster::Cluster;
use crate::doctor::{Facts, Line, Mend};
use crate::lint::IdKind;
use crate::lint::rules::Rule;
use crate::lint::schema::Node;
use crate::lint::view::is_map;
use crate::mode::Mode;
use crate::refusal::Refusal;
use crate::run::{Step, steps};
use crate::s3::folders::Folders;
use crate::topology::{Role, Topology};
use crate::values::chart::Chart;
use crate::values::{Data, Value};
use crate::velero::Velero;

pub use request::{Backup, Barrier, Ground, Objection, Recorded, Request, rotated};
use service::{Doing, Files, Service};

/// All products. Values that none of them recognizes are read as the first one's.
pub static PRODUCTS: &[&dyn Product] = &[FIRST, &streams::Streams];
/// The first one.
pub const FIRST: &dyn Product = &hopsworks::Hopsworks;
/// The folders of a bucket for commands that read no values: the first product's.
pub const FOLDERS: Folders = hopsworks::hopsfs::bucket::FOLDERS;

/// Something that a chart installs and that can be restored.
pub trait Product: Sync {
    /// One word, stable: also the name of its chart.
    fn name(&self) -> &'static str;
    /// Its name, for people.
    fn title(&self) -> &'static str;
    /// Whether the name of a chart, or of an object that installs one, is its own.
    fn is_named(&self, name: &str) -> bool {
        name.contains(self.name())
    }

    /// Names that only this product uses, beside those of its keys and services: labels, containers, Jobs, ConfigMaps, folders of a
    /// bucket. No other code contains them (`tests/it/product_names.rs`).
    fn names(&self) -> &'static [&'static str] {
        &[]
    }

    /// The places in its values that matter.
    fn keys(&self) -> &'static Keys;
    /// The JSON Schema of its values.
    fn schema(&self) -> &'static str;
    /// That schema, as the linter uses it.
    fn shape(&self) -> &'static Node;
    /// The rules for its values, in the order they run and are listed in.
    fn rules(&self) -> &'static [&'static dyn Rule];
    /// Its services, in the order of a restore.
    fn services(&self) -> &'static [&'static dyn Service];
    /// Templates that several services use.
    fn shared(&self) -> Files {
        &[]
    }

    /// Words that mark a ConfigMap which must be read, beside those of the services.
    fn hints(&self) -> &'static [&'static str] {
        &[]
    }

    /// The lines of a plan that list the members of the cluster, by [`Role::group`].
    fn groups(&self) -> &'static [&'static str];
    /// The role that is always in the namespace of the release.
    fn anchor(&self) -> Role;
    /// Addresses that restore Jobs use, with the role that answers there.
    fn servers(&self, _topology: &Topology) -> Vec<(String, Role)> {
        Vec::new()
    }

    /// How its charts hold workloads at zero while they restore what these use.
    fn barriers(&self) -> &'static [&'static Barrier] {
        &[]
    }

    /// The restore that `values` ask for, or none.
    ///
    /// # Errors
    /// If a value has the wrong type, or the mode and the values contradict each other: then the intention is unclear.
    fn request(&self, values: &Value, mode: Mode) -> Result<Option<Box<dyn Request>>, Refusal>;
    /// Velero's names in the values.
    ///
    /// # Errors
    /// If a value has the wrong type, or is not a name.
    fn velero(&self, values: &Value) -> Result<Velero, Refusal>;
    /// Where backups are and how long they are kept, as the values say.
    ///
    /// # Errors
    /// If a value has the wrong type.
    fn storage(&self, _values: &Value) -> Result<Storage, Refusal> {
        Ok(Storage::default())
    }

    /// The places in its values that say what backups are called and how long they are kept. None of them is secret.
    fn backup_keys(&self) -> &'static [Path] {
        &[]
    }

    /// The backup with that id.
    ///
    /// # Errors
    /// If it is not a backup id: why.
    fn backup(&self, id: &str) -> Result<Backup, String>;
    /// The services whose backups the cluster records under ids of their own.
    fn records(&self) -> &'static [&'static str] {
        &[]
    }

    /// The id of a backup of one of these services.
    ///
    /// # Errors
    /// If it is not one: why.
    fn recorded_id(&self, _service: &str, id: &str) -> Result<Backup, String> {
        self.backup(id)
    }

    /// A backup by the id of a set, and not by that of a single service which has ids of its own.
    ///
    /// # Errors
    /// If it is not one: why.
    fn set_backup(&self, id: &str) -> Result<Backup, String> {
        self.backup(id)
    }

    /// The backups of their data with that id, as they are recorded by default.
    fn recorded(&self, _id: &Backup) -> Recorded {
        Recorded::default()
    }

    /// The labels of the metadata ConfigMaps; without any, one that no object has.
    fn record_labels(&self) -> &'static str {
        "hwdr.hopsworks.ai/record"
    }

    /// The first metadata ConfigMap of each of [`Product::records`]; the default ones without values.
    ///
    /// # Errors
    /// If a value has the wrong type.
    fn record_names(&self, _values: Option<&Value>) -> Result<Vec<(&'static str, String)>, Refusal> {
        Ok(Vec::new())
    }

    /// The services, of those that a chart may leave out, that these values switch on.
    fn expected(&self, _values: &Value) -> Vec<&'static str> {
        Vec::new()
    }

    /// The values that restore these backups, each by the name of its series.
    fn restore_values(&self, id: &str, parts: &[(String, &str)], mode: Mode) -> Json;
    /// Where the cluster records when a backup ended, for people.
    fn ends(&self) -> &'static str;
    /// Reasons in the cluster's records not to restore from these backups.
    fn objections<'r>(
        &'r self,
        _cluster: &'r Cluster,
        _recorded: &'r Recorded,
    ) -> Doing<'r, Result<Vec<Objection>, Refusal>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The steps of a run, whose record has `own` ([`Request::own`]).
    fn steps(&self, mode: Mode, _own: &Json) -> Vec<Step> {
        match mode {
            Mode::Upgrade => steps::UPGRADE.to_vec(),
            Mode::Install => steps::INSTALL.to_vec(),
        }
    }

    /// Checks what the record of a run has of this product alone ([`Request::own`]).
    ///
    /// # Errors
    /// If hwdr would not write it.
    fn check_own(&self, own: &Json) -> Result<(), String> {
        if own.is_null() {
            Ok(())
        } else {
            Err(format!("own is {own}, but runs of {} have nothing there", self.title()))
        }
    }

    /// Where the chart's values change for good by a run, and what to, from what its record has: `finalize` writes it into the values files.
    ///
    /// # Errors
    /// If the record cannot be read.
    fn cutover(&self, _own: &Json) -> Result<Vec<(Vec<&'static str>, String)>, Refusal> {
        Ok(Vec::new())
    }

    /// How new each part of what a run has restored is, where parts have times of their own: for the report.
    fn times(&self, _own: &Json) -> Vec<(String, Timestamp)> {
        Vec::new()
    }

    /// Where something belongs that is misplaced at `path`, and its schema.
    fn belongs(&self, _path: &[String]) -> Option<(Vec<String>, &'static Node)> {
        None
    }

    /// Whether a restore is silently lost if the key `key` is misspelt, with this value.
    fn loses_a_restore(&self, _key: &str, _value: &Value) -> bool {
        false
    }

    /// What `hwdr doctor` says of this product alone.
    fn examine(&self, _facts: &Facts) -> Vec<Line> {
        Vec::new()
    }

    /// What is safe to change of this product alone.
    fn mends(&self, _facts: &Facts) -> Vec<Mend> {
        Vec::new()
    }

    /// What can be mended after something in the cluster has shown that it is safe; and why something cannot, for people.
    fn proven<'r>(&'r self, _cluster: &'r Cluster, _facts: &'r Facts) -> Doing<'r, (Vec<Mend>, Vec<String>)> {
        Box::pin(async { (Vec::new(), Vec::new()) })
    }

    /// What it cannot find out by looking.
    fn unexamined(&self) -> &'static [&'static str] {
        &[]
    }

    /// The ConfigMaps by which the product itself says what it does.
    fn telling(&self) -> &'static [&'static str] {
        &[]
    }

    /// The kind of value that the chart's schema takes as a service's own id, if it says so.
    fn id_kind(&self, _chart: &Chart) -> Option<IdKind> {
        None
    }
}

impl fmt::Debug for dyn Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where backups are and how long they are kept, as far as the values say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// The bucket.
    pub bucket: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The server's address, unless it is AWS.
    pub endpoint: Option<String>,
    /// How long backups are kept, in seconds.
    pub ttl: Option<i64>,
    /// When they are made, where no chart says so.
    pub cron: Option<String>,
}

/// A place in the values. `*` stands for any key.
pub type Path = &'static [&'static str];

/// The places in a product's values that matter.
pub struct Keys {
    /// The block that all its charts share.
    pub shared: Path,
    /// Keys that only its values have, anywhere in a text or on top of the values.
    pub marks: &'static [&'static str],
    /// The sections of its subcharts, and its own.
    pub sections: &'static [&'static str],
    /// Its subcharts.
    pub parts: &'static [&'static str],
    /// With any of these, values are for this product. Some are places of misplaced blocks.
    pub ours: &'static [Path],
    /// What asks for a restore: with any of them, nothing goes to helm unchanged.
    pub asks: &'static [Path],
    /// What is removed from the values when a restore is final.
    pub goes: &'static [Path],
    /// The id of the backup to restore.
    pub backup_id: Path,
    /// The Velero backups to restore: of the cluster's own objects, and of the users'.
    pub objects: [Path; 2],
    /// The bucket of the backups; none if the values name none.
    pub bucket: Option<Bucket>,
    /// How long backups are kept.
    pub ttl: Path,
}

/// The places in a product's values that are about the bucket of its backups.
pub struct Bucket {
    /// Its name.
    pub name: Path,
    /// Object storage: the bucket's region is in it.
    pub storage: Path,
    /// Who does the work on it: the flag `--from` sets it.
    pub from: Path,
}

impl Keys {
    /// Whether these are values of its chart, or an overlay of them.
    pub fn know(&self, values: &Value) -> bool {
        is_map(values, self.shared)
            || self.sections.iter().any(|section| is_map(values, &[section]))
            || self.marks.iter().any(|mark| values.entry(mark).is_some())
    }

    /// Whether anything in the values asks for a restore, even if it is refused later: a misspelt key must not pass as no restore.
    pub fn ask(&self, values: &Value) -> bool {
        self.asks.iter().any(|path| says(values, path))
    }

    /// Whether a file's text contains a key that only its values have.
    pub fn are_in(&self, text: &str) -> bool {
        self.marks.iter().any(|mark| text.contains(mark))
    }
}

/// The product of that name.
pub fn named(name: &str) -> Option<&'static dyn Product> {
    PRODUCTS.iter().copied().find(|product| product.name() == name)
}

/// All services of all products.
pub fn services() -> impl Iterator<Item = &'static dyn Service> {
    PRODUCTS.iter().flat_map(|product| product.services()).copied()
}

/// Where values name their product; the flag `--product` sets it.
pub const NAMED: Path = &["hwdr", "product"];

/// The product that values are for: the first whose restore they ask for, or else the one that they name, or else the first that knows them.
pub fn of(values: &Value) -> &'static dyn Product {
    let asked = PRODUCTS.iter().copied().find(|product| product.keys().ask(values));
    asked.or_else(|| known(values)).unwrap_or(FIRST)
}

/// Whether these are values of a product, or an overlay of them.
pub fn is_known(values: &Value) -> bool {
    known(values).is_some()
}

/// The product that values name, or else the first that knows them.
fn known(values: &Value) -> Option<&'static dyn Product> {
    let name = values.get(NAMED).and_then(Value::as_str);
    let known = || PRODUCTS.iter().copied().find(|product| product.keys().know(values));
    name.and_then(named).or_else(known)
}

/// Whether a file's text contains a key that only values of a product have.
pub fn is_in(text: &str) -> bool {
    PRODUCTS.iter().any(|product| product.keys().are_in(text))
}

/// The names of all products, for people.
pub fn titles() -> String {
    PRODUCTS.iter().map(|product| product.title()).collect::<Vec<_>>().join(" or ")
}

/// Whether there is anything at `path`.
pub fn says(values: &Value, path: &[&str]) -> bool {
    match path.split_first() {
        None => says_something(values),
        Some((&"*", rest)) => match &values.data {
            Data::Map(map) => map.values().any(|entry| says(&entry.value, rest)),
            _ => false,
        },
        Some((key, rest)) => values.get(&[key]).is_some_and(|value| says(value, rest)),
    }
}

/// Whether it contains any value other than null, false and the empty string.
fn says_something(value: &Value) -> bool {
    match &value.data {
        Data::Null | Data::Bool(false) => false,
        Data::String(text) => !text.is_empty(),
        Data::List(items) => items.iter().any(says_something),
        Data::Map(map) => map.values().any(|entry| says_something(&entry.value)),
        Data::Bool(true) | Data::Number(_) => true,
    }
}
