#!/usr/bin/env bash
# Measures the speed of `hwdr lint`, compared with check-jsonschema and `helm lint` with the same schema, and yamllint.
#
#   benches/lint.sh [HWDR]      the program, by default target/release/hwdr
#
# 1,000 files of 30 lines, and one file; best of several runs, so that other load on the machine matters little.
# The peers are installed into the cache. Ends with 1 if a limit is missed: 50 times faster than
# check-jsonschema on many files, 5 ms for one.
set -euo pipefail
cd "$(dirname "$0")/.."

hwdr=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/hwdr}")
cache=${HWDR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hwdr}
peers=$cache/lint-peers/venv/bin
runs=${RUNS:-7}

if [ ! -x "$peers/check-jsonschema" ] || [ ! -x "$peers/yamllint" ]; then
  python3 -m venv "$cache/lint-peers/venv"
  "$peers/pip" install --quiet 'check-jsonschema==0.39.*' 'yamllint==1.38.*'
fi
scripts/tools helm3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
schema=$PWD/src/product/hopsworks/schema.json
mkdir "$work/many"
for number in {0001..1000}; do
  cat >"$work/many/$number.yaml" <<VALUES
# Values of cluster $number
global:
  _hopsworks:
    imageRegistry: docker.hops.works
    mode: auto
    managedObjectStorage:
      enabled: true
      s3:
        bucket:
          name: bucket-$number
        region: eu-north-1
        endpoint: https://s3.example.com
    backups:
      enabled: true
      schedule: "0 3 * * 1-5"
      ttl: 60d
      metadataStore:
        configMap:
          ronDB: rondb-backups-metadata
          opensearch: opensearch-backups-metadata
rondb:
  clusterSize:
    activeDataReplicas: 2
hopsworks:
  replicas: 3
  velero:
    enforcePrerequisiteCheck: true
    backup:
      enabled: true
    restore: {}
VALUES
done
cp -r testdata/chart "$work/chart"
cp "$schema" "$work/chart/values.schema.json"
many=("$work"/many/*.yaml)
one=("${many[0]}")

# The shortest time of a command, in microseconds.
best() { # COMMAND...
  local least=-1 start took
  for ((run = 0; run < runs; run++)); do
    start=${EPOCHREALTIME/[.,]/}
    "$@" >"$work/out" 2>&1 || { echo "bench: failed: ${*:0:3}…" >&2; tail -5 "$work/out" >&2; exit 1; }
    took=$((${EPOCHREALTIME/[.,]/} - start))
    ((least < 0 || took < least)) && least=$took
  done
  echo "$least"
}

row() { # NAME MANY ONE
  local times=-
  [ "$2" = - ] || times=$(awk -v a="$2" -v b="$hwdr_many" 'BEGIN { printf "%.0fx", a / b }')
  printf '%-24s %14s %10s %12s\n' "$1" "$(ms "$2")" "$times" "$(ms "$3")"
}
ms() { if [ "$1" = - ]; then echo -; else awk -v t="$1" 'BEGIN { printf "%.1f ms", t / 1000 }'; fi; }

hwdr_many=$(best "$hwdr" lint "${many[@]}")
hwdr_one=$(best "$hwdr" lint "${one[@]}")
runs=3
check_many=$(best "$peers/check-jsonschema" --schemafile "$schema" "${many[@]}")
check_one=$(best "$peers/check-jsonschema" --schemafile "$schema" "${one[@]}")
yamllint_many=$(best "$peers/yamllint" -d relaxed "${many[@]}")
yamllint_one=$(best "$peers/yamllint" -d relaxed "${one[@]}")
helm_one=$(best "$cache/bin/helm3" lint "$work/chart" -f "${one[0]}")

printf '%-24s %14s %10s %12s\n' '' '1,000 files' '' 'one file'
row 'hwdr lint' "$hwdr_many" "$hwdr_one"
row 'check-jsonschema' "$check_many" "$check_one"
row 'yamllint' "$yamllint_many" "$yamllint_one"
row 'helm lint' - "$helm_one"

status=0
if ((check_many < 50 * hwdr_many)); then
  echo "bench: less than 50 times faster than check-jsonschema" >&2
  status=1
fi
if ((hwdr_one > 5000)); then
  echo "bench: one file takes more than 5 ms" >&2
  status=1
fi
exit $status
