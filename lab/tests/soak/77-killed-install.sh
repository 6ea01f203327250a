# shellcheck shell=bash
# An installation that restores is cut off everywhere and goes on; and one that is taken out again can be begun anew.
# shellcheck source=lab/tests/60-new-cluster.sh
. "$LAB/tests/60-new-cluster.sh"

new_cluster() {
  "$LAB/up" --new-cluster
  # hwdr makes its own.
  kubectl -n velero delete secret hopsworks-bsl-credentials
  prerequisites
  restore_values
  export AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY
  arguments=(hopsworks "$LAB/../testdata/chart" -f "$LAB/../testdata/values/base.yaml" -f "$LAB/values.yaml" -f "$RUN/notes/restore.yaml"
    --credentials-env)
}

test_an_installation_that_is_killed_after_each_write_goes_on() {
  new_cluster
  cut_off 1 install "${arguments[@]}" --yes
  killed_throughout resume "${arguments[@]}"
  phase_is restored
  "$LAB/check" "$LAB_RECORD"
  ((kills >= 12))
}

# LAB_CUTS names the places.
test_an_installation_that_was_killed_anywhere_can_be_begun_anew() {
  local cut
  new_cluster
  for cut in ${LAB_CUTS:-3 9 15 21}; do
    say "killed after $cut writes"
    cut_off "$cut" install "${arguments[@]}" --yes
    # The helm that it has started goes on.
    while pgrep -f 'helm.* install hopsworks' >/dev/null; do sleep 1; done
    if "$(helm_of 3)" status hopsworks -n "$NS"; then
      refuses 'or begin again: helm uninstall hopsworks, delete its claims' hwdr install "${arguments[@]}" --yes
      # As it says.
      "$(helm_of 3)" uninstall hopsworks -n "$NS"
      kubectl -n "$NS" delete pvc --all
    fi
  done
  hwdr install "${arguments[@]}" --yes
  "$LAB/check" "$LAB_RECORD"
  [ "$(kubectl -n velero get backupstoragelocation hopsworks-bsl -o jsonpath='{.spec.accessMode}')" = ReadWrite ]
}
