#!/bin/bash
# rows.sh JOB: whether each table has the rows that the backup counts, after JOB, the chart's own restore, and before anybody writes: a node whose
# ndb_restore failed is no failure to every chart. Fewer are right only where the backup's log deletes rows. Status 75: not known, try again.
set -euo pipefail

command -v ndb_select_count >/dev/null || {
  echo "WARNING: whether all rows of backup $BACKUP_ID are there is not known: RonDB's image has no ndb_select_count" | tee /dev/termination-log
  exit
}
# NDB's own tables have rows in every backup.
[ -s /work/rows ] || {
  echo "rows: no part of backup $BACKUP_ID counts any row: the part of the node that led the backup is missing (there are: $(tr '\n' ' ' </work/nodes))" >&2
  exit 1
}
ndb_waiter --ndb-connectstring="$MGMD" --timeout="$START_SECONDS" || exit 75

declare -A expected=() fewer=() missing=() tables=() found=() uneven=() apart=()
while read -r table; do uneven[$table]=true; done </work/uneven
while read -r table _ count name; do
  # MySQL's own tables, and those of NDB, are made by the cluster itself. Long values follow their table.
  [[ $name == */*/* && $name != mysql/* && $name != sys/* && $name != ndbinfo/* && $name != */NDB\$BLOB_* && $name != */\#sql-* ]] || continue
  if [ -n "${uneven[$table]:-}" ]; then apart[$name]=true; continue; fi
  expected[$name]=$((${expected[$name]:-0} + count))
  tables[$table]=$name
done </work/rows
bounded=true
while read -r table count; do
  if [ "$table" = unknown ]; then bounded=false; continue; fi
  name=${tables[$table]:-}
  [ -z "$name" ] || fewer[$name]=$((${fewer[$name]:-0} + count))
done </work/deleted

# Some tables at once: each call connects anew.
count() { # DATABASE TABLE...
  local database=$1 line
  shift
  timeout "$RESTORE_SECONDS" ndb_select_count --ndb-connectstring="$MGMD" --database="$database" "$@" >/work/counted || {
    tail -n 5 /work/counted >&2
    exit 75
  }
  while read -r line; do
    if [[ $line =~ ^([0-9]+)\ records\ in\ table\ (.*)$ ]]; then found[$database/def/${BASH_REMATCH[2]}]=${BASH_REMATCH[1]}; fi
  done </work/counted
}
mapfile -t names < <(printf '%s\n' "${!expected[@]}" | grep . | sort)
batch=()
for name in "${names[@]}" /; do
  if [ "${#batch[@]}" -gt 1 ] && { [ "${name%%/*}" != "${batch[0]}" ] || [ "${#batch[@]}" -gt 50 ]; }; then
    count "${batch[@]}"
    batch=()
  fi
  [ "$name" = / ] || batch=("${name%%/*}" "${batch[@]:1}" "${name#*/*/}")
done

total=0
for name in "${names[@]}"; do
  total=$((total + ${expected[$name]}))
  least=$((${expected[$name]} - ${fewer[$name]:-0}))
  ((${found[$name]:--1} >= (least > 0 ? least : 0))) || missing[$name]="${name%%/*}.${name#*/*/} has ${found[$name]:-no table for} of ${expected[$name]} rows"
done
nodes=$(tr '\n' ' ' </work/nodes)
if [ "${#missing[@]}" -gt 0 ] && $bounded; then
  # The last lines are what a run shows.
  printf 'rows: %s\n' "${missing[@]}" | sort | sed -n 1,10p >&2
  echo "rows: Job $1 is complete, and ${#missing[@]} of ${#names[@]} tables do not have the rows that backup $BACKUP_ID counts (of the nodes ${nodes% })." \
    "ndb_restore of a node's part has failed, or the part is missing: kubectl logs job/$1 --all-containers. Nothing that needs the data is started" >&2
  exit 1
elif [ "${#missing[@]}" -gt 0 ]; then
  echo "WARNING: ${#missing[@]} of ${#names[@]} tables have fewer rows than backup $BACKUP_ID counts, and its log does not tell whether that is right:" \
    "$(printf '%s; ' "${missing[@]}" | cut -c 1-1000)" | tee /dev/termination-log
else
  said="all $total rows of ${#names[@]} tables are there that backup $BACKUP_ID counts, but for what its log deletes"
  [ "${#apart[@]}" = 0 ] || said+="; not compared: ${#apart[@]} tables whose rows expire, or are on all nodes"
  echo "$said" | tee /dev/termination-log
fi
