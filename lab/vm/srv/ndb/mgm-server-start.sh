#!/bin/bash
# Starts the management server.
. "$(dirname "$0")/common.sh"
no_arguments "$@"
must_be mysql
if "$BIN/ndb_mgm" --connect-retries=1 -c "$MGM:1186" -e show >/dev/null 2>&1; then
  echo "A management server is already running on $MGM:1186"
  exit 2
fi
"$BIN/ndb_mgmd" --ndb-nodeid="$MGM_ID" -f "$NDB_DIR/config.ini" --configdir="$NDB_DIR/mgmd" --reload --initial || exit 1
echo "Started the MySQL Management server - ndb_mgmd."
