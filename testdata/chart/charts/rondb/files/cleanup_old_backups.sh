#!/bin/bash
# cleanup_old_backups.sh <id to keep>: what is older than $BACKUP_TTL leaves the bucket and the metadata.
set -euo pipefail
[ -n "${BACKUP_TTL:-}" ] || exit 0
for id in $(rclone lsf -R --files-only --min-age "$BACKUP_TTL" "$REMOTE" | cut -d/ -f1 | sort -u); do
  [ "$id" != "$1" ] || continue
  rclone purge "$REMOTE/$id"
  for map in $(kubectl -n "$NAMESPACE" get configmap -l "app=backups-metadata,service=rondb" -o name); do
    kubectl -n "$NAMESPACE" patch "$map" --type merge -p "{\"data\": {\"$id\": null}}"
  done
done
