# shellcheck shell=bash
# A lost cluster is replaced by an empty one that sees the same buckets, and its data come back as an operator brings them back:
# objects by Velero, then "helm install" of a chart that cannot restore anything itself, through hwdr as the post-renderer.
# Last, because each test leaves another cluster than it found.

note() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }

# What goes on in the old cluster after the backup: files are deleted, and their blocks with them.
lose_files() {
  fs DELETE /user/first/file-3
  fs DELETE /Projects/first_fraud/part-1
  echo "after the backup" >"$RUN/notes/late"
  fs PUT /user/first/late "$RUN/notes/late"
}

# restore_objects: the storage location, and from it what Velero keeps, as the documentation says.
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

# restored_by HELM ARGUMENTS…: installs with the restore's values; the Jobs that hwdr injects are complete, and no data is missing.
restored_by() {
  local job
  restore_values
  LAB_HELM=$1 "$LAB/install" -f "$RUN/notes/restore.yaml" "${@:2}"
  for job in {restore-native-backup,setup-mysqld-dont-remove,hopsfs-inplace-restore}-"$(note rondb)" \
    opensearch-restore-default-default-"$(note opensearch)"; do
    kubectl -n "$NS" wait --for=condition=Complete "job/$job" --timeout=1s
  done
  "$LAB/check" "$LAB_RECORD"
}

test_a_new_cluster_is_empty_and_sees_the_old_backups() {
  lose_files
  "$LAB/up" --new-cluster
  ! kubectl get namespace "$NS" || false
  "$LAB/s3" list "$HOPSFS_BUCKET" rondb_backup/ | grep users.sql
  restore_objects
  kubectl -n "$NS" get secret user-first
  kubectl -n first-team get secret api-key
  kubectl -n "$NS" get configmap rondb-backups-metadata -o json | jq -e '.data | length > 0'
}

test_helm_4_with_hwdr_brings_the_data_into_it() {
  export HELM_DATA_HOME=$RUN/notes/helm4
  local helm
  helm=$(helm_of 4)
  HELM_BIN=$helm "$HWDR" post-renderer install --helm 4
  HELM_PLUGINS=$("$HWDR" post-renderer path --helm 4) restored_by "$helm" --post-renderer hwdr-post-renderer
}

test_helm_3_with_hwdr_brings_them_into_another() {
  "$LAB/up" --new-cluster
  restore_objects
  restored_by "$(helm_of 3)" --post-renderer "$HWDR" --post-renderer-args post-render
}

# A node's part that never reached the bucket is half of the rows, and no error to ndb_restore.
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
  "$(helm_of 3)" install hopsworks "$LAB/../testdata/chart" -n "$NS" -f "$LAB/../testdata/values/base.yaml" -f "$LAB/values.yaml" \
    -f "$RUN/notes/restore.yaml" --post-renderer "$HWDR" --post-renderer-args post-render
  kubectl -n "$NS" wait --for=condition=Failed "job/restore-native-backup-$id" --timeout=400s
  logs=$(kubectl -n "$NS" logs -l "hwdr.hopsworks.ai/restore-id=$id" --all-containers --prefix --tail=-1 --ignore-errors 2>&1 || true)
  grep -E 'the part of (a node|the node that led the backup) is missing' <<<"$logs"
  [ "$(kubectl -n "$NS" get pods -o json |
    jq '[.items[].status.containerStatuses[]? | select(.ready and (.name | IN("mysqld", "rdrs", "namenode", "hopsworks")))] | length')" = 0 ]
  for key in "${keys[@]}"; do "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/notes/${key//\//,}"; done
}
