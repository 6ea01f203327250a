#!/bin/bash
# First step of a backup: fixes its id for the steps that follow, then users.sql and databases.sql.
set -euo pipefail
if [ ! -f /backup/id ]; then # a restarted pod goes on with the same id
  date -u +%y%V%u%H%M >/backup/id
  date +%s%3N >/backup/started
fi
id=$(cat /backup/id)
echo "Backup $id"
kubectl -n "$NAMESPACE" exec mysqlds-0 -c mysqld -- bash /scripts/metadata_create.sh "/tmp/backup-$id"
for file in users.sql databases.sql; do
  kubectl -n "$NAMESPACE" exec mysqlds-0 -c mysqld -- cat "/tmp/backup-$id/$file" >"/backup/$file"
  rclone copyto "/backup/$file" "$REMOTE/$id/$file"
done
kubectl -n "$NAMESPACE" exec mysqlds-0 -c mysqld -- rm -r "/tmp/backup-$id"
