//! One connection to one broker.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::access::{Access, Login, Mechanism};
use super::error::Error;
use super::scram;
use crate::name::Server;
use crate::wire::code::Code;
use crate::wire::sasl::{ApiVersions, Authenticate, Handshake, Versions};
use crate::wire::{self, Request};

/// How long a connection may take, with TLS and login.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take: a broker that hangs must not use up the caller's whole time.
const ANSWER: Duration = Duration::from_secs(15);
/// The longest answer that is read. Metadata of 100,000 partitions take some 5 MB.
const LONGEST: u32 = 64 << 20;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection, logged in.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    broker: String,
    correlation: i32,
    versions: Vec<Versions>,
}

impl Connection {
    /// Connects and logs in.
    pub(super) async fn open(server: &Server, access: &Access, tls: Option<&TlsConnector>) -> Result<Self, Error> {
        let broker = server.to_string();
        match timeout(CONNECT, Self::open_now(server, access, tls)).await {
            Ok(opened) => opened,
            Err(_) => Err(Error::Connection { broker, problem: format!("no connection within {CONNECT:?}") }),
        }
    }

    async fn open_now(server: &Server, access: &Access, tls: Option<&TlsConnector>) -> Result<Self, Error> {
        let broker = server.to_string();
        let broken = |e: io::Error| Error::Connection { broker: broker.clone(), problem: e.to_string() };
        let tcp = TcpStream::connect((server.host(), server.port())).await.map_err(broken)?;
        tcp.set_nodelay(true).map_err(broken)?;
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(tcp),
            Some(tls) => {
                let name = ServerName::try_from(server.host().to_owned())
                    .map_err(|e| Error::Certificate { broker: broker.clone(), problem: e.to_string() })?;
                Box::new(tls.connect(name, tcp).await.map_err(|e| not_trusted(&broker, &e))?)
            }
        };
        let mut connection = Self { stream, broker, correlation: 0, versions: Vec::new() };
        let (code, versions) = connection.exchange(&ApiVersions).await?;
        code.check().map_err(|code| Error::Refused { what: format!("broker {}", connection.broker), code })?;
        connection.versions = versions;
        if let Some(login) = &access.login {
            connection.log_in(login).await?;
        }
        Ok(connection)
    }

    /// Asks one question, and waits for its answer no longer than [`ANSWER`].
    pub(super) async fn ask<R: Request>(&mut self, request: &R) -> Result<R::Answer, Error> {
        let known = self.versions.iter().any(|v| v.key == R::KEY && (v.lowest..=v.highest).contains(&R::VERSION));
        if !known {
            return Err(Error::Unsupported { broker: self.broker.clone(), request: R::NAME, version: R::VERSION });
        }
        match timeout(ANSWER, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.broken(format!("no answer to {} within {ANSWER:?}", R::NAME))),
        }
    }

    /// Whether the broker knows a kind of request at all.
    pub(super) fn knows(&self, key: i16) -> bool {
        self.versions.iter().any(|versions| versions.key == key)
    }

    async fn exchange<R: Request>(&mut self, request: &R) -> Result<R::Answer, Error> {
        self.correlation = self.correlation.wrapping_add(1);
        let correlation = self.correlation;
        let sent = wire::encode(request, correlation);
        self.stream.write_all(&sent).await.map_err(|e| self.broken(e.to_string()))?;
        self.stream.flush().await.map_err(|e| self.broken(e.to_string()))?;
        let length = self.stream.read_u32().await.map_err(|e| self.broken(e.to_string()))?;
        if length > LONGEST {
            let problem = format!(
                "it says {length} bytes; the most is {LONGEST}; is this a Kafka broker, and is TLS as it expects?"
            );
            return Err(Error::Malformed { broker: self.broker.clone(), request: R::NAME, problem });
        }
        // It grows with what comes, not by what was said.
        let mut frame = Vec::new();
        let got = (&mut self.stream).take(u64::from(length)).read_to_end(&mut frame).await;
        got.map_err(|e| self.broken(e.to_string()))?;
        if u32::try_from(frame.len()) != Ok(length) {
            return Err(self.broken("it closed the connection in the middle of an answer".to_owned()));
        }
        wire::decode::<R>(&frame, correlation).map_err(|problem| Error::malformed(&self.broker, R::NAME, problem))
    }

    fn broken(&self, problem: String) -> Error {
        Error::Connection { broker: self.broker.clone(), problem }
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), Error> {
        let mechanism = login.mechanism.name();
        let broker = self.broker.clone();
        let refuse =
            |problem: String| Error::Login { broker: broker.clone(), user: login.user.clone(), mechanism, problem };
        let (code, offered) = self.exchange(&Handshake(mechanism)).await?;
        if code != Code::NONE {
            return Err(refuse(format!("{code}; it offers {offered:?}")));
        }
        match login.mechanism {
            Mechanism::Plain => {
                let message = [b"\0", login.user.as_bytes(), b"\0", login.password.bytes()].concat();
                self.authenticate(&message, &refuse).await?;
            }
            Mechanism::Scram(hash) => {
                let mut random = [0; 24];
                ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random)
                    .map_err(|_| self.broken("the machine gives no random numbers".to_owned()))?;
                let nonce = base64::engine::general_purpose::STANDARD.encode(random);
                let start = scram::Start::new(hash, &login.user, nonce);
                let first = self.authenticate(start.message().as_bytes(), &refuse).await?;
                let (answer, finish) =
                    start.answer(&first, &login.password).map_err(|stop| refuse(stop.to_string()))?;
                let last = self.authenticate(answer.as_bytes(), &refuse).await?;
                finish.check(&last).map_err(|stop| refuse(stop.to_string()))?;
            }
        }
        Ok(())
    }

    async fn authenticate(&mut self, message: &[u8], refuse: &impl Fn(String) -> Error) -> Result<Vec<u8>, Error> {
        let answer = self.exchange(&Authenticate(message)).await?;
        match answer.code.check() {
            Ok(()) => Ok(answer.bytes),
            Err(code) => {
                let said = answer.message.map(|said| format!(": {:?}", said.chars().take(200).collect::<String>()));
                Err(refuse(format!("{code}{}", said.unwrap_or_default())))
            }
        }
    }
}

