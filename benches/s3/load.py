#!/usr/bin/env python3
"""load.py HOST:PORT BUCKET COUNT: makes a bucket of COUNT objects, and then deletes a fifth, overwrites a hundredth (HopsFS never
overwrites a block), and adds a tenth.

Prints the time in between, to which the bucket is rewound. The server accepts requests without signatures: making them would
take longer than the server does.
"""
import datetime, http.client, multiprocessing, sys, time


def key(number):
    return f"blocks-{number // 20000:03}/blk_{number:010}"


def work(jobs):
    host, bucket, deeds = jobs
    connection = http.client.HTTPConnection(host)
    for method, name, body in deeds:
        connection.request(method, f"/{bucket}/{name}", body)
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {name}: {answer.status}")


def all_of(pool, host, bucket, deeds):
    began = time.time()
    parts = [deeds[at::WORKERS] for at in range(WORKERS)]
    list(pool.imap_unordered(work, [(host, bucket, part) for part in parts]))
    print(f"{len(deeds)} requests in {time.time() - began:.0f} s", file=sys.stderr)


WORKERS = 16

if __name__ == "__main__":
    host, bucket, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    connection = http.client.HTTPConnection(host)
    versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    for path, body in [(f"/{bucket}", None), (f"/{bucket}?versioning", versioning)]:
        connection.request("PUT", path, body)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{path}: {answer.status} {text}")
    with multiprocessing.Pool(WORKERS) as pool:
        all_of(pool, host, bucket, [("PUT", key(n), b"x" * 64) for n in range(count)])
        time.sleep(1.5)
        then = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(1.5)
        changed = [("DELETE", key(n), None) for n in range(0, count, 5)]
        changed += [("PUT", key(n), b"overwritten") for n in range(1, count, 100)]
        changed += [("PUT", key(n), b"new") for n in range(count, count + count // 10)]
        all_of(pool, host, bucket, changed)
    print(then.strftime("%Y-%m-%dT%H:%M:%SZ"))
