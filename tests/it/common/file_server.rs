//! A web server that serves files of this process, as a page of downloads does.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

/// Serves these files, each under its name, and gives the server's address. All are announced as gzip: Helm 3 takes nothing else for an
/// archive.
pub(crate) fn serve_files(paths: &[&Path]) -> String {
    let name = |path: &Path| format!("/{}", path.file_name().expect("a name").to_string_lossy());
    let files: BTreeMap<String, Vec<u8>> =
        paths.iter().map(|path| (name(path), std::fs::read(path).expect("a file"))).collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    super::serve(listener, move |stream| answer(&files, stream));
    url
}

fn answer(files: &BTreeMap<String, Vec<u8>>, mut stream: TcpStream) {
    let lines = BufReader::new(stream.try_clone().expect("a handle")).lines();
    let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let mut words = head.first().map(String::as_str).unwrap_or_default().split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, body) = files.get(path).map_or(("404 Not Found", &[][..]), |file| ("200 OK", file));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/gzip\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A client that has gone is none of the test's business.
    stream.write_all(head.as_bytes()).ok();
    if method == "GET" {
        stream.write_all(body).ok();
    }
}
