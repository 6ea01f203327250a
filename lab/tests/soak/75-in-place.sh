# shellcheck shell=bash
# Restores in place that take long: interrupted everywhere, with the other Helm, finalized, and repeated.
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

# Whatever earlier tests left.
test_a_fresh_cluster_is_backed_up() {
  # shellcheck disable=SC2119 # No arguments: the chart as it is.
  fresh_cluster
}

test_a_run_that_is_killed_after_each_write_goes_on() {
  local kills
  in_place_values
  mapfile -t arguments < <(upgrade_arguments)
  cut_off 1 "${arguments[@]}"
  mapfile -t arguments < <(resume_arguments)
  killed_throughout "${arguments[@]}"
  is_the_backup
  ((kills >= 20))
}

test_an_undo_that_is_killed_after_each_write_goes_on() {
  local kills
  cut_off 1 undo hopsworks --yes
  killed_throughout resume hopsworks
  phase_is undone
  "$LAB/check" "$RUN/notes/second.record"
  ((kills >= 12))
}

# LAB_CUTS names the places.
test_a_run_that_is_killed_anywhere_goes_back() {
  local cut
  in_place_values
  mapfile -t arguments < <(upgrade_arguments)
  for cut in ${LAB_CUTS:-$(seq 30)}; do
    say "killed after $cut writes"
    cut_off "$cut" "${arguments[@]}"
    hwdr undo hopsworks --yes
    "$LAB/check" "$RUN/notes/second.record"
  done
}

# HopsFS's bucket is rewound from this machine, which must have access before anything is changed.
test_helm_4_restores_in_place_too() {
  export IN_PLACE_HELM=4
  everything >"$RUN/notes/before.txt"
  AWS_ACCESS_KEY_ID=wrong AWS_SECRET_ACCESS_KEY=wrong refuses 's3:GetBucketVersioning on bucket .*InvalidAccessKeyId' upgrade --yes --from here
  everything >"$RUN/notes/after.txt"
  diff "$RUN/notes/before.txt" "$RUN/notes/after.txt"
  AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY upgrade --yes --from here
  is_the_backup
}

test_finalize_makes_it_the_normal_state() {
  local volumes
  volumes=$(kubectl get pv -o name | wc -l)
  cp "$RUN/notes/in-place.yaml" "$RUN/notes/final.yaml"
  sed -i '1i # ours' "$RUN/notes/final.yaml"
  IN_PLACE_HELM=4 hwdr finalize hopsworks "$LAB/../testdata/chart" -f "$LAB/../testdata/values/base.yaml" -f "$LAB/values.yaml" \
    -f "$RUN/notes/final.yaml" --yes
  grep '# ours' "$RUN/notes/final.yaml"
  ! grep restoreFromBackup "$RUN/notes/final.yaml" || false
  phase_is finalized
  data_are_the_backups
  [ "$(kubectl get pv -o name | wc -l)" -lt "$volumes" ]
  refuses 'finalize has given up' hwdr undo hopsworks --yes
  # Ordinary upgrades: nothing restarts. (Pods that finalize replaced may still be terminating.)
  running() {
    kubectl -n "$NS" get pods -o json |
      jq -r '.items[] | select(.status.phase == "Running" and .metadata.deletionTimestamp == null) | .metadata.uid' | sort
  }
  running >"$RUN/notes/pods.txt"
  for _ in first second; do
    "$(helm_of 4)" upgrade hopsworks "$LAB/../testdata/chart" -n "$NS" -f "$LAB/../testdata/values/base.yaml" -f "$LAB/values.yaml" \
      -f "$RUN/notes/final.yaml"
    sleep 20
    running | diff "$RUN/notes/pods.txt" -
  done
  data_are_the_backups
}

# The markers of the finalized restore prevent another one; and without the old volumes there is no way back.
test_rerun_and_wipe_restore_once_more() {
  export IN_PLACE_HELM=4
  "$LAB/seed" third
  refuses 'was restored here before: .*rerun' upgrade --yes
  mapfile -t arguments < <(upgrade_arguments)
  hwdr rerun "${arguments[@]:1}" --wipe
  is_the_backup
  refuses 'its old volumes were deleted' hwdr undo hopsworks --yes
}
