"""The name node: files and blocks are rows in RonDB, block reports come from the data nodes, and safe mode ends at 99.9 % of the blocks.
namenode.py [-format -nonInteractive]"""
import http.server
import json
import math
import socketserver
import subprocess
import sys
import threading
import time
import uuid

from common import HOME, address, fail, log, properties, receive, send, settings

CONF = settings()
LOCK = threading.RLock()
DEAD_AFTER = 5
SCHEMA = """
CREATE DATABASE IF NOT EXISTS hops;
DROP TABLE IF EXISTS hops.hdfs_inodes, hops.hdfs_block_infos, hops.hdfs_storage_id_map, hops.hdfs_variables;
CREATE TABLE hops.hdfs_inodes (id BIGINT PRIMARY KEY, parent_id BIGINT NOT NULL, name VARCHAR(255) NOT NULL, is_dir TINYINT NOT NULL,
  size BIGINT NOT NULL, replication INT NOT NULL, UNIQUE KEY by_name (parent_id, name)) ENGINE=ndbcluster;
CREATE TABLE hops.hdfs_block_infos (inode_id BIGINT NOT NULL, block_id BIGINT NOT NULL, block_index INT NOT NULL, num_bytes BIGINT NOT NULL,
  generation_stamp BIGINT NOT NULL, PRIMARY KEY (inode_id, block_id)) ENGINE=ndbcluster;
CREATE TABLE hops.hdfs_storage_id_map (storage_id VARCHAR(128) PRIMARY KEY, host VARCHAR(255) NOT NULL) ENGINE=ndbcluster;
CREATE TABLE hops.hdfs_variables (id VARCHAR(64) PRIMARY KEY, value VARCHAR(255) NOT NULL) ENGINE=ndbcluster;
INSERT INTO hops.hdfs_inodes VALUES (1, 0, '', 1, 0, 0);
"""


def sql(statement):
    props = properties(HOME + "/etc/hadoop/ndb.props")
    done = subprocess.run(
        ["/srv/hops/mysql/bin/mysql", "--no-defaults", "-N", "-B", "-h", props["io.hops.metadata.ndb.mysqlserver.host"],
         "-u", props["io.hops.metadata.ndb.mysqlserver.username"]],
        input=statement, capture_output=True, text=True,
        env={"MYSQL_PWD": props["io.hops.metadata.ndb.mysqlserver.password"]})
    if done.returncode:
        raise OSError(done.stderr.strip())
    return [line.split("\t") for line in done.stdout.splitlines()]


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def format_name_node():
    pool = f"BP-{uuid.uuid4().int % 10**9}-127.0.0.1-{int(time.time() * 1000)}"
    values = {"clusterID": f"CID-{uuid.uuid4()}", "blockpoolID": pool, "namespaceID": uuid.uuid4().int % 10**9}
    sql(SCHEMA + "".join(f"INSERT INTO hops.hdfs_variables VALUES ('{key}', '{value}');" for key, value in values.items()))
    log(f"Storage directory has been successfully formatted: {values['clusterID']}")


