#!/bin/bash
# Last step of a restore: the fence goes if the database was reloaded, and stays if not.
set -euo pipefail
. /scripts/audit.sh
if [ -f /work/failed ]; then
  audit aborted "$(cat /work/failed)"
  exit 1
fi
audit database-reloaded "the database is that of $BACKUP_ID"
fence
