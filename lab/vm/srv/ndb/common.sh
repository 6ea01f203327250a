# shellcheck shell=bash
# Sourced by the scripts of RonDB at the documentation's paths. The deployment writes node.env.
NDB_DIR=/srv/hops/mysql-cluster
BIN=/srv/hops/mysql/bin
LOG=$NDB_DIR/log
# shellcheck source=/dev/null
. "$NDB_DIR/ndb/scripts/node.env"

# must_be USER: the cookbook's scripts refuse others, whose files the servers could not read later.
must_be() {
  [ "$(id -un)" = "$1" ] && return 0
  echo "Run this as user '$1', not as '$(id -un)': it would change the owner of the files." >&2
  exit 253
}

no_arguments() {
  [ $# = 0 ] && return 0
  echo "Unknown option '$1'" >&2
  exit 255
}

alive() { [ -f "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# stop_server NAME PID_FILE SECONDS [--force]
stop_server() {
  local name=$1 file=$2 limit=$3 pid
  case "${4:-}" in
    '') ;;
    --force) killall -9 "$name" ;;
    *) echo "Incorrect parameter. Usage: $(basename "$0") [--force]" >&2 && exit 1 ;;
  esac
  if ! alive "$file"; then
    echo "No $name process to stop - no PID file found at $file."
    exit 0
  fi
  pid=$(cat "$file")
  echo "Killing $name with process-id $pid"
  # A data node is two processes: one guards the other.
  killall -TERM "$name"
  for _ in $(seq "$((limit * 5))"); do
    pgrep -x "$name" >/dev/null || exit 0
    sleep 0.2
  done
  killall -9 "$name"
}
