#!/bin/bash
. "$(dirname "$0")/common.sh"
stop_server ndb_mgmd "$LOG/ndb_$MGM_ID.pid" 10 "$@"
