//! Brokers, topics, their settings, and ACLs.

use super::Request;
use super::code::Code;
use super::read::{Malformed, Reader};
use super::write::Writer;

/// All brokers and topics.
pub(crate) struct Metadata;

pub(crate) struct BrokerAt {
    pub(crate) id: i32,
    pub(crate) host: String,
    pub(crate) port: i32,
}

pub(crate) struct TopicAt {
    pub(crate) code: Code,
    pub(crate) name: String,
    pub(crate) partitions: Vec<PartitionAt>,
}

pub(crate) struct PartitionAt {
    pub(crate) index: i32,
    pub(crate) leader: i32,
    pub(crate) replicas: Vec<i32>,
    pub(crate) in_sync: Vec<i32>,
}

pub(crate) struct Everything {
    pub(crate) brokers: Vec<BrokerAt>,
    pub(crate) cluster: Option<String>,
    pub(crate) controller: i32,
    pub(crate) topics: Vec<TopicAt>,
}

impl Request for Metadata {
    const KEY: i16 = 3;
    const VERSION: i16 = 7;
    const NAME: &'static str = "Metadata";
    type Answer = Everything;

    fn write(&self, out: &mut Writer) {
        out.null_list();
        // A topic must not come to be because it was asked about.
        out.bool(false);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        let brokers = r.list(|r| {
            let broker = BrokerAt { id: r.i32()?, host: r.string()?, port: r.i32()? };
            r.nullable_string()?; // rack
            Ok(broker)
        })?;
        let cluster = r.nullable_string()?;
        let controller = r.i32()?;
        let topics = r.list(|r| {
            let (code, name) = (Code(r.i16()?), r.string()?);
            r.bool()?; // internal
            let partitions = r.list(|r| {
                r.i16()?; // a partition's error: it has no leader then
                let (index, leader) = (r.i32()?, r.i32()?);
                r.i32()?; // leader epoch
                let (replicas, in_sync) = (r.list(Reader::i32)?, r.list(Reader::i32)?);
                r.skip_list(|r| r.i32().map(drop))?; // offline replicas
                Ok(PartitionAt { index, leader, replicas, in_sync })
            })?;
            Ok(TopicAt { code, name, partitions })
        })?;
        Ok(Everything { brokers, cluster, controller, topics })
    }
}

/// The settings of topics.
pub(crate) struct DescribeConfigs<'a>(pub(crate) &'a [String]);

/// A topic's settings: name, value, and whether someone set it for the topic.
pub(crate) type Settings = Vec<(String, Option<String>, bool)>;

impl Request for DescribeConfigs<'_> {
    const KEY: i16 = 32;
    const VERSION: i16 = 2;
    const NAME: &'static str = "DescribeConfigs";
    type Answer = Vec<(String, Code, Settings)>;

    fn write(&self, out: &mut Writer) {
        out.list(self.0, |out, topic| {
            out.i8(2); // a topic (ConfigResource.Type)
            out.string(topic);
            out.null_list();
        });
        out.bool(false);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        r.list(|r| {
            let code = Code(r.i16()?);
            r.nullable_string()?; // message
            r.i8()?; // type
            let name = r.string()?;
            let settings = r.list(|r| {
                let (name, value) = (r.string()?, r.nullable_string()?);
                r.bool()?; // read only
                let source = r.i8()?;
                let sensitive = r.bool()?;
                r.skip_list(|r| {
                    r.string()?;
                    r.nullable_string()?;
                    r.i8().map(drop)
                })?;
                // 1 is DYNAMIC_TOPIC_CONFIG (DescribeConfigsResponse.ConfigSource).
                Ok((name, value.filter(|_| !sensitive), source == 1))
            })?;
            Ok((name, code, settings))
        })
    }
}

/// All ACLs.
pub(crate) struct DescribeAcls;

/// One ACL, by Kafka's numbers (`ResourceType`, `PatternType`, `AclOperation`, `AclPermissionType`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AclAt {
    pub(crate) resource: i8,
    pub(crate) name: String,
    pub(crate) pattern: i8,
    pub(crate) principal: String,
    pub(crate) host: String,
    pub(crate) operation: i8,
    pub(crate) permission: i8,
}

impl Request for DescribeAcls {
    const KEY: i16 = 29;
    const VERSION: i16 = 1;
    const NAME: &'static str = "DescribeAcls";
    type Answer = (Code, Vec<AclAt>);

    fn write(&self, out: &mut Writer) {
        // 1 is ANY of each.
        out.i8(1);
        out.nullable_string(None);
        out.i8(1);
        out.nullable_string(None);
        out.nullable_string(None);
        out.i8(1);
        out.i8(1);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        let code = Code(r.i16()?);
        r.nullable_string()?; // message
        let lists = r.list(|r| {
            let (resource, name, pattern) = (r.i8()?, r.string()?, r.i8()?);
            r.list(|r| {
                Ok(AclAt {
                    resource,
                    name: name.clone(),
                    pattern,
                    principal: r.string()?,
                    host: r.string()?,
                    operation: r.i8()?,
                    permission: r.i8()?,
                })
            })
        })?;
        Ok((code, lists.into_iter().flatten().collect()))
    }
}
