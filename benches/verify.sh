#!/usr/bin/env bash
# Measures how fast `hwdr backups verify --read-data 100%` reads a backup of RonDB, compared with curl and rclone, which only download the same files
# from the same SeaweedFS, in turns in one run.
#
#   benches/verify.sh [HWDR]      the program, by default target/release/hwdr
#
# The backups have SIZE_MB (1024) of rows, one as NDB writes them and one compressed. The best of RUNS (3) counts. Ends with 1 if verify does not find all
# rows, or if a limit is missed: of what is not compressed, 1.5 times rclone's time and three times curl's; 200 MB of memory.
set -euo pipefail
cd "$(dirname "$0")/.."

hwdr=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/hwdr}")
size=${SIZE_MB:-1024} runs=${RUNS:-3}
testdata=crates/hwdr-backup/testdata/ndb id=254811200
# shellcheck source=benches/s3/server.sh
. benches/s3/server.sh
part rclone
# rclone writes files: into memory, so that no disk slows it down.
copies=$(mktemp -d /dev/shm/hwdr-bench.XXXX)
trap 'rm -rf "$copies"; finish' EXIT
(($(df -m --output=avail "$copies" | tail -n 1) > size + 100)) || die "/dev/shm has no room for $size MB"
cat >"$work/rclone.conf" <<CONF
[here]
type = s3
provider = Other
env_auth = true
endpoint = $AWS_ENDPOINT_URL
force_path_style = true
CONF

# timed FILE STATUS COMMAND…: adds the seconds, those of the processor and the peak memory (MB) of a command to FILE; its output goes to FILE.out.
timed() {
  python3 - "$@" <<'PY'
import os, subprocess, sys, time
file, expected, *command = sys.argv[1:]
began = time.monotonic()
with open(file + ".out", "wb") as out, open(file + ".err", "wb") as err:
    _, status, used = os.wait4(subprocess.Popen(command, stdout=out, stderr=err).pid, 0)
took = time.monotonic() - began
with open(file, "a") as figures:
    print(took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=figures)
status = os.waitstatus_to_exitcode(status)
if status != int(expected):
    print(*(open(file + end, errors="replace").read()[-2000:] for end in (".out", ".err")), sep="\n", file=sys.stderr)
    sys.exit(f"bench: exit status {status}, not {expected}: {' '.join(command)[:200]}")
PY
}

# whole NAME BYTES ROWS: verify has read all of the backup, and found nothing wrong with it.
whole() {
  python3 - "$@" <<'PY'
import json, sys
file, size, rows = sys.argv[1:]
report = json.load(open(file))
rondb = next(part for part in report["parts"] if part["service"] == "rondb")
read = rondb.get("data", {})
is_whole = read.get("read") == read.get("of") and report["bytesRead"] >= int(size)
if rondb["verdict"] != "fine" or not is_whole or not any(fact.endswith(f" {rows} rows") for fact in rondb["facts"]):
    sys.exit(f"bench: not all was read, or something is wrong: {json.dumps(rondb, indent=2)}")
PY
}

for kind in threads compressed; do
  at=$work/$kind
  benches/verify/load.py "$host:$port" "$kind" "$testdata/$kind" "$size" >"$at"
  { read -r bytes rows && mapfile -t keys; } <"$at"
  say "$kind: $bytes bytes with $rows rows"
  curl=(curl --silent --show-error --fail --parallel --parallel-max 32 --write-out '%{size_download}\n')
  for key in "${keys[@]}"; do curl+=(--output /dev/null "$AWS_ENDPOINT_URL/$kind/$key"); done
  for ((run = 0; run < runs; run++)); do
    # The bucket has RonDB's part alone, so that verify says that others are missing.
    timed "$at.hwdr" 2 "$hwdr" backups verify $id --from-bucket --bucket "$kind" --read-data 100% -o json
    whole "$at.hwdr.out" "$bytes" "$rows"
    timed "$at.curl" 0 "${curl[@]}"
    (($(paste -sd+ "$at.curl.out") == bytes)) || die "curl has not read all $bytes bytes"
    # Checksums would take longer than the transfer.
    timed "$at.rclone" 0 "$(part_dir rclone)/rclone" --config "$work/rclone.conf" copy --transfers 32 --ignore-checksum "here:$kind" "$copies/$kind"
    (($(find "$copies" -type f -printf '%s+')0 == bytes)) || die "rclone has not read all $bytes bytes"
    rm -rf "${copies:?}/$kind"
  done
done

python3 - "$work" <<'PY'
import sys
bad = []
for kind, title in ("threads", "plain"), ("compressed", "compressed"):
    file = f"{sys.argv[1]}/{kind}"
    size = int(open(file).readline().split()[0])
    print(f"\n| {title}, {size / 1e6:,.0f} MB | seconds | x curl | MB/s | processor | memory |\n|---|---|---|---|---|---|")
    best = {}
    for tool in "hwdr", "curl", "rclone":
        took, processor, memory = zip(*(map(float, line.split()) for line in open(f"{file}.{tool}")))
        best[tool] = min(took), min(processor), max(memory)
    for tool, (took, processor, memory) in best.items():
        times = took / best["curl"][0]
        print(f"| {tool} | {took:.2f} | {times:.1f} | {size / took / 1e6:.0f} | {processor:.2f} s | {memory:.0f} MB |")
    took, _, memory = best["hwdr"]
    if memory > 200:
        bad.append(f"{title}: {memory:.0f} MB of memory, limit 200")
    # Of what is compressed, decompression takes the time.
    for peer, limit in ("curl", 3), ("rclone", 1.5):
        if kind == "threads" and took > limit * best[peer][0]:
            bad.append(f"{title}: {took / best[peer][0]:.1f} times as long as {peer}, limit {limit}")
print(*(f"bench: {line}" for line in bad), sep="\n", file=sys.stderr)
sys.exit(bool(bad))
PY
