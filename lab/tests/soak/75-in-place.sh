# shellcheck shell=bash
# Restores in place that take long: with the other Helm, made final, and cut off at every place.
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

# Whatever the tests before have left.
test_a_fresh_cluster_is_backed_up() {
  # shellcheck disable=SC2119 # No arguments: the chart as it is.
  fresh_cluster
}

# LAB_CUTS names the places; each even one goes on, and then back; each odd one goes back at once.
test_a_run_that_is_killed_anywhere_goes_on_or_back() {
  local cut
  in_place_values
  mapfile -t arguments < <(upgrade_arguments)
  for cut in ${LAB_CUTS:-$(seq 30)}; do
    say "killed after $cut writes"
    cut_off "$cut" "${arguments[@]}"
    if ((cut % 2 == 0)); then
      hwdr resume hopsworks "${arguments[@]:2:${#arguments[@]}-3}"
      is_the_backup
    fi
    hwdr undo hopsworks --yes
    "$LAB/check" "$RUN/notes/second.record"
  done
}

# HopsFS's bucket is brought back from this machine, which has to have a way in before anything is changed.
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
  is_the_backup
  [ "$(kubectl get pv -o name | wc -l)" -lt "$volumes" ]
  refuses 'given up by finalize' hwdr undo hopsworks --yes
  # A plain upgrade, as ever: nothing starts again. (Pods that finalize has replaced may still be ending.)
  running() {
    kubectl -n "$NS" get pods -o json |
      jq -r '.items[] | select(.status.phase == "Running" and .metadata.deletionTimestamp == null) | .metadata.uid' | sort
  }
  running >"$RUN/notes/pods.txt"
  "$(helm_of 4)" upgrade hopsworks "$LAB/../testdata/chart" -n "$NS" -f "$LAB/../testdata/values/base.yaml" -f "$LAB/values.yaml" -f "$RUN/notes/final.yaml"
  sleep 20
  running | diff "$RUN/notes/pods.txt" -
  is_the_backup
}
