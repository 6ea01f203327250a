# shellcheck shell=bash
# One fault at a time, in the middle of a restore in place: it recovers, or stops, says why, and resumes after the fix.
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

test_a_fresh_cluster_is_backed_up() {
  # shellcheck disable=SC2119 # No arguments: the chart as it is.
  fresh_cluster
}

# at_step STEP: waits until the run in the background has begun that step.
at_step() { wait_for "${2:-300}" "the step $1" - has_begun "$1"; }
has_begun() { state | jq -e --arg step "$1" '.phase == "running" and any(.steps[]; .step | startswith($step))'; }

velero() { # velero PODS
  kubectl -n velero scale deployment/velero --replicas="$1" >/dev/null
}

location_at() { # location_at URL PHASE: Velero looks for the bucket there, and finds it or not
  kubectl -n velero patch backupstoragelocation hopsworks-bsl --type merge -p "{\"spec\": {\"config\": {\"s3Url\": \"$1\"}}}"
  kubectl -n velero wait backupstoragelocation/hopsworks-bsl --for=jsonpath='{.status.phase}'="$2" --timeout=150s
}

# stops PATTERN COMMAND…: it must stop in the middle, with that message.
stops() {
  local out status=0
  out=$("${@:2}" 2>&1) || status=$?
  tail -n 30 <<<"$out"
  tr -s ' \n' ' ' <<<"$out" | grep -iE -- "$1"
  [ "$status" = 3 ]
  ! phase_is restored
}

test_no_room_for_a_second_set_of_volumes_is_refused() {
  local class
  class=$(kubectl -n "$NS" get pvc -o jsonpath='{.items[0].spec.storageClassName}')
  kubectl apply -f - <<YAML
apiVersion: storage.k8s.io/v1
kind: CSIStorageCapacity
metadata: {name: little, namespace: kube-system}
storageClassName: $class
capacity: 1Mi
YAML
  everything >"$RUN/notes/before.txt"
  refuses "storage class $class has room for 1 MiB, but the new volumes need" upgrade --yes
  everything >"$RUN/notes/after.txt"
  diff "$RUN/notes/before.txt" "$RUN/notes/after.txt"
  kubectl -n kube-system delete csistoragecapacity little
}

test_who_may_not_is_refused() {
  kubectl create serviceaccount nobody -n "$NS"
  kubectl create rolebinding nobody -n "$NS" --clusterrole=admin --serviceaccount="$NS:nobody"
  kubectl config view --raw >"$RUN/notes/nobody.kubeconfig"
  kubectl --kubeconfig "$RUN/notes/nobody.kubeconfig" config set-credentials nobody --token="$(kubectl -n "$NS" create token nobody)"
  kubectl --kubeconfig "$RUN/notes/nobody.kubeconfig" config set-context --current --user=nobody
  refuses 'in namespace hopsworks you may not: .*patch persistentvolumes' upgrade --yes --kubeconfig "$RUN/notes/nobody.kubeconfig"
  kubectl delete -n "$NS" rolebinding/nobody serviceaccount/nobody
}

# Faults that pass by themselves: an autoscaler that wants pods, a claim that somebody holds back, an API server and a Velero that are
# down for a while,
# a bucket that is unavailable for a minute, a data node that dies.
test_a_run_gets_over_what_passes() {
  local pid claim=rondb-ndbmtd-node-group-0-0
  kubectl -n "$NS" autoscale deployment hopsworks-instance --min=1 --max=2 --cpu-percent=50
  kubectl -n "$NS" patch pvc $claim --type json -p '[{"op": "add", "path": "/metadata/finalizers/-", "value": "lab.hwdr/held"}]'
  upgrade --yes &
  pid=$!
  at_step quiesce
  "$LAB/fault" kill apiserver
  sleep 20
  "$LAB/fault" start apiserver
  at_step set-aside
  sleep 15
  phase_is running
  kubectl -n "$NS" get pods -o json | jq -e '[.items[] | select(.metadata.name | startswith("hopsworks-instance"))] == []'
  velero 0
  kubectl -n "$NS" get pvc $claim -o json | jq '{metadata: {finalizers: [.metadata.finalizers[] | select(. != "lab.hwdr/held")]}}' >"$RUN/notes/freed.json"
  kubectl -n "$NS" patch pvc $claim --type merge --patch-file "$RUN/notes/freed.json"
  at_step helm
  wait_for 60 "the metadata's Job" - kubectl -n "$NS" get job "hwdr-rondb-metadata-$(note rondb)"
  kubectl -n "$NS" wait --for=condition=Complete "job/hwdr-rondb-metadata-$(note rondb)" --timeout=300s
  # Rows are being restored.
  "$LAB/fault" pod node-group-0-1
  at_step objects:
  sleep 20
  velero 1
  at_step rondb:
  "$LAB/fault" bucket 503
  sleep 60
  "$LAB/fault" bucket ok
  wait $pid
  is_the_backup
  kubectl -n "$NS" delete hpa hopsworks-instance
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}

