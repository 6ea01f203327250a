# shellcheck shell=bash
# Shared by all scripts of the lab: paths, messages, waiting, building a part.
set -euo pipefail

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${HWDR_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hwdr-lab}
RUN=${HWDR_LAB_RUN:-$CACHE/run}        # what the running lab writes: data, sockets, pids, logs, keys
JOBS=${HWDR_LAB_JOBS:-2}               # parallel compilers
# shellcheck source=lab/versions.sh
. "$LAB/versions.sh"
# shellcheck source=lab/net.sh
. "$LAB/net.sh"

say() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }
die() { say "error: $*"; exit 1; }

# tail_log FILE: the last lines of a log, indented, for the reader of a failure.
tail_log() {
  [ -f "$1" ] || { say "no log at $1"; return 0; }
  { echo "--- the end of $1"; tail -n "${2:-30}" "$1" | cut -c1-400 | sed 's/^/    /'; } >&2
}

# wait_for SECONDS WHAT LOG COMMAND…: until the command succeeds, or fail with the end of LOG ("-": none).
wait_for() {
  local limit=$1 what=$2 log=$3 began=$SECONDS
  shift 3
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS - began >= limit)); then
      [ "$log" = - ] || tail_log "$log"
      die "$what: not after ${limit} s"
    fi
    sleep 0.3
  done
}

# A part is a file parts/NAME.sh that sets VERSION and defines build(), which fills the folder $OUT.
# part NAME builds it unless the cache has it; part_dir NAME prints its folder.
part_dir() { (. "$LAB/parts/$1.sh" && echo "$CACHE/$1-$VERSION"); }

part() {
  local name=$1 dir log began=$SECONDS
  dir=$(part_dir "$name")
  [ -d "$dir" ] && return 0
  mkdir -p "$CACHE/log"
  log=$CACHE/log/build-$name.log
  say "$name: building ($(basename "$dir"); log: $log)"
  # A process of its own: within an "if", set -e would be off, and a failed build would count as a good one.
  if ! bash "$LAB/part" "$name" "$dir" >"$log" 2>&1 </dev/null; then
    tail_log "$log" 40
    die "$name: could not be built"
  fi
  say "$name: built in $((SECONDS - began)) s (processor time: $(tail -n 1 "$CACHE/log/cost-$name"))"
}

# debian PACKAGE…: installs those of Debian's packages that are missing.
debian() {
  local p missing=()
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} = 0 ] && return 0
  say "installing Debian packages: ${missing[*]}"
  [ "$(id -u)" = 0 ] || die "the lab needs root"
  (
    exec 9>/var/lock/hwdr-lab-apt && flock 9
    apt-get -q update
    # No package may start a service of its own.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}"
  ) >"$CACHE/log/apt.log" 2>&1 || { tail_log "$CACHE/log/apt.log"; die "apt-get could not install ${missing[*]}"; }
}

# go_install OUT MODULE@VERSION [NAME]: one program, with go install, into OUT/NAME.
go_install() {
  local out=$1 module=$2 tmp
  tmp=$(mktemp -d "$WORK/gobin.XXXX")
  GOBIN=$tmp GOFLAGS="-p=$JOBS -trimpath" CGO_ENABLED=0 go install -ldflags "-s -w ${LDFLAGS_X:-}" "$module"
  mv "$tmp"/* "$out/${3:-$(basename "$(ls "$tmp")")}"
}
