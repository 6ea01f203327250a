# shellcheck shell=bash
# A lost cluster is replaced by an empty one that sees the same buckets. Last, because nothing is left after it.

test_a_new_cluster_is_empty_and_sees_the_old_backups() {
  local main
  main=$(awk '$1 == "main" {print $2}' "$LAB_BACKUP")
  "$LAB/up" --new-cluster
  ! kubectl get namespace "$NS" || false
  "$LAB/s3" list "$HOPSFS_BUCKET" rondb_backup/ | grep users.sql
  kubectl apply -f - <<YAML
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: hopsworks-bsl, namespace: velero}
spec:
  provider: aws
  config: {region: $S3_REGION, s3Url: "$S3_ENDPOINT", s3ForcePathStyle: "true"}
  credential: {name: hopsworks-bsl-credentials, key: cloud}
  objectStorage: {bucket: $HOPSFS_BUCKET, prefix: k8s_backup}
YAML
  synced() { kubectl -n velero get backup "$main"; }
  wait_for 180 "the backup $main in the new cluster" - synced
  kubectl apply -f - <<YAML
apiVersion: velero.io/v1
kind: Restore
metadata: {name: $main, namespace: velero}
spec: {backupName: $main}
YAML
  kubectl -n velero wait --for=jsonpath='{.status.phase}'=Completed "restore/$main" --timeout=120s
  kubectl -n "$NS" get secret user-first
  kubectl -n "$NS" get configmap rondb-backups-metadata -o json | jq -e '.data | length > 0'
}
