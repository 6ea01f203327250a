#!/bin/bash
# create_snapshot.sh <repository>: a snapshot under an id of its own clock.
set -euo pipefail
source /scripts/client.sh
wait_for_opensearch
register_repository "$1"
id=$(date -u +%y%V%u%H%M)
started=$(date +%s%3N)
answer=$(CALL_TIMEOUT=3600 call PUT "_snapshot/$1/$id?wait_for_completion=true" "$PAYLOAD")
state=$(jq -r .snapshot.state <<<"$answer")
cat <<LOG
---
$answer
---
LOG
bash /scripts/record_backup.sh "$id" "$started" "$1/$id" "$state"
[ "$state" = SUCCESS ]

# What is older than $BACKUP_TTL goes: snapshots and their records.
[ -n "$BACKUP_TTL" ] || exit 0
case $BACKUP_TTL in *d) unit=86400000 ;; *) unit=3600000 ;; esac
oldest=$((started - ${BACKUP_TTL%[dh]} * unit))
for old in $(call GET "_snapshot/$1/_all" | jq -r ".snapshots[] | select(.start_time_in_millis < $oldest) | .snapshot"); do
  call DELETE "_snapshot/$1/$old"
  for map in $(kubectl -n "$NAMESPACE" get configmap -l "app=backups-metadata,service=opensearch" -o name); do
    kubectl -n "$NAMESPACE" patch "$map" --type merge -p "{\"data\": {\"$old\": null}}"
  done
done
