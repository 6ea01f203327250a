#!/usr/bin/env python3
"""load.py HOST:PORT BUCKET FOLDER MIB: puts a backup of RonDB with MIB of rows into a new bucket.

FOLDER is a small backup that NDB wrote. Its first row is repeated in all fragments of that row's table; the last eight bytes of a row, its value, are
random. Control files and footers count what is there. Compressed files are compressed again. Prints the bytes and the rows, and the keys in the bucket.
"""
import http.client, pathlib, random, struct, sys, zlib

HEADER, HEAD, FOOT = 48, 20, 28  # bytes: of a file, of a fragment, and behind its rows
BLOCK = 1 << 18  # rows
AZ31 = 512  # the header of a compressed file, and what its length is a multiple of


def words(content, at, count):
    return struct.unpack_from(f">{count}I", content, at)


def unpacked(content):
    """A file as it was before it was compressed, and the header that says so."""
    if content.startswith(b"NDBBCKUP"):
        return content, b""
    return zlib.decompressobj(wbits=-15).decompress(content[AZ31:]), content[:AZ31]


def packed(pieces, header):
    """Compresses pieces. Each is compressed once, however often it is repeated: a full flush makes it independent of what is before it."""
    if not header:
        return pieces
    out, crc, size = [(header, 1)], 0, 0
    for content, repeats in pieces:
        deflate = zlib.compressobj(wbits=-15)
        out.append((deflate.compress(content) + deflate.flush(zlib.Z_FULL_FLUSH), repeats))
        for _ in range(repeats):
            crc, size = zlib.crc32(content, crc), size + len(content)
    trailer = zlib.compressobj(wbits=-15).flush() + struct.pack("<2I", crc, size & 0xFFFFFFFF) + b"DBDN"
    return [*out, (trailer + bytes(-(length(out) + len(trailer)) % AZ31), 1)]


def length(pieces):
    return sum(len(content) * repeats for content, repeats in pieces)


def fragments(content):
    """The fragments of a data file whose pages are not filled up: table, head, rows, foot."""
    at = HEADER
    while at < len(content):
        kind, _, table = words(content, at, 3)
        assert kind == 2, f"a section of type {kind}"
        begin = end = at + HEAD
        while size := words(content, end, 1)[0]:
            end += 4 + 4 * size
        at = end + FOOT
        yield table, content[begin - HEAD : begin], content[begin:end], content[end:at]


def data(content, wanted, block, rows):
    """A data file with so many rows in each fragment of the wanted table."""
    out = [(content[:HEADER], 1)]
    for table, head, own, foot in fragments(content):
        if table != wanted:
            out.append((head + own + foot, 1))
            continue
        repeats, rest = divmod(rows, BLOCK)
        foot = foot[:20] + struct.pack(">I", rows) + foot[24:]
        out += [(head, 1), (block, repeats), (block[: len(block) // BLOCK * rest] + foot, 1)]
    return out


def control(content, wanted, rows):
    """A control file that counts so many rows. Only the one of the node that led the backup counts; the sections are at its end."""
    out, at = bytearray(content), len(content) - 32
    while words(content, at, 2) == (7, 8):
        at -= 32
    counts = range(at + 32, len(content), 32)
    if any(words(content, at, 5)[4] for at in counts):
        for at in counts:
            if words(content, at, 3)[2] == wanted:
                struct.pack_into(">I", out, at + 16, rows)
    return [(bytes(out), 1)]


def put(connection, path, pieces=()):
    body = (content for content, repeats in pieces for _ in range(repeats))
    connection.request("PUT", path, body, {"Content-Length": str(length(pieces)), "Content-Type": "application/octet-stream"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"{path}: {answer.status} {text}")


if __name__ == "__main__":
    host, bucket, folder, size = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), int(sys.argv[4]) << 20
    files = {path.relative_to(folder): unpacked(path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()}
    known = [one for path, (content, _) in files.items() if path.suffix == ".Data" for one in fragments(content)]
    table, first = next((table, rows) for table, _, rows, _ in known if rows)
    row = first[: 4 + 4 * words(first, 0, 1)[0]]
    number = sum(one[0] == table for one in known)
    rows = size // len(row) // number
    values = random.Random(1).randbytes(8 * BLOCK)
    block = b"".join(row[:-8] + values[at : at + 8] for at in range(0, len(values), 8))
    connection = http.client.HTTPConnection(host)
    put(connection, f"/{bucket}")
    stored = {}
    for path, (content, header) in files.items():
        match path.suffix:
            case ".Data":
                pieces = data(content, table, block, rows)
            case ".ctl":
                pieces = control(content, table, rows)
            case _:
                pieces = [(content, 1)]
        pieces = packed(pieces, header)
        backup = path.name.split(".")[0].split("-")[1]
        key = f"rondb_backup/{backup}/rondb/{path}"
        put(connection, f"/{bucket}/{key}", pieces)
        stored[key] = length(pieces)
    print(sum(stored.values()), rows * number)
    print(*stored, sep="\n")
