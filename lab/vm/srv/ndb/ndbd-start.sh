#!/bin/bash
# Starts the data node, with empty files if NDBD_INITIAL_RESTART is set.
. "$(dirname "$0")/common.sh"
must_be mysql
initial=()
if [ "${NDBD_INITIAL_RESTART:-}" = true ]; then
  initial=(--initial)
  sed -i 's/^NDBD_INITIAL_RESTART=.*/NDBD_INITIAL_RESTART=false/' "$NDB_DIR/ndb/scripts/ndbd_env_variables"
fi
no_arguments "$@"
echo "Starting Data Node $NODE_ID."
exec "$BIN/ndbmtd" -c "$MGM:1186" --ndb-nodeid="$NODE_ID" --connect-retries=-1 --connect-retry-delay=2 "${initial[@]}"
