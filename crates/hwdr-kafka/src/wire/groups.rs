//! Consumer groups and their committed offsets.

use super::Request;
use super::code::Code;
use super::read::{Malformed, Reader};
use super::write::Writer;

/// Which broker coordinates each of these groups.
pub(crate) struct FindCoordinator<'a>(pub(crate) &'a [String]);

impl Request for FindCoordinator<'_> {
    const KEY: i16 = 10;
    const VERSION: i16 = 4;
    const FLEXIBLE: bool = true;
    const NAME: &'static str = "FindCoordinator";
    /// Group, broker, error.
    type Answer = Vec<(String, i32, Code)>;

    fn write(&self, out: &mut Writer) {
        out.i8(0); // groups
        out.list(self.0, |out, group| out.string(group));
        out.tags();
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        let found = r.list(|r| {
            let (group, broker) = (r.string()?, r.i32()?);
            r.string()?; // host
            r.i32()?; // port
            let code = Code(r.i16()?);
            r.nullable_string()?; // message
            r.tags()?;
            Ok((group, broker, code))
        })?;
        r.tags()?;
        Ok(found)
    }
}

/// The groups that the asked broker coordinates.
pub(crate) struct ListGroups;

pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) protocol: String,
    pub(crate) state: String,
}

impl Request for ListGroups {
    const KEY: i16 = 16;
    const VERSION: i16 = 4;
    const FLEXIBLE: bool = true;
    const NAME: &'static str = "ListGroups";
    type Answer = (Code, Vec<Listed>);

    fn write(&self, out: &mut Writer) {
        out.list::<()>(&[], |_, ()| ());
        out.tags();
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        let code = Code(r.i16()?);
        let groups = r.list(|r| {
            let listed = Listed { id: r.string()?, protocol: r.string()?, state: r.string()? };
            r.tags()?;
            Ok(listed)
        })?;
        r.tags()?;
        Ok((code, groups))
    }
}

/// A group's state and its members: client id and host.
pub(crate) struct Described {
    pub(crate) code: Code,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) members: Vec<(String, String)>,
}

/// Groups whose clients share partitions among themselves.
pub(crate) struct DescribeGroups<'a>(pub(crate) &'a [String]);

impl Request for DescribeGroups<'_> {
    const KEY: i16 = 15;
    const VERSION: i16 = 4;
    const NAME: &'static str = "DescribeGroups";
    type Answer = Vec<Described>;

    fn write(&self, out: &mut Writer) {
        out.list(self.0, |out, group| out.string(group));
        out.bool(false);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        r.list(|r| {
            let (code, id, state) = (Code(r.i16()?), r.string()?, r.string()?);
            r.string()?; // protocol type
            r.string()?; // protocol
            let members = r.list(|r| {
                r.string()?; // member id
                r.nullable_string()?; // instance id
                let member = (r.string()?, r.string()?);
                r.nullable_bytes()?; // metadata
                r.nullable_bytes()?; // assignment
                Ok(member)
            })?;
            r.i32()?; // authorized operations
            Ok(Described { code, id, state, members })
        })
    }
}

/// Groups to which the broker assigns partitions (KIP-848, Kafka 4.0).
pub(crate) struct ConsumerGroupDescribe<'a>(pub(crate) &'a [String]);

impl Request for ConsumerGroupDescribe<'_> {
    const KEY: i16 = 69;
    const VERSION: i16 = 0;
    const FLEXIBLE: bool = true;
    const NAME: &'static str = "ConsumerGroupDescribe";
    type Answer = Vec<Described>;

    fn write(&self, out: &mut Writer) {
        out.list(self.0, |out, group| out.string(group));
        out.bool(false);
        out.tags();
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        let groups = r.list(|r| {
            let code = Code(r.i16()?);
            r.nullable_string()?; // message
            let (id, state) = (r.string()?, r.string()?);
            r.i32()?; // group epoch
            r.i32()?; // assignment epoch
            r.string()?; // assignor
            let members = r.list(|r| {
                r.string()?; // member id
                r.nullable_string()?; // instance id
                r.nullable_string()?; // rack
                r.i32()?; // epoch
                let member = (r.string()?, r.string()?);
                r.skip_list(|r| r.string().map(drop))?; // topics
                r.nullable_string()?; // expression of topics
                assignment(r)?;
                assignment(r)?; // the one that is meant
                r.tags()?;
                Ok(member)
            })?;
            r.i32()?; // authorized operations
            r.tags()?;
            Ok(Described { code, id, state, members })
        })?;
        r.tags()?;
        Ok(groups)
    }
}

fn assignment(r: &mut Reader<'_>) -> Result<(), Malformed> {
    r.skip_list(|r| {
        r.take(16)?; // topic id
        r.string()?;
        r.skip_list(|r| r.i32().map(drop))?;
        r.tags()
    })?;
    r.tags()
}

/// All committed offsets of these groups, which the asked broker coordinates.
pub(crate) struct OffsetFetch<'a>(pub(crate) &'a [String]);

pub(crate) struct Committed {
    pub(crate) group: String,
    pub(crate) code: Code,
    /// Topic, then partition, error and offset.
    pub(crate) topics: super::offsets::Offsets,
}

impl Request for OffsetFetch<'_> {
    const KEY: i16 = 9;
    const VERSION: i16 = 8;
    const FLEXIBLE: bool = true;
    const NAME: &'static str = "OffsetFetch";
    type Answer = Vec<Committed>;

    fn write(&self, out: &mut Writer) {
        out.list(self.0, |out, group| {
            out.string(group);
            out.null_list(); // all topics
            out.tags();
        });
        out.bool(true); // not while a transaction decides
        out.tags();
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        let groups = r.list(|r| {
            let group = r.string()?;
            let topics = r.list(|r| {
                let topic = r.string()?;
                let partitions = r.list(|r| {
                    let (partition, offset) = (r.i32()?, r.i64()?);
                    r.i32()?; // leader epoch
                    r.nullable_string()?; // metadata
                    let code = Code(r.i16()?);
                    r.tags()?;
                    Ok((partition, code, offset))
                })?;
                r.tags()?;
                Ok((topic, partitions))
            })?;
            let code = Code(r.i16()?);
            r.tags()?;
            Ok(Committed { group, code, topics })
        })?;
        r.tags()?;
        Ok(groups)
    }
}

/// Commits offsets for a group without members.
pub(crate) struct OffsetCommit<'a> {
    pub(crate) group: &'a str,
    pub(crate) topics: &'a [(String, Vec<(i32, i64)>)],
}

impl Request for OffsetCommit<'_> {
    const KEY: i16 = 8;
    const VERSION: i16 = 7;
    const NAME: &'static str = "OffsetCommit";
    /// Topic, partition, error.
    type Answer = Vec<(String, i32, Code)>;

    fn write(&self, out: &mut Writer) {
        out.string(self.group);
        // No member and no generation: the broker takes it only while the group is empty (GroupMetadata.validateOffsetCommit).
        out.i32(-1);
        out.string("");
        out.nullable_string(None);
        out.list(self.topics, |out, (topic, partitions)| {
            out.string(topic);
            out.list(partitions, |out, (partition, offset)| {
                out.i32(*partition);
                out.i64(*offset);
                out.i32(-1); // leader epoch
                out.nullable_string(Some(""));
            });
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        let topics = r.list(|r| {
            let topic = r.string()?;
            r.list(|r| Ok((topic.clone(), r.i32()?, Code(r.i16()?))))
        })?;
        Ok(topics.into_iter().flatten().collect())
    }
}
