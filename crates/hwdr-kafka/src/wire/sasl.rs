//! Which versions a broker speaks, and how a user logs in.

use super::Request;
use super::code::Code;
use super::read::{Malformed, Reader};
use super::write::Writer;

/// Which requests a broker takes, in which versions.
pub(crate) struct ApiVersions;

/// From the lowest to the highest version of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Versions {
    pub(crate) key: i16,
    pub(crate) lowest: i16,
    pub(crate) highest: i16,
}

impl Request for ApiVersions {
    const KEY: i16 = 18;
    const VERSION: i16 = 0;
    const NAME: &'static str = "ApiVersions";
    type Answer = (Code, Vec<Versions>);

    fn write(&self, _: &mut Writer) {}

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        Ok((Code(r.i16()?), r.list(|r| Ok(Versions { key: r.i16()?, lowest: r.i16()?, highest: r.i16()? }))?))
    }
}

/// Names a mechanism.
pub(crate) struct Handshake(pub(crate) &'static str);

impl Request for Handshake {
    const KEY: i16 = 17;
    const VERSION: i16 = 1;
    const NAME: &'static str = "SaslHandshake";
    /// The mechanisms that the broker takes.
    type Answer = (Code, Vec<String>);

    fn write(&self, out: &mut Writer) {
        out.string(self.0);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        Ok((Code(r.i16()?), r.list(Reader::string)?))
    }
}

/// One message of a mechanism.
pub(crate) struct Authenticate<'a>(pub(crate) &'a [u8]);

/// What the broker says to it.
pub(crate) struct Authenticated {
    pub(crate) code: Code,
    pub(crate) message: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Request for Authenticate<'_> {
    const KEY: i16 = 36;
    const VERSION: i16 = 0;
    const NAME: &'static str = "SaslAuthenticate";
    type Answer = Authenticated;

    fn write(&self, out: &mut Writer) {
        out.bytes(self.0);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        Ok(Authenticated {
            code: Code(r.i16()?),
            message: r.nullable_string()?,
            bytes: r.nullable_bytes()?.unwrap_or_default().to_vec(),
        })
    }
}
