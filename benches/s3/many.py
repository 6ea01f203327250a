#!/usr/bin/env python3
"""many.py COUNT: the part of S3 that a rewind uses, with COUNT objects that are not stored: to measure only the client's memory.

Of ten objects two are deleted later (delete markers above a version), one is created later, and seven stay as they were. All calls that
write succeed, and change nothing. Prints the port on loopback that it listens on.
"""
import bisect
import http.server
import sys
import urllib.parse

COUNT = int(sys.argv[1])
THEN, LATER = "2026-01-01T00:00:00.000Z", "2026-01-03T00:00:00.000Z"


def key(number):
    return f"blocks-{number // 20000:03}/blk_{number:010}"


def version(name, at):
    return (f"<Version><Key>{name}</Key><VersionId>v1</VersionId><LastModified>{at}</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size>"
            "<StorageClass>STANDARD</StorageClass></Version>")


def entries(number):
    """The key's entries, newest first: version id and XML."""
    name = key(number)
    if number % 5 == 0:
        yield "v2", f"<DeleteMarker><Key>{name}</Key><VersionId>v2</VersionId><LastModified>{LATER}</LastModified></DeleteMarker>"
    yield "v1", version(name, LATER if number % 10 == 1 else THEN)


def listing(query):
    prefix, marker = query.get("prefix", ""), query.get("key-marker", "")
    most, after = int(query.get("max-keys", "1000")), query.get("version-id-marker")
    numbers = range(COUNT)
    at = bisect.bisect_left(numbers, max(prefix, marker), key=key)
    if at < COUNT and key(at) == marker and after != "v2":
        at += 1
    page, last = [], None
    while at < COUNT and key(at).startswith(prefix):
        for name, text in entries(at):
            if key(at) == marker and name == after:
                continue
            if len(page) == most:
                return page, last
            page.append(text)
            last = (key(at), name)
        at += 1
    return page, None


class Bucket(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text="", headers=()):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def not_found(self, code="NoSuchKey"):
        self.answer(404, f"<Error><Code>{code}</Code></Error>")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if "versioning" in query:
            self.answer(200, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
        elif "versions" in query:
            page, last = listing(query)
            more = "false" if last is None else "true"
            next_marker = "" if last is None else f"<NextKeyMarker>{last[0]}</NextKeyMarker><NextVersionIdMarker>{last[1]}</NextVersionIdMarker>"
            self.answer(200, f"<ListVersionsResult><IsTruncated>{more}</IsTruncated>{next_marker}{''.join(page)}</ListVersionsResult>")
        elif "object-lock" in query:
            self.not_found("ObjectLockConfigurationNotFoundError")
        else:
            self.not_found()

    def do_HEAD(self):
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("uploads="):
            self.answer(200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
        else:
            self.answer(200, "<DeleteResult></DeleteResult>")

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(200, headers=[("ETag", '"e"')])

    def do_DELETE(self):
        self.answer(204)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
print(server.server_port, flush=True)
server.serve_forever()
