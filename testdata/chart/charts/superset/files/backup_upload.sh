#!/bin/bash
# Last step: dump and manifest into the bucket, then the record, then what is too old goes.
set -euo pipefail
[ ! -f /backup/skipped ] || exit 0
id=$(cat /backup/id)
dump=/backup/superset.sql.gz
jq -n --arg id "$id" --arg path "$BACKUP_PREFIX/$id/superset.sql.gz" --argjson size "$(stat -c %s "$dump")" \
  --arg sha256 "$(sha256sum <"$dump" | cut -d' ' -f1)" --arg image "$SUPERSET_IMAGE" --arg schema "$(cat /backup/schema)" \
  --arg key "$(printf %s "$SUPERSET_SECRET_KEY" | sha256sum | cut -d' ' -f1)" \
  '{backupId: $id, path: $path, size: $size, sha256: $sha256, image: $image, schemaVersion: $schema, secretKeyFingerprint: $key}' >/backup/manifest.json
rclone copyto "$dump" "$REMOTE/$id/superset.sql.gz"
rclone copyto /backup/manifest.json "$REMOTE/$id/manifest.json"
bash /scripts/record_backup.sh "$id" "$(cat /backup/started)" "s3a://$S3_BUCKET/$BACKUP_PREFIX/$id"

[ -n "$TTL" ] || exit 0
for old in $(rclone lsf -R --files-only --min-age "$TTL" "$REMOTE" | cut -d/ -f1 | sort -u); do
  [ "$old" != "$id" ] || continue
  rclone purge "$REMOTE/$old"
  for map in $(kubectl -n "$NAMESPACE" get configmap -l "app=backups-metadata,service=superset" -o name); do
    kubectl -n "$NAMESPACE" patch "$map" --type merge -p "{\"data\": {\"$old\": null}}"
  done
done
