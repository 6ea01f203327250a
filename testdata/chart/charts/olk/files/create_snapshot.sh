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
