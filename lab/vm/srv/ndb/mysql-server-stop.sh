#!/bin/bash
. "$(dirname "$0")/common.sh"
stop_server mysqld "$LOG/mysql_$NODE_ID.pid" 60 "$@"
