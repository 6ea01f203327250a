"""What name node, data node and client of the HopsFS stand-in share: settings, messages, and the form of a block's metadata file."""
import json
import os
import re
import socket
import struct
import sys
import time
import zlib
from xml.etree import ElementTree

HOME = "/srv/hops/hadoop"
LOGS = HOME + "/logs"
USER = "hdfs"


def settings():
    found = {}
    for name in ("core-site.xml", "hdfs-site.xml"):
        for entry in ElementTree.parse(f"{HOME}/etc/hadoop/{name}").getroot().iter("property"):
            found[entry.findtext("name")] = entry.findtext("value")
    return found


def properties(path):
    """A file of KEY=VALUE lines, as VERSION is."""
    with open(path, encoding="utf-8") as lines:
        return dict(line.rstrip("\n").split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def write_properties(path, values):
    with open(path, "w", encoding="utf-8") as file:
        file.write(time.strftime("#%a %b %d %H:%M:%S UTC %Y\n", time.gmtime()))
        file.writelines(f"{key}={value}\n" for key, value in values.items())


def log(text, level="INFO"):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()) + ",%03d" % (time.time() % 1 * 1000)
    print(f"{stamp} {level} {text}", file=sys.stderr, flush=True)


def fail(text):
    log(text, "FATAL")
    sys.exit(1)


def address(uri):
    host, port = re.sub(r"^hdfs://", "", uri).rstrip("/").split(":")
    return host, int(port)


def ask(where, message, payload=b"", timeout=20):
    """One request: a line of JSON, and bytes behind it; the answer has the same form."""
    with socket.create_connection(where, timeout=timeout) as link:
        send(link, message, payload)
        return receive(link.makefile("rb"))


def send(link, message, payload=b""):
    link.sendall(json.dumps({**message, "bytes": len(payload)}).encode() + b"\n" + payload)


def receive(stream):
    line = stream.readline()
    if not line:
        raise ConnectionError("the other side closed the connection")
    message = json.loads(line)
    return message, stream.read(message.pop("bytes", 0))


CHUNK = 512


def metadata_of(data):
    """A .meta file as Hadoop writes it: version 1, checksums by CRC-32 of each 512 bytes."""
    sums = (zlib.crc32(data[at:at + CHUNK]) for at in range(0, len(data), CHUNK))
    return struct.pack(">hBi", 1, 1, CHUNK) + b"".join(struct.pack(">I", one) for one in sums)


def subdirs(block):
    """The two folders of a block, which Hadoop takes from its id."""
    return f"subdir{block >> 16 & 31}/subdir{block >> 8 & 31}"


def finalized_blocks(root):
    """All blocks below a folder: {id: (generation stamp, length, path)}; one without its metadata file is none."""
    found, stamps = {}, {}
    for folder, _, files in os.walk(root):
        for name in files:
            if match := re.fullmatch(r"blk_(\d+)_(\d+)\.meta", name):
                stamps[int(match[1])] = int(match[2])
            elif match := re.fullmatch(r"blk_(\d+)", name):
                path = os.path.join(folder, name)
                found[int(match[1])] = (os.stat(path).st_size, path)
    return {block: (stamps[block], *rest) for block, rest in found.items() if block in stamps}
