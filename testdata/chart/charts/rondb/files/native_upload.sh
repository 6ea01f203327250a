#!/bin/bash
# Last step of a backup: every data node uploads its own part; then the record.
set -euo pipefail
id=$(cat /backup/id)
declare -A uploads
for pod in $DATANODES; do
  group=${pod#node-group-}
  node_id=$((${group%-*} * 3 + ${pod##*-} + 1))
  kubectl -n "$NAMESPACE" exec "$pod" -c rclone-listener -- \
    bash /scripts/upload_part.sh "$id" "$REMOTE/$id/rondb/$node_id" >"/backup/$pod.log" 2>&1 &
  uploads[$pod]=$!
done

state=SUCCESS
for pod in "${!uploads[@]}"; do
  wait "${uploads[$pod]}" || state=FAILED
  cat <<LOG
---
pod: $pod
$(cat "/backup/$pod.log")
---
LOG
done
bash /scripts/record_backup.sh "$id" "$(cat /backup/started)" "s3a://$S3_BUCKET/$BACKUP_PREFIX/$id" "$state"
[ "$state" = SUCCESS ]
bash /scripts/cleanup_old_backups.sh "$id"
