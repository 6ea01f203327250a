//! The HTTP server: two paths, to read. One request a connection, few at a time, each for a bounded time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::board::Board;

/// How many connections are served at a time. More have to wait.
const PLACES: usize = 32;
/// How long one may take, from its beginning to its end.
const LIMIT: Duration = Duration::from_secs(10);
/// How long the head of a request may be, in bytes: the least that hyper takes.
const HEAD: usize = 8_192;
/// The pause after a connection that could not be accepted: mostly, because there are too many files.
const PAUSE: Duration = Duration::from_millis(100);
/// Prometheus' text form.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Serves without end.
pub(super) async fn serve(listener: TcpListener, board: Arc<Board>) {
    let places = Arc::new(Semaphore::new(PLACES));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let board = board.clone();
        tokio::spawn(async move {
            // What went wrong is the client's affair.
            let _ = timeout(LIMIT, connection(stream, &board)).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, board: &Board) -> hyper::Result<()> {
    let service = service_fn(|request: Request<Incoming>| async move {
        Ok::<_, Infallible>(answer(board, request.method(), request.uri().path()))
    });
    http1::Builder::new().keep_alive(false).max_buf_size(HEAD).serve_connection(TokioIo::new(stream), service).await
}

fn answer(board: &Board, method: &Method, path: &str) -> Response<Full<Bytes>> {
    let (status, form, body) = match (method, path) {
        (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, METRICS, board.metrics()),
        (&Method::GET | &Method::HEAD, "/healthz") => match board.health() {
            Ok(()) => (StatusCode::OK, TEXT, "ok\n".to_owned()),
            Err(why) => (StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
        },
        (_, "/metrics" | "/healthz") => {
            (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD are allowed\n".to_owned())
        }
        _ => (StatusCode::NOT_FOUND, TEXT, "there are /metrics and /healthz\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