class NameNode:
    def __init__(self):
        try:
            self.ids = dict(sql("SELECT id, value FROM hops.hdfs_variables"))
            self.inodes = {int(row[0]): [int(row[1]), row[2], row[3] == "1", int(row[4]), int(row[5])]
                           for row in sql("SELECT id, parent_id, name, is_dir, size, replication FROM hops.hdfs_inodes")}
            self.blocks = {int(row[1]): [int(row[0]), int(row[2]), int(row[3]), int(row[4])] for row in
                           sql("SELECT inode_id, block_id, block_index, num_bytes, generation_stamp FROM hops.hdfs_block_infos")}
            self.storages = {row[0] for row in sql("SELECT storage_id FROM hops.hdfs_storage_id_map")}
        except OSError as error:
            fail(f"Failed to start namenode. java.io.IOException: {error}")
        if not self.ids.get("clusterID"):
            fail("Failed to start namenode. java.io.IOException: NameNode is not formatted.")
        self.nodes = {}
        self.threshold = float(CONF["dfs.namenode.safemode.threshold-pct"])
        self.extension = int(CONF["dfs.namenode.safemode.extension"]) / 1000
        self.reached = None
        self.safe = self.total() > 0
        self.by_hand = False
        log(f"STATE* Safe mode {'ON. ' + self.tip() if self.safe else 'OFF'}")

    def total(self):
        return len(self.blocks)

    def replicas(self, block):
        stamp, length = self.blocks[block][3], self.blocks[block][2]
        return [node for node in self.nodes.values()
                if self.live(node) and node["blocks"].get(block) == [stamp, length]]

    def live(self, node):
        return time.time() - node["contact"] < DEAD_AFTER

    def reported(self):
        return sum(1 for block in self.blocks if self.replicas(block))

    def needed(self):
        return int(self.total() * self.threshold)

    def watch(self):
        while True:
            with LOCK:
                if self.safe and not self.by_hand:
                    if self.reported() < self.needed():
                        self.reached = None
                    elif self.reached is None:
                        self.reached = time.time()
                        log("STATE* Safe mode extension entered. " + self.tip())
                    elif time.time() - self.reached >= self.extension:
                        self.safe = False
                        log("STATE* Safe mode is OFF")
            time.sleep(0.2)

    def tip(self):
        if self.by_hand:
            return "It was turned on manually. Use \"hdfs dfsadmin -safemode leave\" to turn safe mode off."
        have, need, live = self.reported(), self.needed(), sum(map(self.live, self.nodes.values()))
        if have < need:
            text = f"The reported blocks {have} needs additional {need - have} blocks to reach the threshold {self.threshold:.4f} " \
                   f"of total blocks {self.total()}.\nThe minimum number of live datanodes is not required. "
        else:
            text = f"The reported blocks {have} has reached the threshold {self.threshold:.4f} of total blocks {self.total()}. " \
                   f"The number of live datanodes {live} has reached the minimum number 0. "
        if self.reached is not None:
            left = math.ceil(self.extension - (time.time() - self.reached))
            return text + f"In safe mode extension. Safe mode will be turned off automatically in {left} seconds."
        return text + "Safe mode will be turned off automatically once the thresholds have been reached."

    def path_of(self, inode):
        parts = []
        while inode != 1:
            parent, name = self.inodes[inode][:2]
            parts.append(name)
            inode = parent
        return "/" + "/".join(reversed(parts))

    def find(self, path):
        inode = 1
        for part in filter(None, path.split("/")):
            inode = next((id for id, row in self.inodes.items() if row[0] == inode and row[1] == part), None)
            if inode is None:
                return None
        return inode

    def refuse_in_safe_mode(self, what):
        if self.safe:
            raise PermissionError(f"Cannot {what}. Name node is in safe mode.\n{self.tip()}")

    # The requests of data nodes.

    def handshake(self, _):
        return dict(self.ids)

    def register(self, request):
        if request["clusterID"] != self.ids["clusterID"]:
            raise PermissionError("Incompatible clusterIDs")
        node = request["datanodeUuid"]
        known = self.nodes.get(node)
        if known and known["host"] != request["host"]:
            log(f"BLOCK* registerDatanode: {request['address']} replaces {known['address']}: same storage {request['storageID']}", "WARN")
        if request["storageID"] not in self.storages:
            sql(f"INSERT IGNORE INTO hops.hdfs_storage_id_map VALUES ({quoted(request['storageID'])}, {quoted(request['host'])})")
            self.storages.add(request["storageID"])
        self.nodes[node] = {**request, "contact": time.time(), "blocks": {}, "report": None, "commands": []}
        log(f"BLOCK* registerDatanode: from DatanodeRegistration({request['address']}, datanodeUuid={node}) storage {request['storageID']}")
        return {}

    def block_report(self, request):
        node = self.nodes[request["datanodeUuid"]]
        node["blocks"] = {int(block): value for block, value in request["blocks"].items()}
        node["report"] = node["contact"] = time.time()
        return {}

    def heartbeat(self, request):
        node = self.nodes.get(request["datanodeUuid"])
        if node is None or node["host"] != request["host"]:
            return {"register": True}
        node["contact"] = time.time()
        commands, node["commands"] = node["commands"], []
        return {"delete": commands}

    def block_received(self, request):
        self.nodes[request["datanodeUuid"]]["blocks"][request["block"]] = request["replica"]
        return {}

    # The requests of clients.

    def safemode(self, request):
        action = request["action"]
        if action in ("leave", "forceExit"):
            self.safe = self.by_hand = False
        elif action == "enter":
            self.safe = self.by_hand = True
        return {"on": self.safe, "tip": self.tip() if self.safe else ""}

    def report(self, _):
        missing = [] if self.safe else [block for block in self.blocks if not self.replicas(block)]
        return {
            "safe": self.safe, "missing": len(missing),
            "missing_one": sum(1 for block in missing if self.inodes[self.blocks[block][0]][4] == 1),
            "under": 0 if self.safe else sum(1 for block, row in self.blocks.items()
                                             if 0 < len(self.replicas(block)) < self.inodes[row[0]][4]),
            "nodes": [{**{key: node[key] for key in ("host", "address", "storageID", "contact", "report", "capacity", "free")},
                       "live": self.live(node), "blocks": len(node["blocks"]),
                       "used": sum(length for _, length in node["blocks"].values())} for node in self.nodes.values()]}

    def mkdir(self, request):
        self.refuse_in_safe_mode(f"create directory {request['path']}")
        inode = 1
        for part in filter(None, request["path"].split("/")):
            inode = self.find_child(inode, part) or self.insert(inode, part, True, 0, 0)
        return {}

    def find_child(self, parent, name):
        return next((id for id, row in self.inodes.items() if row[0] == parent and row[1] == name), None)

    def insert(self, parent, name, is_dir, size, replication):
        inode = max(self.inodes) + 1
        sql(f"INSERT INTO hops.hdfs_inodes VALUES ({inode}, {parent}, {quoted(name)}, {int(is_dir)}, {size}, {replication})")
        self.inodes[inode] = [parent, name, is_dir, size, replication]
        return inode

    def allocate(self, request):
        """Where a file's blocks shall go. It exists once the client says that they are there."""
        self.refuse_in_safe_mode(f"create file {request['path']}")
        if self.find(request["path"]):
            raise FileExistsError(f"`{request['path']}': File exists")
        live = sorted((node for node in self.nodes.values() if self.live(node)), key=lambda node: len(node["blocks"]))
        if not live:
            raise OSError("File could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) running.")
        highest = max([int(CONF["lab.first-block"]), *self.blocks, *getattr(self, "given", [0])])
        chosen = []
        for number in range(request["blocks"]):
            where = [live[(number + copy) % len(live)]["address"] for copy in range(min(request["replication"], len(live)))]
            chosen.append({"block": highest + 1 + number, "stamp": 1001 + highest % 1000 + number, "nodes": where})
        self.given = [highest + request["blocks"]]
        return {"blocks": chosen, "pool": self.ids["blockpoolID"]}

    def complete(self, request):
        parent, name = request["path"].rsplit("/", 1)
        self.mkdir({"path": parent})
        sizes = [block["length"] for block in request["blocks"]]
        inode = self.insert(self.find(parent), name, False, sum(sizes), request["replication"])
        rows = []
        for index, block in enumerate(request["blocks"]):
            self.blocks[block["block"]] = [inode, index, block["length"], block["stamp"]]
            rows.append(f"({inode}, {block['block']}, {index}, {block['length']}, {block['stamp']})")
        if rows:
            sql("INSERT INTO hops.hdfs_block_infos VALUES " + ", ".join(rows))
        return {}

    def list(self, request):
        top = self.find(request["path"])
        if top is None:
            raise FileNotFoundError(f"`{request['path']}': No such file or directory")
        below = {id for id in self.inodes if (self.path_of(id) + "/").startswith(self.path_of(top).rstrip("/") + "/")}
        return {"files": sorted([self.path_of(id), *self.inodes[id][2:]] for id in below if id != 1)}

    def locate(self, request):
        inode = self.find(request["path"])
        if inode is None or self.inodes[inode][2]:
            raise FileNotFoundError(f"`{request['path']}': No such file or directory")
        rows = sorted((row[1], block) for block, row in self.blocks.items() if row[0] == inode)
        return {"blocks": [{"block": block, "nodes": [node["address"] for node in self.replicas(block)]} for _, block in rows]}

    def remove(self, request):
        self.refuse_in_safe_mode(f"delete {request['path']}")
        inode = self.find(request["path"])
        if inode is None or self.inodes[inode][2]:
            raise FileNotFoundError(f"`{request['path']}': No such file or directory")
        gone = [block for block, row in self.blocks.items() if row[0] == inode]
        sql(f"DELETE FROM hops.hdfs_block_infos WHERE inode_id = {inode}; DELETE FROM hops.hdfs_inodes WHERE id = {inode}")
        del self.inodes[inode]
        for block in gone:
            del self.blocks[block]
            for node in self.nodes.values():
                if node["blocks"].pop(block, None):
                    node["commands"].append(block)
        return {}


