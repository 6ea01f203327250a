# shellcheck shell=bash
# The cluster itself: servers stay up, a second start changes nothing, names resolve, volumes keep their data.

test_status_says_that_all_is_well() {
  "$LAB/status"
}

test_a_second_up_changes_nothing_and_is_quick() {
  local before at
  before=$(holder)
  at=$SECONDS
  "$LAB/up"
  ((SECONDS - at < 60))
  [ "$(holder)" = "$before" ]
}

test_pods_find_services_and_nothing_outside() {
  kubectl -n "$NS" exec mysqlds-0 -c mysqld -- bash -ec 'getent hosts opensearch; ! getent hosts example.com'
}

test_a_volume_outlives_its_pod() {
  local before
  before=$(kubectl -n "$NS" exec opensearch-0 -- ls /var/lib/opensearch)
  kubectl -n "$NS" delete pod opensearch-0 --wait
  kubectl -n "$NS" rollout status statefulset/opensearch --timeout=180s
  [ "$before" = "$(kubectl -n "$NS" exec opensearch-0 -- ls /var/lib/opensearch)" ]
}

test_the_bucket_is_versioned_and_reachable_from_the_host() {
  local tmp
  tmp=$(mktemp)
  echo one >"$tmp"
  "$LAB/s3" put "$HOPSFS_BUCKET" test/versions "$tmp"
  "$LAB/s3" delete "$HOPSFS_BUCKET" test/versions
  [ "$("$LAB/s3" versions "$HOPSFS_BUCKET" test/ | wc -l)" = 2 ]
  "$LAB/s3" versions "$HOPSFS_BUCKET" test/ | grep '^DeleteMarker .* true$'
  ! "$LAB/s3" get "$HOPSFS_BUCKET" test/versions || false
}
