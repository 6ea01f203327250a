//! Lets a mirror begin where its target already is.
//!
//! After a restore, production is mirrored to the backup again. The backup has all records already: they came from there. A mirror
//! that knows no position begins at the beginning of each topic, and would put every record behind its own copy. To begin at the
//! end instead (`auto.offset.reset=latest`) would lose what comes while it starts, and after each restart in partitions of which
//! it has noted nothing yet.
//!
//! MirrorMaker keeps its positions as Connect does: in `mm2-offsets.ALIAS.internal` at the target, by a key of the connector's name
//! and the partition, with the offset of the last record that arrived (`MirrorUtils.wrapPartition`, `MirrorSourceTask.loadOffset`). So
//! they are written there before its first start.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::batch::batch;
use crate::client::{Client, Ends, Error, Offsets, Topic};
use crate::mirror::Mirror;
use crate::wire::code::Code;
use crate::wire::write_topic::{CreateCompacted, Produce};

/// How many positions go into one batch: some 200 bytes each, and brokers take 1 MB.
const AT_ONCE: usize = 1000;

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

impl Client {
    /// Lets a mirror into this cluster begin at these offsets of its source: the first that is to be copied, by topic and partition.
    /// Done twice, it changes nothing more. Others begin at the beginning.
    ///
    /// # Errors
    /// If the mirror has positions of its own already; and see [`Error`].
    pub async fn begin_at(&mut self, mirror: &Mirror, offsets: &Offsets, within: Duration) -> Result<(), Error> {
        let topic = positions_topic(mirror);
        let wanted = positions(mirror.source.alias.as_str(), offsets);
        let end = tokio::time::Instant::now().checked_add(within);
        let rest = || end.map_or(within, |end| end.saturating_duration_since(tokio::time::Instant::now()));
        let replication = i16::try_from(mirror.target.replication).unwrap_or(i16::MAX);
        self.make_compacted(&topic, replication, rest()).await?;
        let there = self.newest(&topic, rest()).await?;
        if there == wanted {
            return Ok(());
        }
        // Some of them are there if an earlier call was cut off.
        if there.iter().any(|(key, value)| wanted.get(key) != Some(value)) {
            return Err(Error::Begun { topic });
        }
        let records: Vec<(Vec<u8>, Vec<u8>)> = wanted.into_iter().collect();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        for some in records.chunks(AT_ONCE) {
            self.produce(&topic, &batch(some, now), rest()).await?;
        }
        Ok(())
    }

    /// Where a mirror into this cluster goes on, by its own positions: all before that has arrived. `all` are the topics here.
    ///
    /// # Errors
    /// See [`Error`].
    pub(crate) async fn begins_at(
        &mut self,
        mirror: &Mirror,
        all: &[Topic],
        within: Duration,
    ) -> Result<Offsets, Error> {
        let topic = positions_topic(mirror);
        if !all.iter().any(|one| one.name == topic) {
            return Ok(Offsets::new());
        }
        Ok(offsets(mirror.source.alias.as_str(), &self.newest(&topic, within).await?))
    }

    async fn make_compacted(&mut self, topic: &str, replication: i16, within: Duration) -> Result<(), Error> {
        crate::client::retry!(self, "the making of a topic", within, self.make_once(topic, replication))
    }

    async fn make_once(&mut self, topic: &str, replication: i16) -> Result<(), Error> {
        if !self.has(topic).await? {
            for code in self.ask_controller(CreateCompacted { topic, replication }).await? {
                // Another may have been as fast.
                if code != Code::TOPIC_EXISTS {
                    code.check()
                        .map_err(|code| Error::Refused { what: format!("the making of topic {topic:?}"), code })?;
                }
            }
            // The controller answers before all brokers know the topic: one that does not says that there is none.
            if !self.has(topic).await? {
                return Err(Error::Refused { what: format!("topic {topic:?}"), code: Code::NO_LEADER });
            }
        }
        Ok(())
    }

    async fn produce(&mut self, topic: &str, batch: &[u8], within: Duration) -> Result<(), Error> {
        crate::client::retry!(self, "the writing of positions", within, self.produce_once(topic, batch))
    }

