#!/usr/bin/env bash
# Measures the speed of `hwdr s3 rewind`, s3-pit-restore and rclone on the same SeaweedFS, one after the other in one run.
#
#   benches/s3.sh [HWDR]      the program, by default target/release/hwdr
#
# COUNT objects (100000), of which a fifth is deleted, a hundredth overwritten, and a tenth is new. ALONE=1 leaves the peers out (for 1,000,000).
# Ends with 1 if a limit is missed: 5 times as fast as either, 100 MB of memory.
set -euo pipefail
cd "$(dirname "$0")/.."

hwdr=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/hwdr}")
count=${COUNT:-100000}
# shellcheck source=benches/s3/server.sh
. benches/s3/server.sh
then=$(benches/s3/load.py $host:$port bench "$count")

# timed NAME COMMAND…: writes the seconds and peak memory (MB) of a command into $work/NAME.
timed() {
  local name=$1
  shift
  python3 - "$work/$name" "$@" <<'PY'
import resource, subprocess, sys, time
began = time.time()
with open(sys.argv[1] + ".out", "wb") as out:
    status = subprocess.run(sys.argv[2:], stdout=out, stderr=subprocess.STDOUT).returncode
took = time.time() - began
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
with open(sys.argv[1], "w") as figures:
    print(f"{took:.1f} {memory:.0f}", file=figures)
print(f"{sys.argv[1].rsplit('/', 1)[1]}: {took:.1f} s, {memory:.0f} MB, exit status {status}")
if status:
    print(open(sys.argv[1] + ".out", errors="replace").read()[-2000:])
sys.exit(status != 0)
PY
}

# s3-pit-restore hides what is new, and so does --exact; rclone leaves it.
rewind=("$hwdr" s3 rewind --bucket bench --at "$then" --exact --yes)
timed hwdr "${rewind[@]}"
cat "$work/hwdr.out"
timed undo "$hwdr" s3 rewind --bucket bench --undo --yes
if [ -z "${ALONE:-}" ]; then
  part rclone
  peers=${HWDR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hwdr}/s3-peers
  if [ ! -x "$peers/bin/s3-pit-restore" ]; then
    python3 -m venv "$peers"
    "$peers/bin/pip" install --quiet 's3-pit-restore==0.9'
  fi
  cat >"$work/rclone.conf" <<CONF
[now]
type = s3
provider = Other
env_auth = true
endpoint = http://$host:$port
force_path_style = true
CONF
  # By checksums: by times, rclone would ask for each object's metadata.
  at=${then/T/ }
  rclone=("$(part_dir rclone)/rclone" --config "$work/rclone.conf" copy --checksum --fast-list --server-side-across-configs
    --transfers 64 --checkers 64 "now,version_at=\"${at%Z}\":bench")
  TZ=UTC timed rclone-in-place "${rclone[@]}" now:bench --log-level ERROR || true
  # As in its documentation: all of it, into another bucket.
  python3 - "$host:$port" <<'PY'
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1])
connection.request("PUT", "/bench-copy")
connection.getresponse().read()
PY
  timed s3-pit-restore "$peers/bin/s3-pit-restore" -b bench -B bench -t "$then" --max-workers 64
  TZ=UTC timed rclone-elsewhere "${rclone[@]}" now:bench-copy --log-level ERROR || true
fi
python3 - "$work" "$count" <<'PY'
import os, sys
work, count = sys.argv[1:]
read = lambda name: tuple(map(float, open(f"{work}/{name}").read().split())) if os.path.exists(f"{work}/{name}") else None
own = read("hwdr")
bad = own[1] > 100
print(f"\n| {int(count):,} objects | seconds | x hwdr | memory |\n|---|---|---|---|")
for name in ["hwdr", "undo", "s3-pit-restore", "rclone-elsewhere", "rclone-in-place"]:
    if figures := read(name):
        print(f"| {name} | {figures[0]:.1f} | {figures[0] / own[0]:.1f} | {figures[1]:.0f} MB |")
        bad |= name in ("rclone-elsewhere", "s3-pit-restore") and figures[0] < 5 * own[0]
sys.exit(bad)
PY
