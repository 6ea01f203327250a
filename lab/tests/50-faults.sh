# shellcheck shell=bash
# The faults on demand do what they say, and the lab recovers from them.

test_a_killed_api_server_comes_back() {
  "$LAB/fault" kill apiserver
  ! kubectl get --raw /readyz --request-timeout=2s || false
  "$LAB/fault" start apiserver
  wait_for 60 "the API server" "$RUN/log/apiserver.log" kubectl get --raw /readyz
}

test_a_paused_server_hangs_and_goes_on() {
  "$LAB/fault" pause etcd
  ! timeout 5 kubectl get pods -A --request-timeout=3s || false
  "$LAB/fault" resume etcd
  wait_for 60 "the API server" "$RUN/log/apiserver.log" kubectl get pods -A --request-timeout=3s
}

test_the_bucket_fails_as_told() {
  "$LAB/fault" bucket 503
  fails_with 503 "$LAB/s3" list "$HOPSFS_BUCKET"
  "$LAB/fault" bucket reset
  fails_with 'reset|closed|disconnected' "$LAB/s3" list "$HOPSFS_BUCKET"
  "$LAB/fault" bucket hang
  ! timeout 3 "$LAB/s3" list "$HOPSFS_BUCKET" || false
  "$LAB/fault" bucket ok
  "$LAB/s3" list "$HOPSFS_BUCKET" opensearch_backup/ | grep -c .
}

test_a_job_can_be_made_to_fail_and_to_hang() {
  kubectl -n "$NS" create job probe --image="$IMAGE_HWUTILS" -- /bin/true
  kubectl -n "$NS" wait --for=condition=Complete job/probe --timeout=60s
  "$LAB/fault" job hang probe
  sleep 3
  [ "$(kubectl -n "$NS" get job probe -o jsonpath='{.status.active}')" = 1 ]
  kubectl -n "$NS" patch job probe --type merge -p '{"spec": {"backoffLimit": 0}}'
  "$LAB/fault" job fail probe
  kubectl -n "$NS" wait --for=condition=Failed job/probe --timeout=90s
  kubectl -n "$NS" delete job probe
}

test_a_full_volume_refuses_and_is_emptied_again() {
  local claim=opensearch-data-opensearch-0
  "$LAB/fault" fill $claim
  kubectl -n "$NS" delete pod opensearch-0 --wait
  wait_for 90 "the pod" - kubectl -n "$NS" get pod opensearch-0
  wait_for 90 "its start" - kubectl -n "$NS" exec opensearch-0 -- true
  fails_with 'No space left' kubectl -n "$NS" exec opensearch-0 -- bash -c 'head -c 1000000 /dev/zero >/var/lib/opensearch/more'
  "$LAB/fault" empty $claim
  kubectl -n "$NS" delete pod opensearch-0 --wait
  kubectl -n "$NS" rollout status statefulset/opensearch --timeout=180s
  wait_for 60 "the documents" - "$LAB/check" "$LAB_RECORD" --service opensearch
}

test_a_damaged_part_fails_ndb_restore() {
  local id key keys
  # shellcheck source=lab/tests/40-restore-by-hand.sh
  . "$LAB/tests/40-restore-by-hand.sh"
  id=$(awk '$1 == "rondb" {print $2}' "$LAB_BACKUP")
  keys=$("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$id/rondb/2/" | awk '/\.Data/ {print $1}')
  for key in $keys; do "$LAB/s3" get "$HOPSFS_BUCKET" "$key" >"$RUN/whole-${key##*/}"; done
  "$LAB/fault" part cut "$id" 2
  kubectl -n "$NS" delete pod restore-by-hand --ignore-not-found --wait
  restore_pod "$id"
  ! restore 2 --restore-data || false
  for key in $keys; do "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/whole-${key##*/}"; done
  kubectl -n "$NS" delete pod restore-by-hand --wait=false
}
