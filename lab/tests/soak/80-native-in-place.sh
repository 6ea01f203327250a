# shellcheck shell=bash
# A chart that restores itself in place, with its own hooks and Jobs: hwdr adopts them, sets the volumes aside before, and can undo. All
# of it with Helm 4, which has the API server apply what it renders.
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

native=(--set global._hopsworks.testGeneration=native-inplace)
export IN_PLACE_HELM=4

test_a_native_chart_is_backed_up() {
  LAB_HELM=$(helm_of 4) fresh_cluster "${native[@]}"
}

test_its_own_jobs_restore_in_place() {
  upgrade --yes "${native[@]}"
  is_the_backup
  # hwdr only checks what they restored.
  [ "$(kubectl -n "$NS" get jobs -l hwdr.hopsworks.ai/restore-id -o name)" = "job.batch/hwdr-rondb-rows-$(note rondb)" ]
  kubectl -n "$NS" get job "restore-native-backup-$(note rondb)" -o json | jq -e '.spec.ttlSecondsAfterFinished == null and .status.succeeded >= 1'
}

test_undo_gives_back_what_was_there() {
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}
