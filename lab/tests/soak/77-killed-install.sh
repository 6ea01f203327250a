# shellcheck shell=bash
# An installation that restores is interrupted everywhere and resumes; and one that is uninstalled can start over.
# shellcheck source=lab/tests/60-new-cluster.sh
. "$LAB/tests/60-new-cluster.sh"

test_an_installation_that_is_killed_after_each_write_goes_on() {
  local arguments kills
  "$LAB/up" --new-cluster
  prepare_installation
  cut_off 1 install "${arguments[@]}" --yes
  killed_throughout resume "${arguments[@]}"
  phase_is restored
  "$LAB/check" "$LAB_RECORD"
  ((kills >= 12))
}

# LAB_CUTS names the places.
test_an_installation_that_was_killed_anywhere_can_be_begun_anew() {
  local arguments cut
  "$LAB/up" --new-cluster
  prepare_installation
  for cut in ${LAB_CUTS:-3 9 15 21}; do
    say "killed after $cut writes"
    cut_off "$cut" install "${arguments[@]}" --yes
    # The helm that it started continues.
    while pgrep -f 'helm.* install hopsworks' >/dev/null; do sleep 1; done
    if "$(helm_of 3)" status hopsworks -n "$NS"; then
      refuses "or start over: helm uninstall hopsworks -n $NS .*kubectl -n $NS .*delete pvc NAME" hwdr install "${arguments[@]}" --yes
      # As it says.
      "$(helm_of 3)" uninstall hopsworks -n "$NS"
      kubectl -n "$NS" delete pvc --all
    fi
  done
  hwdr install "${arguments[@]}" --yes
  "$LAB/check" "$LAB_RECORD"
  [ "$(kubectl -n velero get backupstoragelocation hopsworks-bsl -o jsonpath='{.spec.accessMode}')" = ReadWrite ]
}

# The chart's Jobs that wait for the metadata failed with them, too.
test_an_installation_whose_metadata_ended_half_way_goes_on() {
  local arguments killer
  "$LAB/up" --new-cluster
  prepare_installation
  kill_the_metadata 0.5 &
  killer=$!
  ! hwdr install "${arguments[@]}" --yes || false
  wait $killer
  state | jq -e '.phase == "failed" and (.why | contains("hwdr-rondb-metadata"))'
  hwdr resume hopsworks --credentials-env
  phase_is restored
  "$LAB/check" "$LAB_RECORD"
}
