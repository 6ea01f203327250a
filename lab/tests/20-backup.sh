# shellcheck shell=bash
# What the chart's own CronJobs and Schedules wrote: all parts, in the real format.
id_of() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }

test_rondb_uploads_every_nodes_part_with_users_and_databases() {
  local id keys
  id=$(id_of rondb)
  keys=$("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$id/" | awk '{print $1}')
  grep -x "rondb_backup/$id/users.sql" <<<"$keys"
  grep -x "rondb_backup/$id/databases.sql" <<<"$keys"
  grep -E "^rondb_backup/$id/rondb/1/.*BACKUP-$id" <<<"$keys"
  grep -E "^rondb_backup/$id/rondb/2/.*BACKUP-$id" <<<"$keys"
  "$LAB/s3" get "$HOPSFS_BUCKET" "rondb_backup/$id/users.sql" | grep first_writer
}

test_metadata_has_the_real_form() {
  local service id entry
  for service in rondb opensearch; do
    id=$(id_of $service)
    [[ $id =~ ^[0-9]{9}$ ]]
    entry=$(kubectl -n "$NS" get configmap "$service-backups-metadata" -o json)
    jq -e '.metadata.labels | .app == "backups-metadata" and ."managed-by" == "cronjob" and .active == "active"' <<<"$entry"
    jq -e --arg id "$id" '.data[$id] | fromjson | .state == "SUCCESS" and .duration_ms > 0 and (.path | contains($id))' <<<"$entry"
  done
}

test_opensearch_snapshot_has_no_failed_shard() {
  curl -sS --fail "$(url opensearch)/_snapshot/default/$(id_of opensearch)" |
    jq -e '.snapshots[0] | .state == "SUCCESS" and .shards.failed == 0 and (.indices | index("projects") and index("featurestore"))'
}

test_velero_backups_carry_their_schedule() {
  local name
  for name in $(id_of main) $(id_of users); do
    kubectl -n velero get backup "$name" -o json |
      jq -e '.status.phase == "Completed" and .spec.storageLocation == "hopsworks-bsl" and (.metadata.labels["velero.io/schedule-name"] | startswith("k8s-backups-"))'
  done
}
