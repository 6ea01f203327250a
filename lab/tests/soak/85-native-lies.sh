# shellcheck shell=bash
# A chart whose own restore succeeds although a node's part is missing: the run stops before anything writes, and names tables and node.
# shellcheck source=lab/tests/60-new-cluster.sh
. "$LAB/tests/60-new-cluster.sh"

# damaged: one node's rows are cut short in the bucket; the original is in $RUN/notes.
damaged() {
  local key
  mapfile -t keys < <("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$(note rondb)/rondb/2/" | awk '/\.Data/ {print $1}')
  for key in "${keys[@]}"; do "$LAB/s3" get "$HOPSFS_BUCKET" "$key" >"$RUN/notes/whole-${key##*/}"; done
  "$LAB/fault" part cut "$(note rondb)" 2
}
mended() {
  local key
  for key in "${keys[@]}"; do "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/notes/whole-${key##*/}"; done
}

# stopped_by_rows JOB: the chart's own JOB is complete, and the run in $RUN/notes/lied.txt stopped after it.
stopped_by_rows() {
  kubectl -n "$NS" wait --for=condition=Complete "job/$1" --timeout=1s
  kubectl -n "$NS" wait --for=condition=Failed "job/hwdr-rondb-rows-$(note rondb)" --timeout=1s
  tr -s ' \n' ' ' <"$RUN/notes/lied.txt" >"$RUN/notes/lied-line.txt"
  grep -E "rows: Job $1 is complete, and [0-9]+ of [0-9]+ tables do not have the rows" "$RUN/notes/lied-line.txt"
  grep -E '[a-z_]+\.[a-z_]+ has [0-9]+ of [0-9]+ rows' "$RUN/notes/lied-line.txt"
  grep -E 'node 2: 0 of 1' "$RUN/notes/lied-line.txt"
  phase_is failed
  # No application has started.
  [ "$(kubectl -n "$NS" get pods -o json |
    jq '[.items[].status.containerStatuses[]? | select(.ready and (.name | IN("mysqld", "rdrs", "namenode", "hopsworks")))] | length')" = 0 ]
}

test_a_native_restore_into_a_new_cluster_that_lies_is_stopped() {
  local arguments keys status=0
  "$LAB/up" --new-cluster
  damaged
  prepare_installation
  hwdr install "${arguments[@]}" --yes --set global._hopsworks.testGeneration=native >"$RUN/notes/lied.txt" 2>&1 || status=$?
  cat "$RUN/notes/lied.txt"
  mended
  [ "$status" = 3 ]
  stopped_by_rows restore-native-backup
}

# In place, it can be undone.
test_a_native_restore_in_place_that_lies_is_stopped_and_undone() {
  local native=(--set global._hopsworks.testGeneration=native-inplace) keys status=0
  LAB_HELM=$(helm_of 4) fresh_cluster "${native[@]}"
  damaged
  IN_PLACE_HELM=4 upgrade --yes "${native[@]}" >"$RUN/notes/lied.txt" 2>&1 || status=$?
  cat "$RUN/notes/lied.txt"
  mended
  [ "$status" = 3 ]
  stopped_by_rows "restore-native-backup-$(note rondb)"
  IN_PLACE_HELM=4 hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}