/// Tells a certificate that is refused, which stays so, from a connection that broke.
fn not_trusted(broker: &str, error: &io::Error) -> Error {
    let broker = broker.to_owned();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(problem)) if is_of_time(problem) => {
            Error::Dates { broker, problem: problem.to_string() }
        }
        Some(rustls::Error::InvalidCertificate(problem)) => Error::Certificate { broker, problem: problem.to_string() },
        Some(tls) => Error::Malformed { broker, request: "TLS", problem: tls.to_string() },
        // It may be starting, or speak no TLS at all.
        None => {
            Error::Connection { broker, problem: format!("no TLS came about ({error}): does this port speak TLS?") }
        }
    }
}

/// Whether a certificate was valid at another time, or will be.
fn is_of_time(problem: &rustls::CertificateError) -> bool {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(problem, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
}

/// What TLS needs, once for all connections.
pub(super) fn connector(access: &Access) -> Result<Option<TlsConnector>, Error> {
    use super::access::Roots;
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject as _;

    let Some(roots) = &access.tls else { return Ok(None) };
    let mut store = rustls::RootCertStore::empty();
    match roots {
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs);
        }
        Roots::Pem(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|e| Error::Roots(e.to_string()))?;
                store.add(certificate).map_err(|e| Error::Roots(e.to_string()))?;
            }
        }
    }
    if store.is_empty() {
        return Err(Error::Roots("there is no certificate".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Roots(e.to_string()))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(Some(TlsConnector::from(Arc::new(config))))
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn a_clock_is_told_from_a_wrong_authority() {
        let of = |problem| {
            not_trusted(
                "b:9096",
                &io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(problem)),
            )
        };
        for problem in [CertificateError::Expired, CertificateError::NotValidYet] {
            let error = of(problem);
            assert!(
                matches!(error, Error::Dates { .. }) && error.to_string().contains("clock of this machine"),
                "{error}"
            );
        }
        let error = of(CertificateError::UnknownIssuer);
        assert!(matches!(error, Error::Certificate { .. }) && !error.to_string().contains("clock"), "{error}");
    }
}
