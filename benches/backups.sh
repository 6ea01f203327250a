#!/usr/bin/env bash
# Measures `hwdr backups list` and `hwdr status` on the lab (lab/up, lab/install, lab/backup), compared with the commands of Hopsworks' documentation,
# and with 20,000 backups in five ConfigMaps.
#
#   benches/backups.sh [HWDR]      the program, by default target/release/hwdr
#
# Best of several runs. Ends with 1 if a limit is missed: faster than the documentation's four commands together; 20,000 backups in a second of
# processor time and 100 MB.
set -euo pipefail
cd "$(dirname "$0")/.."

hwdr=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/hwdr}")
runs=${RUNS:-5}
eval "$(lab/env)"
many="hwdr-bench"
trap 'kubectl delete namespace "$many" --ignore-not-found --wait=false >/dev/null' EXIT

# The least of several runs of a command, as "milliseconds processor-milliseconds kilobytes".
least() { # COMMAND...
  python3 - "$runs" "$@" <<'PY'
import os, subprocess, sys, time
least = [float("inf")] * 3
for _ in range(int(sys.argv[1])):
    began = time.monotonic()
    child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) > 3:
        sys.exit(f"bench: failed: {sys.argv[2:]}")
    took = [(time.monotonic() - began) * 1000, (used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss]
    least = [min(pair) for pair in zip(least, took)]
print(*(round(one) for one in least))
PY
}

kubectl create namespace "$many" >/dev/null
for number in 0 1 2 3 4; do
  python3 - "$number" <<'PY' | kubectl -n "$many" create -f - >/dev/null
import json, sys
number = int(sys.argv[1])
name = "rondb-backups-metadata" + (f"-{number}" if number else "")
data = {}
for one in range(4000):
    minutes = number * 4000 + one
    week, day, hour, minute = 1 + minutes // 10080, 1 + minutes // 1440 % 7, minutes // 60 % 24, minutes % 60
    time = "2025-01-01T00:00:00.000Z"
    data[f"25{week:02}{day}{hour:02}{minute:02}"] = json.dumps(
        {"state": "SUCCESS", "start_time": time, "end_time": time, "duration_ms": 720000, "path": "rondb_backup"})
print(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
                  "metadata": {"name": name, "labels": {"app": "backups-metadata", "service": "rondb", "managed-by": "cronjob"}}}))
PY
done

printf '%-44s %10s %10s %8s\n' '' 'time' 'processor' 'memory'
row() { printf '%-44s %7d ms %7d ms %5d MB\n' "$1" "$2" "$3" $(($4 / 1024)); }
read -ra list < <(HELM_NAMESPACE=$HWDR_LAB_NAMESPACE least "$hwdr" backups list)
read -ra status < <(HELM_NAMESPACE=$HWDR_LAB_NAMESPACE least "$hwdr" status)
read -ra snippets < <(least lab/snippets)
read -ra large < <(HELM_NAMESPACE=$many least "$hwdr" backups list)
row 'hwdr backups list' "${list[@]}"
row 'hwdr status' "${status[@]}"
row "the documentation's commands" "${snippets[@]}"
row 'hwdr backups list, 20,000 backups' "${large[@]}"

bad=0
((list[0] < snippets[0])) || { echo "bench: the list is slower than the documentation's commands" >&2; bad=1; }
((large[1] < 1000)) || { echo "bench: 20,000 backups take more than a second of processor time" >&2; bad=1; }
((large[2] < 100 * 1024)) || { echo "bench: 20,000 backups take more than 100 MB" >&2; bad=1; }
exit $bad