    async fn produce_once(&mut self, topic: &str, batch: &[u8]) -> Result<(), Error> {
        for code in self.ask_leader(topic, 0, Produce { topic, batch }).await? {
            code.check().map_err(|code| Error::Refused { what: format!("the writing to topic {topic:?}"), code })?;
        }
        Ok(())
    }

    /// The newest value of each key, over all partitions.
    async fn newest(&mut self, topic: &str, within: Duration) -> Result<Records, Error> {
        let mut newest = Records::new();
        let all = self.topics(within).await?;
        let own: Vec<_> = all.into_iter().filter(|one| one.name == topic).collect();
        for (partition, ends) in self.positions(&own, within).await?.remove(topic).unwrap_or_default() {
            let between: Ends = ends;
            let each = |record: crate::records::Record| {
                match (record.key, record.value) {
                    (Some(key), Some(value)) => drop(newest.insert(key, value)),
                    (Some(key), None) => drop(newest.remove(&key)),
                    (None, _) => {}
                }
                Ok(())
            };
            self.records(topic, partition, between, within, each).await?;
        }
        Ok(newest)
    }
}

fn positions_topic(mirror: &Mirror) -> String {
    format!("mm2-offsets.{}.internal", mirror.source.alias)
}

/// The first offsets that are to be copied, of what [`positions`] writes, or MirrorMaker since.
fn offsets(alias: &str, positions: &Records) -> Offsets {
    let mut all = Offsets::new();
    for (key, value) in positions {
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
        let (Some(key), Some(value)) = (read(key), read(value)) else { continue };
        let of = |at: &str| key.pointer(at).and_then(serde_json::Value::as_str);
        if of("/0") != Some("MirrorSourceConnector") || of("/1/cluster") != Some(alias) {
            continue;
        }
        let partition = key.pointer("/1/partition").and_then(serde_json::Value::as_i64);
        let partition = partition.and_then(|partition| i32::try_from(partition).ok());
        let last = value.get("offset").and_then(serde_json::Value::as_i64);
        if let (Some(topic), Some(partition), Some(last)) = (of("/1/topic"), partition, last) {
            all.entry(topic.to_owned()).or_default().insert(partition, last.saturating_add(1));
        }
    }
    all
}

/// As Connect's JSON converter writes them. The order of the fields is that of a Java map with these three keys: the key is compared as
/// bytes (`OffsetStorageReaderImpl`). Names of topics and aliases need no escaping in JSON.
fn positions(alias: &str, offsets: &Offsets) -> Records {
    let all =
        offsets.iter().flat_map(|(topic, partitions)| partitions.iter().map(move |(at, offset)| (topic, at, offset)));
    all.filter_map(|(topic, partition, offset)| {
        // The first offset of all: nothing arrived.
        let last = offset.checked_sub(1).filter(|last| *last >= 0)?;
        let key =
            format!(r#"["MirrorSourceConnector",{{"cluster":"{alias}","partition":{partition},"topic":"{topic}"}}]"#);
        Some((key.into_bytes(), format!(r#"{{"offset":{last}}}"#).into_bytes()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_connect_writes_them() {
        let offsets: Offsets = [("a.b".to_owned(), [(0, 10), (7, 0)].into())].into();
        let written = positions("prod-2", &offsets);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let written: Vec<_> = written.iter().map(|(key, value)| (text(key), text(value))).collect();
        let key = r#"["MirrorSourceConnector",{"cluster":"prod-2","partition":0,"topic":"a.b"}]"#;
        assert_eq!(written, [(key.to_owned(), r#"{"offset":9}"#.to_owned())]);
    }

    #[test]
    fn is_read_back() {
        let all: Offsets = [("a.b".to_owned(), [(0, 10), (7, 3)].into())].into();
        let mut written = positions("prod-2", &all);
        written.extend(positions("other", &[("a.b".to_owned(), [(1, 5)].into())].into()));
        written.insert(b"no JSON".to_vec(), b"{}".to_vec());
        assert_eq!(offsets("prod-2", &written), all);
    }
}
