# shellcheck shell=bash
# The addresses of the lab, and how to run a command in it. Sourced by lib.sh.
#
# All of the lab runs in namespaces of its own (processes, mounts, network), under one process that holds them. Ending that process ends
# every server and container, and removes mounts, bridges, rules and addresses. A pair of interfaces connects it to the host, so that a
# test can use every service and pod from outside.
HOST_IP=10.87.0.1
NODE_IP=10.87.0.2
POD_NET=10.88.0.0/16
BRIDGE_IP=10.88.0.1        # pods reach the host here; the API server, DNS and S3 listen on it
SERVICE_NET=10.96.0.0/16
LINK=hwdr-lab0             # the host's end

S3_ENDPOINT=http://$BRIDGE_IP:8333
S3_ACCESS_KEY=lab-access-key
S3_SECRET_KEY=lab-secret-key
S3_READER_ACCESS_KEY=lab-reader-access-key # may only read
S3_READER_SECRET_KEY=lab-reader-secret-key
S3_REGION=us-east-1
HOPSFS_BUCKET=hopsworks            # versioned; HopsFS blocks, and the backups where the chart puts them
BACKUP_BUCKET=hopsworks-backups    # a second one, for backups that are kept elsewhere
KUBECONFIG_FILE=$RUN/admin.kubeconfig
# The notes of a test run, which a new cluster keeps: the contents and the names of the backup.
LAB_RECORD=$RUN/notes/record.json
LAB_BACKUP=$RUN/notes/backup.txt
# The namespace of accounts whose requests to the API server are logged, and the log.
AUDITED=audited
AUDIT_LOG=$RUN/log/audit.log

# The process that holds the namespaces, as the host sees it; nothing if the lab is down.
holder() {
  local pid
  pid=$(cat "$RUN/holder.pid" 2>/dev/null) || return 1
  grep -qs hwdr-lab-holder "/proc/$pid/cmdline" && echo "$pid"
}

# in_lab COMMAND…: runs it inside the lab's namespaces.
in_lab() {
  local pid
  pid=$(holder) || die "the lab is down"
  nsenter --target "$pid" --mount --net --pid -- "$@"
}

# serve NAME COMMAND…: starts a server in the lab, keeps its command for a later restart, its pid (in the lab's own
# numbering) and its log.
serve() {
  local name=$1
  shift
  printf '%q ' "$@" >"$RUN/cmd/$name"
  in_lab bash -c 'log=$1 pid=$2; shift 2; setsid "$@" >>"$log" 2>&1 </dev/null & echo $! >"$pid"' - \
    "$RUN/log/$name.log" "$RUN/pid/$name" "$@" 8>&-
}

alive() { [ -f "$RUN/pid/$1" ] && in_lab kill -0 "$(cat "$RUN/pid/$1")" 2>/dev/null; }

# getent_in_lab NAME: asks the cluster's DNS server.
getent_in_lab() {
  python3 - "$BRIDGE_IP" "$1" <<'PY'
import socket, struct, sys
name = b"".join(bytes([len(p)]) + p.encode() for p in sys.argv[2].split(".")) + b"\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1), (sys.argv[1], 53))
sys.exit(struct.unpack(">4H", s.recv(512)[:8])[3] == 0)
PY
}
