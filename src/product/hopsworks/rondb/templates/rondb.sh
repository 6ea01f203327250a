#!/bin/bash
# rondb.sh metadata|data|indexes: one part of restoring RonDB from a native backup, with ndb_restore. Its exit status decides:
# nothing here swallows one. Status 75: nothing was done yet, so another try does no harm.
set -euo pipefail

help=$(ndb_restore --help 2>/dev/null)

# Old and new ndb_restore do not know the same options: one that a server's own line lacks is left out.
knows() { [[ $help == *"$1"* ]]; }

left_out=()
[ -z "${EXCLUDE_DATABASES:-}" ] || left_out+=("--exclude-databases=$EXCLUDE_DATABASES")
[ -z "${EXCLUDE_TABLES:-}" ] || left_out+=("--exclude-tables=$EXCLUDE_TABLES")

restore() { # OLD NODE, ndb_restore's flags
  local node=$1 path
  shift
  # The folder of the control file: BACKUP-<id> or one below it, by the version that wrote the backup.
  path=$(dirname "$(find "/work/parts/$node" -name "BACKUP-$BACKUP_ID*.ctl" | sort | head -n 1)")
  if [ "$path" = . ]; then
    echo "rondb: the part of node $node holds no BACKUP-$BACKUP_ID*.ctl: it belongs to another backup" >&2
    exit 1
  fi
  # Multi-threaded nodes write one folder for each part: ndb_restore wants their parent.
  [[ ${path##*/} == BACKUP-*-PART-* ]] && path=${path%/*}
  echo "rondb: node $node of backup $BACKUP_ID: ndb_restore $*"
  if timeout "$RESTORE_SECONDS" ndb_restore --ndb-connectstring="$MGMD" --nodeid="$node" --backupid="$BACKUP_ID" \
    --backup-path="$path" "$@" "${left_out[@]}" 2>&1 | tee "/work/$node.log"; then
    echo "rondb: node $node of backup $BACKUP_ID: $1 is done"
  else
    local status=$?
    echo "rondb: node $node of backup $BACKUP_ID: ndb_restore $* failed with exit status $status (124: no end within $RESTORE_SECONDS s)" >&2
    # 75 means something else.
    [ "$status" != 75 ] || status=1
    exit "$status"
  fi
}

# ndb_restore retries for ever on a cluster that is not ready.
ndb_waiter --ndb-connectstring="$MGMD" --timeout="$START_SECONDS" || exit 75

first=$(head -n 1 /work/nodes)
no_binlog=()
knows --no-binlog && no_binlog=(--no-binlog)

case $1 in
  metadata)
    # Tables that are there already would fail one by one: say it in one sentence, before anything is written.
    list=$(ndb_show_tables --ndb-connectstring="$MGMD" --parsable) || exit 75
    # MySQL's own are made before any restore.
    tables=$(grep UserTable <<<"$list" | grep -vcw mysql || true)
    if [ "$tables" -gt 0 ]; then
      echo "rondb: the cluster holds $tables tables already: a backup is restored into empty data nodes only" >&2
      exit 1
    fi
    disk=()
    knows --no-restore-disk-objects && disk=(--no-restore-disk-objects)
    restore "$first" --restore-meta --disable-indexes "${disk[@]}" "${no_binlog[@]}"
    ;;
  data)
    unique=()
    knows --allow-unique-indexes && unique=(--allow-unique-indexes)
    mapfile -t nodes </work/nodes
    declare -A rows=()
    while read -r table fragment count _; do
      rows[$table.$fragment]=$count
    done </work/rows
    accounted=0
    for ((i = JOB_COMPLETION_INDEX; i < ${#nodes[@]}; i += PODS)); do
      node=${nodes[$i]}
      restore "$node" --restore-data "${unique[@]}" "${no_binlog[@]}"
      if [ "${#rows[@]}" -eq 0 ] && grep -qE 'Restored [1-9][0-9]* tuples' "/work/$node.log"; then
        echo "rondb: node $node had rows, and no part of backup $BACKUP_ID counts any: the part of the node that led the backup is" \
          "missing in the bucket (there are: ${nodes[*]})" >&2
        exit 1
      fi
      while read -r table fragment; do
        accounted=$((accounted + ${rows[$table.$fragment]:-0}))
      done < <(sed -nE 's/.*Processing data in table: .*\(([0-9]+)\) fragment ([0-9]+).*/\1 \2/p' "/work/$node.log" | sort -u)
    done
    # account.sh adds them up.
    echo "$accounted" >/dev/termination-log
    ;;
  indexes)
    restore "$first" --rebuild-indexes --restore-epoch "${no_binlog[@]}"
    ;;
esac
