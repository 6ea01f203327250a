# shellcheck shell=bash
# What "hwdr backups create", "keep" and "unkeep" do with the chart's own CronJobs and Schedules. The backup that it makes is removed again.
id_of() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }
hwdr() { HELM_NAMESPACE=$NS timeout 600 "$HWDR" "$@"; }

# expirations: of both Velero Backups of the lab's own backup.
expirations() { kubectl -n velero get backup "$(id_of main)" "$(id_of users)" -o jsonpath='{.items[*].status.expiration}'; }

# gone_from_velero NAME: deletes a Backup with its files, as Velero does.
gone_from_velero() {
  kubectl create -f - <<YAML
apiVersion: velero.io/v1
kind: DeleteBackupRequest
metadata: {name: $1, namespace: velero}
spec: {backupName: $1}
YAML
  kubectl -n velero wait --for=delete "backup/$1" --timeout=120s
}

test_a_backup_that_is_made_now_is_a_set_that_can_be_restored() {
  local set id main key
  hwdr backups create --wait --yes --timeout 8m | tee "$RUN/notes/created.txt"
  grep -F 'for a new cluster: yes' "$RUN/notes/created.txt"
  set=$(hwdr backups list -o json | jq '.backups[0]')
  jq -e '.usable == {inPlace: "yes", newCluster: "yes"} and (.parts | length == 5 and all(.state == "good")) and .skewSeconds < 600' <<<"$set"
  id=$(jq -r .id <<<"$set")
  main=$(jq -r '.parts[] | select(.series == "objects/main") | .name' <<<"$set")
  [ "$id" != "$(id_of rondb)" ]
  grep -Fx "Backup $id" "$RUN/notes/created.txt"
  # As Velero's own client would make it from the Schedule.
  kubectl -n velero get backup "$main" -o json | jq -e '.metadata.labels["velero.io/schedule-name"] == "k8s-backups-main" and .spec.storageLocation == "hopsworks-bsl"'
  kubectl -n "$NS" get jobs -o json |
    jq -e '[.items[] | select(.metadata.annotations["cronjob.kubernetes.io/instantiate"] == "manual" and (.metadata.name | contains("-manual-")))] | length == 3'
  # Its copy of the records names the data: a new cluster knows the backup by that alone.
  "$LAB/s3" get "$HOPSFS_BUCKET" "k8s_backup/backups/$main/$main.tar.gz" | tar -xzO "resources/configmaps/namespaces/$NS/rondb-backups-metadata.json" | grep "$id"

  kubectl -n "$NS" get jobs -o name | grep -e -manual- | xargs kubectl -n "$NS" delete
  for main in $(jq -r '.parts[] | select(.series | startswith("objects/")) | .name' <<<"$set"); do gone_from_velero "$main"; done
  for key in $("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$id/" | awk '{print $1}'); do "$LAB/s3" delete "$HOPSFS_BUCKET" "$key"; done
  kubectl -n "$NS" patch configmap rondb-backups-metadata --type merge -p "{\"data\": {\"$id\": null}}"
  id=$(jq -r '.parts[] | select(.series == "opensearch") | .name' <<<"$set")
  curl -sS --fail -X DELETE "$(url opensearch)/_snapshot/default/$id"
  kubectl -n "$NS" patch configmap opensearch-backups-metadata --type merge -p "{\"data\": {\"$id\": null}}"
  id=$(jq -r '.parts[] | select(.series == "superset") | .name' <<<"$set")
  for key in $("$LAB/s3" list "$HOPSFS_BUCKET" "superset_backup/$id/" | awk '{print $1}'); do "$LAB/s3" delete "$HOPSFS_BUCKET" "$key"; done
  kubectl -n "$NS" patch configmap superset-backups-metadata --type merge -p "{\"data\": {\"$id\": null}}"
  [ "$(hwdr backups list -o name | head -1)" = "$(id_of rondb)" ]
}

test_a_backup_is_kept_and_expires_as_before() {
  local before id
  id=$(id_of rondb)
  before=$(expirations)
  [ -n "$before" ]
  fails_with 'without a terminal' hwdr backups keep "$id"
  hwdr backups keep "$id" --yes
  [ -z "$(expirations | tr -d ' ')" ]
  hwdr backups list -o json | jq -e '.backups[0].kept'
  hwdr backups show "$id" | grep -F 'protected from expiry'
  hwdr backups unkeep "$id" --yes
  [ "$(expirations)" = "$before" ]
  hwdr backups list -o json | jq -e '.backups[0].kept | not'
}

test_a_backup_does_not_begin_where_it_could_not_be_whole() {
  kubectl -n velero patch backupstoragelocation hopsworks-bsl --type merge -p '{"spec": {"accessMode": "ReadOnly"}}'
  fails_with 'read-only' hwdr backups create --yes
  kubectl -n velero patch backupstoragelocation hopsworks-bsl --type merge -p '{"spec": {"accessMode": "ReadWrite"}}'
  fails_with 'without a terminal' hwdr backups create
  kubectl -n "$NS" get jobs -o name | grep -e -manual- && false
  true
}