REQUESTS = ("handshake", "register", "block_report", "heartbeat", "block_received", "safemode", "report", "mkdir", "allocate", "complete",
            "list", "locate", "remove")


def main():
    if sys.argv[1:] == ["-format", "-nonInteractive"]:
        return format_name_node()
    if sys.argv[1:]:
        fail(f"Usage: hdfs namenode [-format -nonInteractive], not {sys.argv[1:]}")
    node = NameNode()

    class Rpc(socketserver.StreamRequestHandler):
        def handle(self):
            try:
                request, _ = receive(self.rfile)
                with LOCK:
                    if request.get("op") not in REQUESTS:
                        raise ValueError(f"no request {request.get('op')}")
                    answer = getattr(node, request["op"])(request)
                send(self.connection, answer)
            except (OSError, ValueError, KeyError) as error:
                send(self.connection, {"error": str(error)})

    class Jmx(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            with LOCK:
                beans = [{"name": "Hadoop:service=NameNode,name=NameNodeInfo", "Total": node.total(), "ClusterId": node.ids["clusterID"],
                          "BlockPoolId": node.ids["blockpoolID"], "Safemode": "Safe mode is ON. " + node.tip() if node.safe else "",
                          "TotalBlocks": node.total(), "NumberOfMissingBlocks": node.report(None)["missing"]}]
            body = json.dumps({"beans": beans}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    threading.Thread(target=node.watch, daemon=True).start()
    threading.Thread(target=Server(("0.0.0.0", int(CONF["dfs.namenode.http-address"].split(":")[1])), Jmx).serve_forever, daemon=True).start()
    server = Server(("0.0.0.0", address(CONF["fs.defaultFS"])[1]), Rpc)
    log("NameNode RPC up")
    server.serve_forever()


if __name__ == "__main__":
    main()
