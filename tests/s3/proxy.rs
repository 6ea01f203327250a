//! A proxy on loopback in front of the S3 server that injects faults: one request per connection, so that each can be hit alone.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Refused: "Slow Down".
    Busy,
    /// Cut before the server has seen it.
    CutBefore,
    /// Cut after the server has done it: the answer is lost.
    CutAfter,
    /// The answer trickles.
    Slow,
    /// Half of the answer's body, with the length of that half: an answer that looks whole.
    Half,
    /// A clock two hours ahead.
    Clock,
    /// Not allowed.
    Denied,
    /// Answered with this, and never asked of the server.
    Answer(&'static str),
    /// Answered with something that never ends, and never asked of the server.
    Endless,
}

/// The bytes of answers without end.
pub(crate) static SENT: AtomicU64 = AtomicU64::new(0);

/// A proxy that meets those requests with a fault whose first lines hold all of `with` and nothing of `without`.
pub(crate) fn only(target: SocketAddr, with: &'static [&'static str], without: &'static str, fault: Fault) -> Proxy {
    Proxy::start(target, move |_, line| {
        let meant = with.iter().all(|word| line.contains(word)) && (without.is_empty() || !line.contains(without));
        if meant { fault } else { Fault::None }
    })
}

/// A running proxy. Ends with the test's process.
pub(crate) struct Proxy {
    pub endpoint: String,
    pub requests: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts one; `plan` is asked for each request, by its number and first line.
    pub(crate) fn start(target: SocketAddr, plan: impl Fn(u64, &str) -> Fault + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let endpoint = format!("http://{}", listener.local_addr().expect("it has an address"));
        let (requests, stopped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let plan = Arc::new(plan);
        let (counter, stop) = (requests.clone(), stopped.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (plan, counter, stop) = (plan.clone(), counter.clone(), stop.clone());
                std::thread::spawn(move || {
                    if !stop.load(Ordering::SeqCst) {
                        let _ = serve(client, target, |line| plan(counter.fetch_add(1, Ordering::SeqCst), line));
                    }
                });
            }
        });
        Self { endpoint, requests, stopped }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}

fn serve(mut client: TcpStream, target: SocketAddr, plan: impl FnOnce(&str) -> Fault) -> std::io::Result<()> {
    let Some((head, mut body)) = read_head(&mut client)? else { return Ok(()) };
    let length = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    while body.len() < length {
        let mut piece = [0; 16384];
        let read = client.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        body.extend_from_slice(&piece[..read]);
    }
    let fault = plan(head.lines().next().unwrap_or_default());
    match fault {
        Fault::Busy => {
            let text = "<Error><Code>SlowDown</Code><Message>a fault of the test</Message></Error>";
            write!(
                client,
                "HTTP/1.1 503 Slow Down\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            )?;
            return Ok(());
        }
        Fault::Denied => {
            let text = "<Error><Code>AccessDenied</Code><Message>a fault of the test</Message></Error>";
            write!(
                client,
                "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            )?;
            return Ok(());
        }
        Fault::Answer(text) => {
            write!(client, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}", text.len())?;
            return Ok(());
        }
        Fault::Endless => {
            write!(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<a>")?;
            let piece = b"<a></a>".repeat(4096);
            loop {
                client.write_all(&piece)?;
                SENT.fetch_add(piece.len() as u64, Ordering::SeqCst);
            }
        }
        Fault::CutBefore => return client.shutdown(Shutdown::Both),
        _ => {}
    }
    let mut server = TcpStream::connect(target)?;
    let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
    let kept: Vec<&str> = rest.split("\r\n").filter(|line| !line.to_lowercase().starts_with("connection:")).collect();
    server.write_all(format!("{first}\r\nConnection: close\r\n{}\r\n\r\n", kept.join("\r\n").trim_end()).as_bytes())?;
    server.write_all(&body)?;
    let Some((head, mut body)) = read_head(&mut server)? else { return Ok(()) };
    server.read_to_end(&mut body)?;
    match fault {
        Fault::CutAfter => return client.shutdown(Shutdown::Both),
        Fault::Half if body.starts_with(b"<?xml") => {
            let half = &body[..body.len() / 2];
            let head: Vec<&str> =
                head.split("\r\n").filter(|l| !l.to_lowercase().starts_with("content-length:")).collect();
            let head = head.join("\r\n");
            write!(client, "{}\r\nContent-Length: {}\r\n\r\n", head.trim_end(), half.len())?;
            client.write_all(half)?;
        }
        Fault::Clock => {
            let ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2);
            let date = ahead.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let head: Vec<&str> = head.split("\r\n").filter(|line| !line.to_lowercase().starts_with("date:")).collect();
            write!(client, "{}\r\nDate: {date}\r\n\r\n", head.join("\r\n").trim_end())?;
            client.write_all(&body)?;
        }
        Fault::Slow => {
            client.write_all(format!("{}\r\n\r\n", head.trim_end()).as_bytes())?;
            for piece in body.chunks(256) {
                std::thread::sleep(Duration::from_millis(20));
                client.write_all(piece)?;
            }
        }
        _ => {
            client.write_all(format!("{}\r\n\r\n", head.trim_end()).as_bytes())?;
            client.write_all(&body)?;
        }
    }
    client.shutdown(Shutdown::Write)
}

/// The head, and what came of the body with it.
fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), body)));
        }
        let mut piece = [0; 16384];
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
