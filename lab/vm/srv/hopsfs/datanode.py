"""A data node: advertises the ids of its VERSION file, reports the blocks of its folder, keeps and gives out blocks."""
import fcntl
import os
import re
import socket
import socketserver
import threading
import time
import uuid

from common import (address, ask, fail, finalized_blocks, log, metadata_of, properties, receive, send, settings, subdirs, write_properties)

CONF = settings()
ROOT = re.sub("^file://", "", CONF["dfs.datanode.data.dir"])
NAME_NODE = address(CONF["fs.defaultFS"])
PORT = int(CONF["dfs.datanode.address"].split(":")[1])
HOST = socket.gethostname()
SELF = f"{socket.gethostbyname(HOST)}:{PORT}"


def request(op, **fields):
    answer, _ = ask(NAME_NODE, {"op": op, "host": HOST, "address": SELF, **fields})
    if "error" in answer:
        raise PermissionError(answer["error"])
    return answer


def open_storage():
    """The ids of this node's folder, which is made if it is new, and refused if it is another cluster's or not this user's."""
    if not os.path.isdir(ROOT) or not os.access(ROOT, os.R_OK | os.W_OK | os.X_OK):
        fail(f"java.io.IOException: All directories in dfs.datanode.data.dir are invalid: \"{ROOT}\": EPERM: Operation not permitted")
    for _ in range(60):
        try:
            cluster = request("handshake")
            break
        except OSError as error:
            log(f"Problem connecting to server: {NAME_NODE[0]}:{NAME_NODE[1]}: {error}", "WARN")
            time.sleep(1)
    else:
        fail("Initialization failed for Block pool: the name node does not answer")
    version, pool = f"{ROOT}/current/VERSION", f"{ROOT}/current/{cluster['blockpoolID']}"
    try:
        if not os.path.exists(version):
            os.makedirs(f"{ROOT}/current", exist_ok=True)
            write_properties(version, {"storageID": f"DS-{uuid.uuid4()}", "clusterID": cluster["clusterID"], "cTime": 0,
                                       "datanodeUuid": uuid.uuid4(), "storageType": "DATA_NODE", "layoutVersion": -57})
        ids = properties(version)
        if ids["clusterID"] != cluster["clusterID"]:
            fail(f"java.io.IOException: Incompatible clusterIDs in {ROOT}: namenode clusterID = {cluster['clusterID']}; "
                 f"datanode clusterID = {ids['clusterID']}")
        if not os.path.exists(f"{pool}/current/VERSION"):
            for folder in ("current/finalized", "current/rbw", "tmp"):
                os.makedirs(f"{pool}/{folder}", exist_ok=True)
            write_properties(f"{pool}/current/VERSION", {"namespaceID": cluster["namespaceID"], "cTime": 0,
                                                         "blockpoolID": cluster["blockpoolID"], "layoutVersion": -57})
        lock = open(f"{ROOT}/in_use.lock", "w", encoding="utf-8")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.write(f"{os.getpid()}@{HOST}")
        lock.flush()
    except OSError as error:
        fail(f"java.io.IOException: {error}")
    return ids, f"{pool}/current/finalized", lock


class DataNode:
    def __init__(self):
        self.ids, self.finalized, self.lock = open_storage()
        self.me = {"datanodeUuid": self.ids["datanodeUuid"]}

    def scan(self):
        found = {}
        for block, (stamp, length, path) in finalized_blocks(self.finalized).items():
            if os.access(path, os.R_OK):
                found[block] = (stamp, length, path)
            else:
                log(f"Cannot read {path}: Permission denied", "WARN")
        return found

    def register(self):
        disk = os.statvfs(ROOT)
        request("register", **self.me, storageID=self.ids["storageID"], clusterID=self.ids["clusterID"],
                capacity=disk.f_blocks * disk.f_frsize, free=disk.f_bavail * disk.f_frsize)
        request("block_report", **self.me, blocks={block: [stamp, length] for block, (stamp, length, _) in self.scan().items()})
        log(f"Successfully sent block report to {NAME_NODE[0]}:{NAME_NODE[1]}")

    def run(self):
        registered = False
        while True:
            try:
                if not registered:
                    self.register()
                    registered = True
                answer = request("heartbeat", **self.me)
                registered = not answer.get("register")
                for block in answer.get("delete", []):
                    self.delete(block)
            except PermissionError as error:
                fail(f"Block pool registration failed: {error}")
            except OSError as error:
                log(f"IOException in offerService: {error}", "WARN")
                registered = False
            time.sleep(0.5)

    def delete(self, block):
        stamp, _, path = finalized_blocks(self.finalized)[block]
        os.remove(path)
        os.remove(f"{path}_{stamp}.meta")

    def write(self, message, data):
        folder = f"{self.finalized}/{subdirs(message['block'])}"
        os.makedirs(folder, exist_ok=True)
        path = f"{folder}/blk_{message['block']}"
        for name, content in ((path, data), (f"{path}_{message['stamp']}.meta", metadata_of(data))):
            with open(name, "wb") as file:
                file.write(content)
        request("block_received", **self.me, block=message["block"], replica=[message["stamp"], len(data)])
        return {}, b""

    def read(self, message, _):
        stamp, _, path = finalized_blocks(self.finalized)[message["block"]]
        with open(path, "rb") as file, open(f"{path}_{stamp}.meta", "rb") as meta:
            data = file.read()
            if meta.read() != metadata_of(data):
                raise OSError(f"Checksum error: blk_{message['block']} at {SELF}")
        return {}, data


def main():
    node = DataNode()

    class Transfer(socketserver.StreamRequestHandler):
        def handle(self):
            try:
                message, data = receive(self.rfile)
                send(self.connection, *{"write": node.write, "read": node.read}[message["op"]](message, data))
            except (OSError, ValueError, KeyError) as error:
                send(self.connection, {"error": f"{type(error).__name__}: {error}"})

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    server = Server(("0.0.0.0", PORT), Transfer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    node.run()


if __name__ == "__main__":
    main()