# A suspended process whose run another one has taken over changes nothing any more.
test_a_run_that_slept_leaves_the_rest_to_its_heir() {
  local pid heir
  in_place_values
  mapfile -t arguments < <(upgrade_arguments)
  hwdr_in_background "${arguments[@]}"
  pid=$!
  at_step quiesce
  kill -STOP "$pid"
  mapfile -t arguments < <(resume_arguments)
  hwdr_in_background "${arguments[@]}"
  heir=$!
  at_step set-aside
  kill -CONT "$pid"
  ! wait "$pid" || false
  grep 'another run of hwdr has taken over' "$RUN/notes/run-$pid.log"
  wait "$heir"
  is_the_backup
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}

# hwdr_in_background ARGUMENTS…: without a shell around it, so that its pid is $!.
hwdr_in_background() {
  local log
  log=$(mktemp "$RUN/notes/run.XXXXXX")
  HELM_BIN=$(helm_of 3) HELM_NAMESPACE=$NS "$HWDR" "$@" 2>"$log" &
  ln -s "$log" "$RUN/notes/run-$!.log"
}

# Faults that do not: helm that times out, a Velero that cannot read the bucket, an object that it may not create, a damaged part, a
# missing image. Each stops the run, or would; after the fix it resumes.
test_a_run_stops_and_goes_on_when_it_is_mended() {
  local absent=docker.hops.works/lab/absent:1 id key keys pid
  id=$(note rondb)
  images() { in_lab ctr -a "$RUN/containerd.sock" -n k8s.io images "$@"; }
  upgrade_with_an_absent_image() {
    in_place_values
    sed -i 's#hopsfs: {image: [^,]*#hopsfs: {image: lab/absent:1#' "$RUN/notes/in-place.yaml"
    mapfile -t arguments < <(upgrade_arguments)
    hwdr "${arguments[@]}" "$@"
  }
  # A part that was never there is found before anything is stopped; this one is removed later.
  refuses 'nothing was changed .*container hopsfs-2: (ErrImage|ImagePull)' upgrade_with_an_absent_image
  images tag "$IMAGE_HWDR" "$absent"
  stops 'helm upgrade failed: .*(timed out|deadline)' upgrade_with_an_absent_image --timeout 1s
  images rm "$absent"

  # From here on, because helm starts all Jobs at once.
  mapfile -t keys < <("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$id/rondb/2/" | awk '/\.Data/ {print $1}')
  for key in "${keys[@]}"; do "$LAB/s3" get "$HOPSFS_BUCKET" "$key" >"$RUN/notes/whole-${key##*/}"; done
  "$LAB/fault" part cut "$id" 2
  mapfile -t arguments < <(resume_arguments)
  location_at "http://10.88.0.1:1" Unavailable
  stops 'FailedValidation: ' hwdr "${arguments[@]}"
  location_at "$S3_ENDPOINT" Available

  "$LAB/fault" secret refuse user-first
  stops 'is PartiallyFailed .*error restoring secrets/.*/user-first.*not this one' hwdr resume hopsworks
  "$LAB/fault" secret allow user-first

  stops 'rondb: Job hwdr-rondb-data-.*exit status' hwdr resume hopsworks
  for key in "${keys[@]}"; do "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/notes/whole-${key##*/}"; done

  hwdr_in_background resume hopsworks
  pid=$!
  at_step hopsfs: 400
  wait_for 60 "its warning" - grep -E 'container rewind: (ErrImagePull|ImagePullBackOff|ErrImageNeverPull)' "$RUN/notes/run-$pid.log"
  images tag "$IMAGE_HWDR" "$absent"
  wait "$pid"
  is_the_backup
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}

# A block that HopsFS's metadata names but the bucket does not have: that does not count as restored. It is in the first file that is read.
test_a_file_that_cannot_be_read_stops_the_run() {
  local block loser
  block=$(sql -N -e "SELECT CONCAT('hopsfs_blocks/blk_', block_id, '_', generation_stamp, '.data') FROM hopsfs.hdfs_block_infos
    JOIN hopsfs.hdfs_inodes ON id = inode_id WHERE size > 65536 ORDER BY path, block_index LIMIT 1")
  "$LAB/s3" get "$HOPSFS_BUCKET" "$block" >"$RUN/notes/block"
  lose "$block" &
  loser=$!
  stops 'hopsfs files: [0-9]+ of [0-9]+, .* bytes came back.*is missing' upgrade --yes
  wait $loser
  "$LAB/s3" put "$HOPSFS_BUCKET" "$block" "$RUN/notes/block"
  hwdr resume hopsworks
  is_the_backup
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}

# As soon as the bucket is rewound.
lose() {
  at_step opensearch: 400
  "$LAB/s3" delete "$HOPSFS_BUCKET" "$1"
}

# The tables of an interrupted metadata Job prevent another one. More tables leave time to interrupt it.
test_metadata_that_ended_half_way_are_restored_anew() {
  local killer
  for n in $(seq 40); do echo "CREATE TABLE IF NOT EXISTS online_first.many_$n (id INT PRIMARY KEY) ENGINE=NDB;"; done | sql
  "$LAB/check" --record "$LAB_RECORD"
  cp "$LAB_RECORD" "$RUN/notes/second.record"
  "$LAB/backup" >"$LAB_BACKUP"
  kill_the_metadata 1.2 &
  killer=$!
  stops 'rondb: Job hwdr-rondb-metadata-' upgrade --yes
  wait $killer
  hwdr resume hopsworks 2>&1 | tee "$RUN/notes/anew.log"
  grep 'restarting it on empty volumes' "$RUN/notes/anew.log"
  is_the_backup
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}
