#!/bin/bash
# Starts the data node with empty files.
. "$(dirname "$0")/common.sh"
no_arguments "$@"
must_be mysql
echo "Initializing Data Node $NODE_ID."
exec "$BIN/ndbmtd" -c "$MGM:1186" --initial --ndb-nodeid="$NODE_ID"
