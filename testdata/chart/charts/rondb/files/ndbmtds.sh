#!/bin/bash
set -euo pipefail
node_id=$((NODE_GROUP * 3 + ${POD_NAME##*-} + 1))
volume=/srv/hops/mysql-cluster/default_storage
mkdir -p "$volume/log" "$volume/ndb_data" "$volume/ndb/backups"
bash /scripts/wait_dns.sh

# The first file that a data node reads when it starts on what it wrote before.
sysfile=$volume/ndb_data/ndb_${node_id}_fs/D1/DBDIH/P0.sysfile
# In place, the first start for a backup id wipes the node. The marker lies at the
# volume's root: what is wiped is below it.
marker=$volume/inplace_restore_done_${INPLACE_BACKUP_ID:-none}
initial=()
if [ ! -f "$sysfile" ]; then
  echo "Node $node_id has not started on this volume before"
  initial=(--initial)
elif [ "${FORCE_INITIAL_START:-false}" = true ] && [ ! -f "$marker" ]; then
  echo "Node $node_id starts empty for the in-place restore of $INPLACE_BACKUP_ID"
  initial=(--initial)
fi
[ "${FORCE_INITIAL_START:-false}" = false ] || touch "$marker"

# In the foreground there is no guardian process between: a SIGTERM stops the node.
exec ndbmtd --foreground --ndb-nodeid="$node_id" --ndb-connectstring="$MGMD_HOST:1186" "${initial[@]}"
