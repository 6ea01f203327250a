#!/bin/bash
# restore_snapshot.sh <repository> <snapshot>. Believes the status 200, as real
# charts do: shards that failed are not looked at.
set -euo pipefail
source /scripts/client.sh
wait_for_opensearch
register_repository "$1"
if [ "${IN_PLACE:-false}" = true ]; then
  for index in $(call GET "_snapshot/$1/$2" | jq -r '.snapshots[0].indices[]'); do
    call DELETE "$index?ignore_unavailable=true"
  done
fi
CALL_TIMEOUT=3600 call POST "_snapshot/$1/$2/_restore?wait_for_completion=true" "$PAYLOAD"
for index in $MANDATORY_INDICES; do
  call GET "$index" >/dev/null || echo "index $index is missing" >&2
done
