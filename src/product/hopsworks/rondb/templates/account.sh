#!/bin/bash
# account.sh JOB: whether the pods of JOB restored as many rows as the backup says it has. The parts of nodes that never reached the
# bucket would be missed by nobody else: ndb_restore knows of one part at a time, and half of the rows is a success to it. Status 3: rows are missing.
set -euo pipefail

expected=$(awk '{rows += $3} END {printf "%.0f", rows}' /work/rows)
listed=$(kubectl get pods -l "batch.kubernetes.io/job-name=$1" -o json)
# One pod for each index of the Job: the one that succeeded.
restored=$(jq -r '[.items[] | select(.status.phase == "Succeeded")
  | {index: .metadata.annotations["batch.kubernetes.io/job-completion-index"],
     rows: (.status.containerStatuses[0].state.terminated.message // "" | tonumber? // null)}]
  | unique_by(.index) | if length == 0 or any(.rows == null) then "unknown" else "\(length) \(map(.rows) | add)" end' <<<"$listed")
if [ "$restored" = unknown ] || [ "${restored% *}" != "$PODS" ]; then
  echo "account: the pods of Job $1 do not say how many rows they restored (they say: $restored), so it is not known that all of" \
    "backup $BACKUP_ID is there. See: kubectl get pods -l batch.kubernetes.io/job-name=$1" >&2
  exit 1
fi
if [ "${restored#* }" != "$expected" ]; then
  echo "account: backup $BACKUP_ID has $expected rows, and the parts in the bucket had ${restored#* }: the part of a node is missing" \
    "(there are: $(tr '\n' ' ' </work/nodes)). Nothing that needs the data is started" >&2
  exit 3
fi
echo "all $expected rows of backup $BACKUP_ID were in the parts that were restored" | tee /dev/termination-log
