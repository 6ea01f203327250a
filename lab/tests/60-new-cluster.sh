# shellcheck shell=bash
# An empty cluster that sees the same buckets replaces a lost one. Its data are restored as an operator would: by "helm hwdr install" of a
# chart that cannot restore anything itself. Last, because each test leaves another cluster than it found.
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

# What happens in the old cluster after the backup: files are deleted, and their blocks with them.
lose_files() {
  fs DELETE /user/first/file-3
  fs DELETE /Projects/first_fraud/part-1
  echo "after the backup" >"$RUN/notes/late"
  fs PUT /user/first/late "$RUN/notes/late"
}

# restore_objects: creates the storage location and restores Velero's backups from it, as in the documentation: with kubectl only.
restore_objects() {
  local schedule name
  kubectl apply -f - <<YAML
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: hopsworks-bsl, namespace: velero}
spec:
  provider: aws
  backupSyncPeriod: 5s
  config: {region: $S3_REGION, s3Url: "$S3_ENDPOINT", s3ForcePathStyle: "true"}
  credential: {name: hopsworks-bsl-credentials, key: cloud}
  objectStorage: {bucket: $HOPSFS_BUCKET, prefix: k8s_backup}
YAML
  for schedule in main users; do
    name=$(note $schedule)
    wait_for 180 "the backup $name in the new cluster" - kubectl -n velero get backup "$name"
    kubectl apply -f - <<YAML
apiVersion: velero.io/v1
kind: Restore
metadata: {name: $name, namespace: velero}
spec: {backupName: $name}
YAML
    kubectl -n velero wait --for=jsonpath='{.status.phase}'=Completed "restore/$name" --timeout=120s
  done
}

restore_values() {
  cat >"$RUN/notes/restore.yaml" <<YAML
global:
  _hopsworks:
    restoreFromBackup: {backupId: "$(note rondb)"}
olk:
  opensearch:
    restore: {repositories: {default: {snapshots: {default: {snapshot_name: "$(note opensearch)"}}}}}
hopsworks:
  velero:
    restore: {mainScheduleBackupId: $(note main), usersScheduleBackupId: $(note users)}
YAML
}

# restored_by HELM ARGUMENTS…: installs with the restore's values; hwdr's injected Jobs must be complete, and no data missing.
restored_by() {
  local job
  restore_values
  LAB_HELM=$1 "$LAB/install" -f "$RUN/notes/restore.yaml" "${@:2}"
  for job in {restore-native-backup,setup-mysqld-dont-remove,hopsfs-inplace-restore}-"$(note rondb)" \
    opensearch-restore-default-default-"$(note opensearch)"; do
    kubectl -n "$NS" wait --for=condition=Complete "job/$job" --timeout=1s
  done
  all_but_superset
}

# Plain helm restores Superset in two upgrades, in which hwdr has no part.
all_but_superset() {
  "$LAB/check" "$LAB_RECORD" --service rondb --service users --service hopsfs --service opensearch --service kubernetes
}

test_a_new_cluster_is_empty_and_sees_the_old_backups() {
  lose_files
  "$LAB/up" --new-cluster
  ! kubectl get namespace "$NS" || false
  "$LAB/s3" list "$HOPSFS_BUCKET" rondb_backup/ | grep users.sql
}

# What "helm hwdr install" needs, and in $arguments its arguments. It creates Velero's credentials itself.
prepare_installation() {
  kubectl -n velero delete secret hopsworks-bsl-credentials
  prerequisites
  restore_values
  superset_values
  export AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY
  arguments=(hopsworks "${CHART[@]}" -f "$RUN/notes/restore.yaml" -f "$RUN/notes/superset.yaml" --credentials-env)
}

# "helm hwdr install" does all of it. The run dies while objects are restored, and resumes: helm has not run then, so it needs the chart
# again.
test_an_installation_restores_all_into_it() {
  export IN_PLACE_HELM=4
  local arguments
  prepare_installation
  cut_off 6 install "${arguments[@]}" --yes
  refuses 'give the chart and the values again' hwdr resume hopsworks --credentials-env
  hwdr resume "${arguments[@]}" -o markdown | tee "$RUN/notes/report.md"
  grep -E '^- hopsfs files: ([0-9]+) of \1, .* in full' "$RUN/notes/report.md"
  grep 'RTO' "$RUN/notes/report.md"
  "$LAB/check" "$LAB_RECORD"
  # Velero may write again, and the chart's own backups work.
  [ "$(kubectl -n velero get backupstoragelocation hopsworks-bsl -o jsonpath='{.spec.accessMode}')" = ReadWrite ]
  "$LAB/backup"
}

# A node's part that never reached the bucket is half of the rows, but no error for ndb_restore.
test_a_missing_part_lets_nobody_in() {
  local id key keys logs
  id=$(note rondb)
  "$LAB/up" --new-cluster
  mapfile -t keys < <("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$id/rondb/2/" | awk '{print $1}')
  for key in "${keys[@]}"; do
    "$LAB/s3" get "$HOPSFS_BUCKET" "$key" >"$RUN/notes/${key//\//,}"
    "$LAB/s3" delete "$HOPSFS_BUCKET" "$key"
  done
  prerequisites
  restore_values
  "$(helm_of 3)" install hopsworks "${CHART[@]}" -n "$NS" -f "$RUN/notes/restore.yaml" --post-renderer "$HWDR" --post-renderer-args post-render
  kubectl -n "$NS" wait --for=condition=Failed "job/restore-native-backup-$id" --timeout=400s
  logs=$(kubectl -n "$NS" logs -l "hwdr.hopsworks.ai/restore-id=$id" --all-containers --prefix --tail=-1 --ignore-errors 2>&1 || true)
  grep -E 'the part of (a node|the node that led the backup) is missing' <<<"$logs"
  [ "$(kubectl -n "$NS" get pods -o json |
    jq '[.items[].status.containerStatuses[]? | select(.ready and (.name | IN("mysqld", "rdrs", "namenode", "hopsworks")))] | length')" = 0 ]
  for key in "${keys[@]}"; do "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/notes/${key//\//,}"; done
}
