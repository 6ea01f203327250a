"""hdfs dfsadmin, dfs and getconf, as far as the lab needs them, printed as Hadoop 3.2 prints it. Refuses what it does not know."""
import os
import sys
import time

from common import address, ask, settings

CONF = settings()


class Usage(Exception):
    pass


def request(op, **fields):
    try:
        answer, _ = ask(address(CONF["fs.defaultFS"]), {"op": op, **fields})
    except OSError as error:
        where = CONF["fs.defaultFS"].removeprefix("hdfs://")
        raise OSError(f"Call From {os.uname().nodename} to {where} failed on connection exception: java.net.ConnectException: {error}; "
                      "For more details see:  http://wiki.apache.org/hadoop/ConnectionRefused") from None
    if "error" in answer:
        raise OSError(answer["error"])
    return answer


def size(count):
    shown, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if shown < 1024 or unit == "TB":
            break
        shown /= 1024
    return f"{count} ({int(shown)} B)" if unit == "B" else f"{count} ({shown:.2f} {unit})"


def percent(part, whole):
    return f"{100 * part / whole:.2f}%" if whole else "0.00%"


def when(moment):
    return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(moment)) if moment else "Never"


def report(kinds):
    found = request("report")
    live = [node for node in found["nodes"] if node["live"]]
    dead = [node for node in found["nodes"] if not node["live"]]
    if found["safe"]:
        print("Safe mode is ON")
    capacity, free, used = (sum(node[key] for node in live) for key in ("capacity", "free", "used"))
    print(f"Configured Capacity: {size(capacity)}\nPresent Capacity: {size(free + used)}\nDFS Remaining: {size(free)}\n"
          f"DFS Used: {size(used)}\nDFS Used%: {percent(used, free + used)}")
    print(f"Replicated Blocks:\n\tUnder replicated blocks: {found['under']}\n\tBlocks with corrupt replicas: 0\n"
          f"\tMissing blocks: {found['missing']}\n\tMissing blocks (with replication factor 1): {found['missing_one']}\n"
          "\tLow redundancy blocks with highest priority to recover: 0\n\tPending deletion blocks: 0")
    print("Erasure Coded Block Groups: \n\tLow redundancy block groups: 0\n\tBlock groups with corrupt internal blocks: 0\n"
          "\tMissing block groups: 0\n\tLow redundancy blocks with highest priority to recover: 0\n\tPending deletion blocks: 0\n")
    print("-------------------------------------------------")
    for name, nodes in (("Live", live), ("Dead", dead)):
        if name.lower() not in kinds or not nodes:
            continue
        print(f"{name} datanodes ({len(nodes)}):\n")
        for node in sorted(nodes, key=lambda node: node["address"]):
            print(f"Name: {node['address']} ({node['host']})\nHostname: {node['host']}\nDecommission Status : Normal\n"
                  f"Configured Capacity: {size(node['capacity'])}\nDFS Used: {size(node['used'])}\n"
                  f"Non DFS Used: {size(node['capacity'] - node['free'])}\nDFS Remaining: {size(node['free'])}\n"
                  f"DFS Used%: {percent(node['used'], node['capacity'])}\nDFS Remaining%: {percent(node['free'], node['capacity'])}\n"
                  "Configured Cache Capacity: 0 (0 B)\nCache Used: 0 (0 B)\nCache Remaining: 0 (0 B)\nCache Used%: 100.00%\n"
                  f"Cache Remaining%: 0.00%\nXceivers: 1\nLast contact: {when(node['contact'])}\n"
                  f"Last Block Report: {when(node['report'])}\nNum of Blocks: {node['blocks']}\n\n")


def dfsadmin(words):
    if words[:1] == ["-safemode"] and words[1:] and words[1] in ("get", "enter", "leave", "wait", "forceExit") and not words[2:]:
        while (on := request("safemode", action=words[1])["on"]) and words[1] == "wait":
            time.sleep(0.5)
        print(f"Safe mode is {'ON' if on else 'OFF'}")
    elif words[:1] == ["-report"] and set(words[1:]) <= {"-live", "-dead"}:
        report([word[1:] for word in words[1:]] or ["live", "dead"])
    else:
        raise Usage("hdfs dfsadmin [-report [-live] [-dead]] [-safemode <enter | leave | get | wait | forceExit>]")


def put_file(local, path, replication):
    with open(local, "rb") as file:
        data = file.read()
    step = int(CONF["dfs.blocksize"])
    parts = [data[at:at + step] for at in range(0, len(data), step)]
    chosen = request("allocate", path=path, blocks=len(parts), replication=replication)["blocks"]
    for block, part in zip(chosen, parts):
        for node in block["nodes"]:
            answer, _ = ask(address(node), {"op": "write", "block": block["block"], "stamp": block["stamp"]}, part)
            if "error" in answer:
                raise OSError(answer["error"])
        block["length"] = len(part)
    request("complete", path=path, blocks=chosen, replication=replication)


def put(local, path, replication):
    if os.path.isdir(local):
        for folder, _, files in sorted(os.walk(local)):
            for name in sorted(files):
                inside = os.path.relpath(os.path.join(folder, name), local)
                put_file(os.path.join(folder, name), f"{path.rstrip('/')}/{inside}", replication)
    else:
        put_file(local, path, replication)


def cat(path):
    for block in request("locate", path=path)["blocks"]:
        for node in block["nodes"]:
            answer, data = ask(address(node), {"op": "read", "block": block["block"]})
            if "error" not in answer:
                sys.stdout.buffer.write(data)
                break
        else:
            raise OSError(f"Could not obtain block: blk_{block['block']} file={path}")
    sys.stdout.buffer.flush()


def listing(path):
    for name, is_dir, length, replication in request("list", path=path)["files"]:
        kind, copies = ("d", "-") if is_dir else ("-", replication)
        print(f"{kind}rwxrwx---   {copies} hdfs hdfs {length:>10} 2026-01-01 00:00 {name}")


def dfs(words):
    replication = int(CONF["dfs.replication"])
    if words[:1] == ["-D"] and words[1:] and words[1].startswith("dfs.replication="):
        replication, words = int(words[1].split("=")[1]), words[2:]
    match words:
        case ["-ls", "-R", path]:
            listing(path)
        case ["-cat", *paths] if paths:
            for path in paths:
                cat(path)
        case ["-put", local, path]:
            put(local, path, replication)
        case ["-mkdir", "-p", path]:
            request("mkdir", path=path)
        case ["-rm", *paths] if paths:
            for path in paths:
                request("remove", path=path)
                print(f"Deleted {path}")
        case _:
            raise Usage("hdfs dfs [-D dfs.replication=N] -ls -R PATH | -cat PATH... | -put LOCAL PATH | -mkdir -p PATH | -rm PATH...")


def main():
    command, *words = sys.argv[1:]
    try:
        if command == "dfsadmin":
            dfsadmin(words)
        elif command == "dfs":
            dfs(words)
        elif command == "getconf" and words[:1] == ["-confKey"] and len(words) == 2:
            if words[1] not in CONF:
                print(f"Configuration {words[1]} is missing.", file=sys.stderr)
                sys.exit(255)
            print(CONF[words[1]])
        else:
            raise Usage("hdfs [--daemon start|stop|status] namenode|datanode|dfsadmin|dfs|getconf|version")
    except Usage as error:
        print(f"Usage: {error}", file=sys.stderr)
        sys.exit(255)
    except OSError as error:
        name = {"dfs": (words or ["-"])[0].lstrip("-"), "dfsadmin": "safemode"}.get(command, command)
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(255 if command == "dfsadmin" else 1)


if __name__ == "__main__":
    main()
