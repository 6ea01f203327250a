#!/bin/bash
# First step of a restore, which changes no data: the fence, nobody at the database, a whole dump, the key that it was made with.
set -euo pipefail
. /scripts/audit.sh
reason="interrupted while the backup was verified"
ended() { [ "$1" = 0 ] || audit aborted "$reason"; }
trap 'ended $?' EXIT
give_up() { reason=$1; exit 1; }

fence "$BACKUP_ID"
audit started "restore of $BACKUP_ID"

# Pods of Jobs that are done have the label, too.
deadline=$((SECONDS + 900))
while :; do
  pods=$(kube get pods -l "app in ($APPS)" --field-selector status.phase!=Succeeded,status.phase!=Failed -o name || echo unknown)
  [ -n "$pods" ] || break
  [ "$SECONDS" -lt "$deadline" ] || give_up "pods of Superset are still there: $pods"
  sleep 2
done
audit pods-stopped "no pod of Superset is left"

for file in manifest.json superset.sql.gz; do
  rclone copyto "$REMOTE/$BACKUP_ID/$file" "/work/$file" || give_up "$file of the backup cannot be read"
done
of() { jq -r ".$1" /work/manifest.json; }
[ "$(of backupId)" = "$BACKUP_ID" ] || give_up "the manifest is that of the backup $(of backupId)"
[ "$(of path)" = "$BACKUP_PREFIX/$BACKUP_ID/superset.sql.gz" ] || give_up "the manifest's dump is $(of path)"
size=$(stat -c %s /work/superset.sql.gz)
[ "$(of size)" = "$size" ] || give_up "the dump has $size bytes, and $(of size) in the manifest"
sum=$(sha256sum </work/superset.sql.gz | cut -d' ' -f1)
[ "$(of sha256)" = "$sum" ] || give_up "the dump's sha256 is $sum, and $(of sha256) in the manifest"
audit manifest-verified "$size bytes, sha256 $sum"

# On a new cluster the key may come later, with the objects of the cluster.
deadline=$((SECONDS + KEY_WAIT_SECONDS))
while :; do
  live=$(kube get secret "$KEY_SECRET" --ignore-not-found -o jsonpath='{.data.secret-key}' | base64 -d | sha256sum | cut -d' ' -f1)
  [ "$live" != "$(of secretKeyFingerprint)" ] || break
  [ "$SECONDS" -lt "$deadline" ] || give_up "Secret $KEY_SECRET has fingerprint $live, and the backup was made with $(of secretKeyFingerprint)"
  echo "Waiting for the key of the backup in Secret $KEY_SECRET"
  sleep 5
done
