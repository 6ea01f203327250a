#!/bin/bash
. "$(dirname "$0")/common.sh"
stop_server ndbmtd "$LOG/ndb_$NODE_ID.pid" 30 "$@"
