# shellcheck shell=bash
# A restore in place, and its undo: "helm hwdr upgrade" and "helm hwdr undo", on a chart that cannot restore
# anything itself.

note() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }

# refuses PATTERN COMMAND…: as fails_with, across the lines of a wrapped message.
refuses() { fails_with "$1" one_line "${@:2}"; }
one_line() {
  local out status=0
  out=$("$@" 2>&1) || status=$?
  tr -s ' \n' ' ' <<<"$out"
  return $status
}

in_place_values() {
  cat >"$RUN/notes/in-place.yaml" <<YAML
global:
  _hopsworks:
    restoreFromBackup: {backupId: "$(note rondb)", inPlace: true, forceDataClear: true}
olk:
  opensearch:
    restore: {repositories: {default: {snapshots: {default: {snapshot_name: "$(note opensearch)"}}}}}
hopsworks:
  velero:
    restore: {mainScheduleBackupId: $(note main), usersScheduleBackupId: $(note users)}
hwdr:
  hopsfs: {image: ${IMAGE_HWDR#*/}, pods: 2} # by hwdr's own image; the tests after this use rclone
YAML
}

# superset_values [ID]: the restore of Superset, to the lab's backup or another one.
superset_values() {
  cat >"$RUN/notes/superset.yaml" <<YAML
global:
  _hopsworks:
    restoreFromBackup:
      superset: {enabled: true, backupId: "${1:-$(note superset)}", initiatedBy: the lab}
YAML
}

# The Secret with a run's state.
run_secret() { echo "hwdr-restore-$(note rondb)"; }

# hwdr COMMAND ARGUMENTS…: as with "helm hwdr"; IN_PLACE_HELM chooses the helm.
hwdr() { HELM_BIN=$(helm_of "${IN_PLACE_HELM:-3}") HELM_NAMESPACE=$NS timeout 800 "$HWDR" "$@"; }

upgrade() {
  in_place_values
  hwdr upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" "$@"
}

# everything: all objects of the cluster that a refused restore must not touch, with their versions.
everything() {
  kubectl get statefulsets,deployments,jobs,cronjobs,configmaps,secrets,pvc,pv,schedules.velero.io,restores.velero.io -A -o json |
    jq -r '.items[] | select(.metadata.name | test("^(velero-repo|hwdr-history)") | not)
      | [.kind, .metadata.namespace, .metadata.name, (.spec // .data | tostring)] | @tsv' | sort
}

test_a_restore_without_consent_changes_nothing() {
  everything >"$RUN/notes/before.txt"
  refuses 'without a terminal' upgrade
  refuses ', not elsewhere' upgrade --yes --expect-cluster elsewhere
  refuses 'rolls back during the restore' upgrade --yes --atomic
  refuses "metadata have no backup|not know" upgrade --yes --set-string global._hopsworks.restoreFromBackup.backupId="$(date -u -d "40 minutes ago" +%y%V%u%H%M)"
  refuses "RonDB's backup is .* days earlier than .*ignore.ids-far-apart" upgrade --yes --set-string rondb.rondb.restoreFromBackup.backupId=254811200
  keda_scales hopsworks-instance
  refuses 'keda-hpa-hopsworks-instance would start pods of Deployment/hopsworks-instance .* autoscaling.keda.sh/paused=true' upgrade --yes
  kubectl -n "$NS" delete hpa/keda-hpa-hopsworks-instance scaledobject/hopsworks-instance
  upgrade --dry-run | tee "$RUN/notes/plan.txt"
  grep 'Volumes to set aside: .*rondb-ndbmtd-node-group-0-1' "$RUN/notes/plan.txt"
  everything >"$RUN/notes/after.txt"
  diff "$RUN/notes/before.txt" "$RUN/notes/after.txt"
}

# Missing parts of the backup, and missing permissions of the restore's pods in the bucket, are found before anything is stopped.
test_a_backup_that_cannot_be_read_is_refused() {
  local id gone key keys
  id=$(note rondb)
  everything >"$RUN/notes/before.txt"
  mapfile -t keys < <("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$id/rondb/2/" | awk '/\.Data/ {print $1}')
  for key in "${keys[@]}"; do "$LAB/s3" get "$HOPSFS_BUCKET" "$key" >"$RUN/notes/whole-${key##*/}"; done
  "$LAB/fault" part remove "$id" 2
  refuses "nothing was changed .*container rondb-0: .*rondb/2/BACKUP-$id.2.ctl there is no \*.Data" upgrade --yes
  for key in "${keys[@]}"; do "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/notes/whole-${key##*/}"; done

  credentials_are "$S3_READER_ACCESS_KEY" "$S3_READER_SECRET_KEY"
  refuses 'nothing was changed .*container hopsfs-2: .*s3:[A-Za-z]+ on bucket hopsworks: not allowed' upgrade --yes
  credentials_are "$S3_ACCESS_KEY" "$S3_SECRET_KEY"

  # The catalogue still has it, but OpenSearch does not.
  gone=${id%?}$(((${id: -1} + 1) % 10))
  kubectl -n "$NS" get configmap opensearch-backups-metadata -o json | jq --arg id "$(note opensearch)" --arg gone "$gone" \
    '{data: {($gone): .data[$id]}}' >"$RUN/notes/gone.json"
  kubectl -n "$NS" patch configmap opensearch-backups-metadata --type merge --patch-file "$RUN/notes/gone.json"
  refuses "nothing was changed .*container opensearch-3: .*snapshot $gone of repository default: .*missing" upgrade --yes \
    --set-string "olk.opensearch.restore.repositories.default.snapshots.default.snapshot_name=$gone"
  kubectl -n "$NS" patch configmap opensearch-backups-metadata --type merge --patch "{\"data\": {\"$gone\": null}}"
  everything >"$RUN/notes/after.txt"
  diff "$RUN/notes/before.txt" "$RUN/notes/after.txt"
}

# credentials_are KEY SECRET: of the pods of backup and restore.
credentials_are() {
  kubectl -n "$NS" patch secret aws-credentials --type merge \
    --patch "{\"stringData\": {\"access-key-id\": \"$1\", \"secret-access-key\": \"$2\"}}"
}

# keda_scales DEPLOYMENT: what KEDA's operator, which does not run here, would create.
keda_scales() {
  local uid
  kubectl apply -f - <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scaledobjects.keda.sh}
spec:
  group: keda.sh
  scope: Namespaced
  names: {kind: ScaledObject, plural: scaledobjects}
  versions:
    - {name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
YAML
  kubectl wait --for=condition=Established crd/scaledobjects.keda.sh --timeout=30s
  kubectl -n "$NS" apply -f - <<YAML
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: $1}
spec: {scaleTargetRef: {name: $1}}
YAML
  uid=$(kubectl -n "$NS" get scaledobject "$1" -o jsonpath='{.metadata.uid}')
  kubectl -n "$NS" apply -f - <<YAML
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: keda-hpa-$1
  ownerReferences: [{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, name: $1, uid: $uid, controller: true}]
spec: {minReplicas: 1, maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: $1}}
YAML
}

# cut_off WRITES COMMAND…: runs it, and kills it (-9) CUT_LATER seconds after it has written its state that many times.
# Fails if it ended before.
cut_off() {
  local writes=$1 pid watch event seen=0 began=$SECONDS
  shift
  mkfifo "$RUN/notes/writes"
  kubectl -n "$NS" get secret --field-selector "metadata.name=$(run_secret)" --watch-only \
    --output-watch-events -o 'jsonpath={.type}{"\n"}' >"$RUN/notes/writes" &
  watch=$!
  exec 9<"$RUN/notes/writes"
  # shellcheck disable=SC2031 # the helm that hwdr runs
  HELM_BIN=$(helm_of "${IN_PLACE_HELM:-3}") HELM_NAMESPACE=$NS "$HWDR" "$@" &
  pid=$!
  while ((seen < writes && SECONDS - began < 800)) && kill -0 "$pid" 2>/dev/null; do
    # The state of an earlier run for the same backup is deleted before a new one is created.
    if read -r -t 1 event <&9 && [ "$event" != DELETED ]; then seen=$((seen + 1)); fi
  done
  sleep "${CUT_LATER:-0}"
  kill -9 "$pid" || true
  wait "$pid" && status=0 || status=$?
  kill "$watch" || true
  wait "$watch" || true
  exec 9<&-
  rm "$RUN/notes/writes"
  [ "$status" = 137 ]
}

# kill_the_metadata SECONDS: after ndb_restore has restored metadata for that long. The Kubernetes API would be too slow for that.
kill_the_metadata() {
  local pid
  until pid=$(pgrep -f '^ndb_restore .*--restore-meta'); do sleep 0.02; done
  sleep "$1"
  kill -KILL "$pid"
}

# killed_throughout RESUME…: resumes a killed run, kills it after its next write, and so on to its end. Counts the kills in $kills.
# Every third time it waits up to three seconds more, so that the kill comes between two writes.
killed_throughout() {
  kills=1
  while CUT_LATER=$((kills % 3 == 0 ? RANDOM % 4 : 0)) cut_off 1 "$@"; do
    kills=$((kills + 1))
    ((kills < 150)) || return 1
  done
  echo "$1 $2, killed $kills times: $(state | jq -c '[.steps[].step]')" >>"$RUN/notes/kills"
}

# fresh_cluster [HELM ARGUMENTS]: a new cluster with its own backup, and with more data since (second.record).
fresh_cluster() {
  "$LAB/down"
  "$LAB/up"
  "$LAB/worker"
  "$LAB/install" "$@"
  "$LAB/seed" first
  "$LAB/check" --record "$LAB_RECORD"
  "$LAB/backup" >"$LAB_BACKUP"
  write_more
  "$LAB/check" --record "$RUN/notes/second.record"
}

upgrade_arguments() {
  printf '%s\n' upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/in-place.yaml" --yes
}

# To resume it, if helm has not run yet.
resume_arguments() { upgrade_arguments | sed '1s/upgrade/resume/; $d'; }

# findings_are_whole: the report says for each part what was restored.
findings_are_whole() {
  local finding
  for finding in 'objects: [0-9]+ objects by .*without errors' 'rondb: .*rows' \
    'opensearch: .* documents; 4 of 4 shards are known to have all files' 'hopsfs files: ([0-9]+) of \1, .* in full'; do
    jq -r '.findings[]' "$RUN/notes/report.json" | grep -E "$finding"
  done
}

phase_is() { [ "$(state | jq -r .phase)" = "$1" ]; }
state() { kubectl -n "$NS" get secret "$(run_secret)" -o json | jq '.data["state.json"] | @base64d | fromjson'; }

# is_the_backup: all data are the backup's. Velero restores objects and deletes none: those created since stay.
is_the_backup() { phase_is restored && data_are_the_backups; }
data_are_the_backups() {
  local service
  for service in rondb users hopsfs opensearch; do "$LAB/check" "$LAB_RECORD" --service "$service"; done
  # It fails if anything is extra.
  { "$LAB/check" "$LAB_RECORD" --service kubernetes || true; } | grep -E 'the same|0 missing, [0-9]+ extra, 0 changed'
}

# write_more: writes data after the backup, and deletes one of Velero's objects, which the restore brings back and an undo deletes again.
write_more() {
  "$LAB/seed" second
  kubectl -n "$NS" delete secret user-first
  kubectl -n first-team delete secret api-key
}

# The run dies while the parts are restored, and resumes in another process, which gets only the release's name.
test_an_upgrade_that_is_killed_goes_on_and_restores_in_place() {
  write_more
  "$LAB/check" --record "$RUN/notes/second.record"
  in_place_values
  mapfile -t arguments < <(upgrade_arguments)
  # After helm: before, it would need the chart again.
  cut_off 20 "${arguments[@]}"
  refuses 'has not ended' upgrade --yes
  hwdr resume hopsworks -o json | tee "$RUN/notes/report.json"
  jq -e '.phase == "restored" and .backupAgeSeconds > 0' "$RUN/notes/report.json"
  findings_are_whole
  is_the_backup
  [ "$(kubectl -n "$NS" get job "hopsfs-inplace-restore-$(note rondb)" -o jsonpath='{.spec.completionMode} {.status.succeeded}')" = "Indexed 2" ]
  refuses 'was restored here before' upgrade --yes
}

test_undo_that_is_killed_goes_on_and_gives_back_what_was_there() {
  refuses 'without a terminal' hwdr undo hopsworks
  cut_off 5 undo hopsworks --yes
  hwdr resume hopsworks
  "$LAB/check" "$RUN/notes/second.record"
  # The old revision's own Job did its work long ago.
  [ "$(kubectl -n "$NS" get job setup-mysqld-dont-remove -o jsonpath='{.spec.suspend} {.status.conditions[?(@.type=="Complete")].reason}')" = "true CompletedBefore" ]
  hwdr history hopsworks | grep 'undo-fence is done'
}
