#!/usr/bin/env bash
# Measures a restore in place in the lab by `helm hwdr upgrade`, compared with the documented way, a plain `helm upgrade` of a chart that restores itself,
# in one run: each on a cluster of its own (lab/up), with the same data, from the same kind of backup.
#
#   benches/restore.sh [HWDR]      the program, by default target/release/hwdr
#
# The time is from the command until all of the release is ready; then the data must be the backup's. Prints where hwdr's time goes, by its own record.
# Ends with 1 if the data differ, or hwdr takes more than 0.8 times as long.
set -euo pipefail
cd "$(dirname "$0")/.."
export HWDR
HWDR=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/hwdr}")
# shellcheck source=lab/lib.sh
. lab/lib.sh
trap lab/down EXIT
lab/up
# shellcheck source=lab/client.sh
. lab/client.sh
# shellcheck source=lab/tests/55-in-place.sh
. lab/tests/55-in-place.sh
export IN_PLACE_HELM=3
native=(--set global._hopsworks.testGeneration=native-inplace)

# measured COMMAND…: the seconds until all is restored, into $took.
measured() {
  fresh_cluster "${native[@]}"
  in_place_values
  local began=$EPOCHREALTIME
  "$@" "${native[@]}"
  wait_ready
  took=$(awk -v from="$began" -v to="$EPOCHREALTIME" 'BEGIN {printf "%.1f", to - from}')
  data_are_the_backups
}
documented() { "$HELM" upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" -n "$NS" --timeout 15m "$@"; }

measured documented
documented=$took
measured upgrade --yes
hwdr history hopsworks
printf '\n%-34s %8s\n' '' seconds 'helm upgrade, as documented' "$documented" 'helm hwdr upgrade' "$took"
awk -v own="$took" -v other="$documented" 'BEGIN {ratio = own / other; printf "%-34s %8.2f\nlimit: 0.8\n", "ratio", ratio; exit ratio > 0.8}'
