//! A KRM function's ResourceList: one document with the objects as items, and the function's own settings beside them.

use thiserror::Error;

use crate::mode::Mode;
use crate::render::Rendered;
use crate::stream::edit::{At, EditError};
use crate::stream::{Object, Stream, StreamError};
use crate::values::{Data, Entry, Value, ValuesError, read_one, text_of};

/// A ResourceList.
#[derive(Debug)]
pub struct ResourceList {
    /// The whole document: its items are the stream's objects.
    pub stream: Stream,
    /// The function's settings.
    pub config: Config,
}

/// `functionConfig.spec`.
#[derive(Debug)]
pub struct Config {
    /// `for`: which kind of restore.
    pub mode: Mode,
    /// `namespace`, if the objects do not name theirs.
    pub namespace: Option<String>,
    /// `unguarded`: restore in place though nobody sets the old data aside.
    pub unguarded: bool,
    /// `values`: the values that Helm would get.
    pub values: Value,
}

/// Why a ResourceList cannot be used.
#[derive(Debug, Error)]
pub enum KrmError {
    /// It is not one.
    #[error("standard input is not a ResourceList: {0}")]
    NoList(String),
    /// The function's settings are invalid.
    #[error("functionConfig: {0}")]
    Config(String),
    /// A document in it.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// Its YAML.
    #[error(transparent)]
    Values(#[from] ValuesError),
    /// Its items cannot be added to.
    #[error("items: {0}")]
    Items(#[from] EditError),
}

/// Reads a ResourceList.
///
/// # Errors
/// If it is not one, or its `functionConfig.spec` lacks what [`Config`] needs.
pub fn read(bytes: Vec<u8>) -> Result<ResourceList, KrmError> {
    let source = text_of("ResourceList", bytes.clone())?;
    let list = read_one(source)?;
    match list.get(&["kind"]).and_then(Value::as_str) {
        Some("ResourceList") => {}
        Some(kind) => return Err(KrmError::NoList(format!("its kind is {kind}"))),
        None => return Err(KrmError::NoList("it is empty, or has no kind".to_owned())),
    }
    let stream = Stream::parse(bytes)?;
    if stream.documents() != 1 {
        return Err(KrmError::NoList(format!("expected one document, but there are {}", stream.documents())));
    }
    Ok(ResourceList { stream, config: config(list)? })
}

fn config(list: Value) -> Result<Config, KrmError> {
    let wrong = |problem: &str| KrmError::Config(problem.to_owned());
    let Some(Data::Map(mut spec)) = list.get(&["functionConfig", "spec"]).map(|spec| spec.data.clone()) else {
        return Err(wrong("spec is missing (a map with `for` and `values`)"));
    };
    let mut take = |key: &str| spec.remove(key).map(|Entry { value, .. }| value);
    let mode = take("for");
    let mode = mode.as_ref().and_then(Value::as_str).and_then(Mode::of);
    let mode = mode.ok_or_else(|| wrong("spec.for must be install (into a new cluster) or upgrade (in place)"))?;
    let values = take("values").filter(|values| matches!(values.data, Data::Map(_)));
    let values = values.ok_or_else(|| wrong("spec.values is missing (a map: the values for helm's -f)"))?;
    let namespace = take("namespace");
    let namespace = match &namespace {
        None => None,
        Some(name) => Some(name.as_str().ok_or_else(|| wrong("spec.namespace must be a string"))?.to_owned()),
    };
    let unguarded = match take("unguarded") {
        None => false,
        Some(value) => value.as_bool().ok_or_else(|| wrong("spec.unguarded must be true or false"))?,
    };
    match spec.keys().next() {
        None => Ok(Config { mode, namespace, unguarded, values }),
        Some(key) => Err(wrong(&format!("spec.{key} is unknown: use for, namespace, unguarded or values"))),
    }
}

/// The ResourceList with its changes: injected objects become items. It is parsed again before anybody else gets it.
///
/// # Errors
/// If items cannot be added to it.
pub fn write(stream: &Stream, rendered: Rendered) -> Result<String, KrmError> {
    let Rendered { mut edits, appended, .. } = rendered;
    let object = stream.objects().first().ok_or_else(|| KrmError::NoList("it has no items".to_owned()))?;
    let look = stream.look_at_document(object);
    let mut expected: Vec<String> = stream.objects().iter().map(id).collect();
    for document in appended {
        edits.add_to_list(&look, look.root, "items", &document, At::End)?;
        expected.extend(Stream::parse(document.into_bytes())?.objects().iter().map(id));
    }
    let text = edits.apply_to(stream, object.document);
    let found = edits.read_back(stream, object.document, &text)?;
    match found.iter().map(id).eq(expected) {
        true => Ok(text),
        false => Err(EditError::Broken("its items have become others".to_owned()).into()),
    }
}

/// The identity of an object.
fn id(object: &Object) -> String {
    format!("{} {} {:?} {}", object.api_version(), object.kind(), object.namespace(), object.name())
}
