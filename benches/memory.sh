#!/usr/bin/env bash
# Measures the memory of `hwdr s3 rewind` for COUNT objects (1000000), on a stand-in server that generates its listing (s3/many.py): a
# real one of that size does not fit on a busy machine. benches/s3.sh measures time, on a real server.
#
#   benches/memory.sh [HWDR]      the program, by default target/release/hwdr
#
# Ends with 1 if it is more than 100 MB.
set -euo pipefail
cd "$(dirname "$0")/.."
hwdr=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/hwdr}")
coproc server { exec python3 benches/s3/many.py "${COUNT:-1000000}"; }
# shellcheck disable=SC2154 # coproc sets it
trap 'kill "$server_PID" 2>/dev/null || true' EXIT
read -r port <&"${server[0]}"
export AWS_ACCESS_KEY_ID=bench AWS_SECRET_ACCESS_KEY=bench AWS_REGION=us-east-1
python3 - "$hwdr" s3 rewind --bucket bench --endpoint "http://127.0.0.1:$port" --path-style --at 2026-01-02T00:00:00Z --exact --yes <<'PY'
import resource, subprocess, sys, time
began = time.time()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(done.stdout, done.stderr, f"{time.time() - began:.0f} s, {memory:.0f} MB", sep="\n")
sys.exit(done.returncode or memory > 100)
PY
