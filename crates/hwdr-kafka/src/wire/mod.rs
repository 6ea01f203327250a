//! Kafka's protocol: the few requests that are needed, each in one version that every broker from 3.0 to 4.x speaks.
//!
//! Layouts are those of `clients/src/main/resources/common/message/*.json` of Kafka; 4.0 dropped versions that are older than the
//! ones here (KIP-896). What a broker answers is never trusted with an allocation: see `read`.

pub(crate) mod admin;
pub(crate) mod code;
pub(crate) mod groups;
pub(crate) mod offsets;
pub(crate) mod read;
pub(crate) mod sasl;
pub(crate) mod write;
pub(crate) mod write_topic;

use read::{Malformed, Reader};
use write::Writer;

/// One kind of request, in one version.
pub(crate) trait Request {
    /// Its number in the protocol.
    const KEY: i16;
    /// The version that is written and read.
    const VERSION: i16;
    /// Whether the version has compact lengths and tagged fields (KIP-482).
    const FLEXIBLE: bool = false;
    /// Its name, for messages.
    const NAME: &'static str;
    type Answer;

    fn write(&self, out: &mut Writer);
    fn read(answer: &mut Reader<'_>) -> Result<Self::Answer, Malformed>;
}

/// The name by which brokers' logs know this client.
const CLIENT: &str = "hwdr";

/// A request with its length in front.
pub(crate) fn encode<R: Request>(request: &R, correlation: i32) -> Vec<u8> {
    let mut out = Writer::new(false);
    out.i16(R::KEY);
    out.i16(R::VERSION);
    out.i32(correlation);
    // The client's name is never compact, not even in a flexible header (RequestHeader.json).
    out.string(CLIENT);
    out.flexible = R::FLEXIBLE;
    out.tags();
    request.write(&mut out);
    out.framed()
}

/// The answer to a request, without its length.
pub(crate) fn decode<R: Request>(frame: &[u8], correlation: i32) -> Result<R::Answer, Malformed> {
    let mut reader = Reader::new(frame, R::FLEXIBLE);
    if reader.i32()? != correlation {
        return Err(Malformed("it answers another request"));
    }
    // The header of an answer to ApiVersions has no tags in any version (ApiVersionsResponse.json); here its version has none anyway.
    reader.tags()?;
    let answer = R::read(&mut reader)?;
    reader.end()?;
    Ok(answer)
}
