# shellcheck shell=bash
# Shows that the backup and the lab are good before any tool of ours is used: data destroyed by hand is reported as exactly that loss, and
# ndb_restore restores it, by hand, as in the documentation.

# restore_pod ID: a pod of the data nodes' image with the backup's parts on an empty volume, like one of hwdr's.
restore_pod() {
  local id=$1
  kubectl apply -n "$NS" -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: restore-by-hand}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}
  initContainers:
    - name: fetch
      image: $IMAGE_HWUTILS
      command: [bash, -ec, 'rclone copy "restoreRemote:$HOPSFS_BUCKET/rondb_backup/$id/rondb" /parts; find /parts -type f | sort']
      env:
        - {name: RCLONE_CONFIG, value: /etc/rclone/rclone.conf}
        - {name: AWS_ACCESS_KEY_ID, valueFrom: {secretKeyRef: {name: aws-credentials, key: access-key-id}}}
        - {name: AWS_SECRET_ACCESS_KEY, valueFrom: {secretKeyRef: {name: aws-credentials, key: secret-access-key}}}
      volumeMounts: [{name: parts, mountPath: /parts}, {name: rclone, mountPath: /etc/rclone}]
  containers:
    - name: restore
      image: $IMAGE_RONDB
      command: [sleep, "3600"]
      volumeMounts: [{name: parts, mountPath: /parts}]
  volumes:
    - {name: parts, emptyDir: {}}
    - {name: rclone, configMap: {name: rclone-configs}}
YAML
  kubectl -n "$NS" wait --for=condition=Ready pod/restore-by-hand --timeout=120s
}
restore() { # restore NODE OPTIONS…
  local node=$1
  shift
  timeout 300 kubectl -n "$NS" exec restore-by-hand -- bash -c 'part=$(dirname "$(find "/parts/$1" -name "*.ctl" | head -n 1)"); [ -n "$part" ]
    node=$1 id=$2; shift 2
    exec ndb_restore --ndb-connectstring=headless-mgmds:1186 --nodeid="$node" --backupid="$id" --backup-path="$part" --no-binlog "$@"' \
    - "$node" "$id" "$@"
}

test_rows_destroyed_by_hand_come_back_by_ndb_restore() {
  local id out node
  id=$(awk '$1 == "rondb" {print $2}' "$LAB_BACKUP")
  sql <<<"DROP DATABASE online_first"
  out=$("$LAB/check" "$LAB_RECORD") && false
  grep -Fx '  missing: database online_first' <<<"$out"
  [ "$(grep -c ': the same' <<<"$out")" = 5 ]
  restore_pod "$id"
  restore 1 --restore-meta --disable-indexes --no-restore-disk-objects --include-databases=online_first
  for node in 1 2; do restore "$node" --restore-data --include-databases=online_first; done
  restore 1 --rebuild-indexes --include-databases=online_first
  kubectl -n "$NS" exec restore-by-hand -- ndb_select_count -c headless-mgmds:1186 -d online_first kinds | grep '^1000 records'
  # What ndb_restore does not restore: the database as MySQL sees it. A running server finds the tables within a minute, or when told to look.
  sql <<<"CREATE DATABASE IF NOT EXISTS online_first; SET GLOBAL ndb_metadata_sync = ON"
  synced() { [ "$(sql -N -B <<<"SELECT @@ndb_metadata_sync")" = 0 ]; }
  wait_for 60 "MySQL's look at the tables" - synced
  kubectl -n "$NS" delete pod restore-by-hand --wait=false
  "$LAB/check" "$LAB_RECORD"
}

test_a_part_left_out_is_silent_loss_and_check_sees_it() {
  local id
  id=$(awk '$1 == "rondb" {print $2}' "$LAB_BACKUP")
  kubectl -n "$NS" delete pod restore-by-hand --ignore-not-found --wait
  sql <<<"DELETE FROM online_first.kinds"
  restore_pod "$id"
  restore 1 --restore-data --include-tables=online_first.kinds
  "$LAB/check" "$LAB_RECORD" --service rondb && false
  restore 2 --restore-data --include-tables=online_first.kinds
  "$LAB/check" "$LAB_RECORD"
  kubectl -n "$NS" delete pod restore-by-hand --wait=false
}
