# shellcheck shell=bash
# Superset's restores that take long: by the chart alone, interrupted everywhere, with the other Helm, finalized, and into new clusters.
# shellcheck source=lab/tests/60-new-cluster.sh
. "$LAB/tests/60-new-cluster.sh"
# shellcheck source=lab/tests/58-superset.sh
. "$LAB/tests/58-superset.sh"

alone_arguments() { printf '%s\n' upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/superset.yaml" --yes; }
audit_steps() {
  kubectl -n "$NS" get configmap superset-restore-audit -o json |
    jq -r '.data | to_entries | map(select(.key | startswith("h-"))) | sort_by(.key) | .[].value | fromjson | .step'
}
by_the_chart() {
  superset_values
  $HELM upgrade hopsworks "${CHART[@]}" -n "$NS" -f "$RUN/notes/superset.yaml" --set global._hopsworks.testGeneration=native --timeout 15m "$@"
}
overlay=("-f" "$LAB/../testdata/chart/values.superset-restore.yaml")

test_a_fresh_cluster_is_backed_up() {
  # shellcheck disable=SC2119 # No arguments: the chart as it is.
  fresh_cluster
}

# Whole, and made by a Superset that is newer than this one.
test_a_dump_of_a_newer_superset_is_refused() {
  local manifest
  "$LAB/s3" get "$HOPSFS_BUCKET" "$(dump_key)" >"$RUN/notes/dump"
  manifest=superset_backup/$(note superset)/manifest.json
  "$LAB/s3" get "$HOPSFS_BUCKET" "$manifest" >"$RUN/notes/manifest"
  zcat "$RUN/notes/dump" | sed "s/^\(INSERT INTO .alembic_version. .*(\)'[0-9a-f]*'/\1'ffffffffffff'/" | gzip >"$RUN/notes/dump.newer"
  zcat "$RUN/notes/dump.newer" | grep -a ffffffffffff
  jq --arg sum "$(sha256sum <"$RUN/notes/dump.newer" | cut -d' ' -f1)" --argjson size "$(stat -c %s "$RUN/notes/dump.newer")" \
    '.sha256 = $sum | .size = $size' "$RUN/notes/manifest" >"$RUN/notes/manifest.newer"
  "$LAB/s3" put "$HOPSFS_BUCKET" "$(dump_key)" "$RUN/notes/dump.newer"
  "$LAB/s3" put "$HOPSFS_BUCKET" "$manifest" "$RUN/notes/manifest.newer"
  superset_values
  everything >"$RUN/notes/before.txt"
  refuses 'does not know schema ffffffffffff: .* made by a newer Superset' alone --yes
  everything | diff "$RUN/notes/before.txt" -
  "$LAB/s3" put "$HOPSFS_BUCKET" "$(dump_key)" "$RUN/notes/dump"
  "$LAB/s3" put "$HOPSFS_BUCKET" "$manifest" "$RUN/notes/manifest"
}

# As in the documentation: two upgrades, and hwdr in neither. It shows that the chart's own Job is good.
test_the_chart_restores_it_in_two_upgrades() {
  local job
  job=superset-restore-$(note superset)
  fails_with 'not held at zero replicas' by_the_chart
  by_the_chart "${overlay[@]}"
  kubectl -n "$NS" wait --for=condition=Complete "job/$job" --timeout=400s
  [ "$(audit_steps | paste -sd' ')" = 'started pods-stopped manifest-verified database-reloaded' ]
  [ -z "$(fence)" ]
  fails_with "Job $job exists" by_the_chart "${overlay[@]}"
  $HELM upgrade hopsworks "${CHART[@]}" -n "$NS" --timeout 15m
  superset_is "$LAB_RECORD"
  "$LAB/seed" third
  "$LAB/check" --record "$RUN/notes/second.record"
}

# The chart's Job waits for the key, gives up without a change, and leaves the fence.
test_the_chart_leaves_a_fence_under_another_key() {
  local key job what
  job=superset-restore-$(note superset)
  key=$(kubectl -n "$NS" get secret superset-secret-key -o jsonpath='{.data.secret-key}')
  key_is "$(printf another-key | base64)"
  by_the_chart "${overlay[@]}"
  kubectl -n "$NS" wait --for=condition=Failed "job/$job" --timeout=400s
  audit_steps | tail -n 1 | grep -x aborted
  [ "$(fence)" = "$(note superset)" ]
  key_is "$key"
  # Without a pod of Superset nobody can look at its database: the fence stays.
  hwdr doctor hopsworks --fix --yes || true
  [ "$(fence)" = "$(note superset)" ]
  $HELM upgrade hopsworks "${CHART[@]}" -n "$NS" --timeout 15m
  for what in hopsworks-superset hopsworks-superset-worker; do kubectl -n "$NS" rollout status "deployment/$what" --timeout=180s; done
  hwdr doctor hopsworks --fix --yes || true
  [ -z "$(fence)" ]
  superset_is "$RUN/notes/second.record"
}

# A pod that something holds is named while it is waited for; when it goes, the restore goes on.
test_a_pod_that_will_not_go_is_named_and_waited_for() {
  local pod pid
  pod=$(kubectl -n "$NS" get pods -o name | grep -m 1 superset-worker)
  kubectl -n "$NS" patch "$pod" --type merge -p '{"metadata": {"finalizers": ["lab.hwdr/holds"]}}'
  alone --yes >"$RUN/notes/held.txt" 2>&1 &
  pid=$!
  wait_for 300 "the name of the pod that stays" "$RUN/notes/held.txt" grep -F "1 left: ${pod#pod/}" "$RUN/notes/held.txt"
  sleep 10
  phase_is running
  kubectl -n "$NS" patch "$pod" --type merge -p '{"metadata": {"finalizers": null}}'
  wait $pid || { tail_log "$RUN/notes/held.txt"; return 1; }
  superset_is "$LAB_RECORD"
  hwdr undo hopsworks --yes
  superset_is "$RUN/notes/second.record"
}

test_a_restore_of_it_that_is_killed_after_each_write_goes_on() {
  local kills arguments
  superset_values
  mapfile -t arguments < <(alone_arguments)
  cut_off 1 "${arguments[@]}"
  killed_throughout resume "${arguments[@]:1:${#arguments[@]}-2}"
  phase_is restored
  superset_is "$LAB_RECORD"
}

test_its_undo_that_is_killed_after_each_write_goes_on() {
  local kills
  cut_off 1 undo hopsworks --yes
  killed_throughout resume hopsworks
  phase_is undone
  superset_is "$RUN/notes/second.record"
}

# LAB_CUTS names the places.
test_a_restore_of_it_that_is_killed_anywhere_goes_back() {
  local cut arguments
  superset_values
  mapfile -t arguments < <(alone_arguments)
  for cut in ${LAB_CUTS:-$(seq 12)}; do
    say "killed after $cut writes"
    cut_off "$cut" "${arguments[@]}"
    hwdr undo hopsworks --yes
    superset_is "$RUN/notes/second.record"
  done
}

test_helm_4_restores_it_and_finalize_keeps_it() {
  export IN_PLACE_HELM=4
  alone --yes
  superset_is "$LAB_RECORD"
  cp "$RUN/notes/superset.yaml" "$RUN/notes/final.yaml"
  hwdr finalize hopsworks "${CHART[@]}" -f "$RUN/notes/final.yaml" --yes
  ! grep backupId "$RUN/notes/final.yaml" || false
  phase_is finalized
  refuses 'finalize has given up' hwdr undo hopsworks --yes
  others >"$RUN/notes/others.txt"
  "$(helm_of 4)" upgrade hopsworks "${CHART[@]}" -n "$NS" --timeout 15m
  superset_is "$LAB_RECORD"
  others | diff "$RUN/notes/others.txt" -
}

# All of the cluster, and Superset with it, in place: from a backup that was not restored here before.
test_it_comes_back_with_the_whole_cluster_in_place() {
  "$LAB/check" --record "$LAB_RECORD"
  "$LAB/backup" >"$LAB_BACKUP"
  "$LAB/seed" fourth
  "$LAB/check" --record "$RUN/notes/second.record"
  superset_values
  run_secret() { echo "hwdr-restore-$(note rondb)"; }
  upgrade --yes -f "$RUN/notes/superset.yaml"
  is_the_backup
  superset_is "$LAB_RECORD"
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}

# Nothing of the old cluster is left but the buckets.
new_cluster_by() {
  local arguments
  "$LAB/up" --new-cluster
  prepare_installation
  IN_PLACE_HELM=$1 hwdr install "${arguments[@]}" --yes
  superset_is "$LAB_RECORD"
  "$LAB/check" "$LAB_RECORD"
}
test_helm_3_brings_it_into_a_new_cluster() {
  new_cluster_by 3
}
test_helm_4_brings_it_into_a_new_cluster() {
  new_cluster_by 4
}
