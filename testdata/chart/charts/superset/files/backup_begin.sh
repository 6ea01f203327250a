#!/bin/bash
# First step of a backup: its id, unless a restore is under way or has failed.
set -euo pipefail
fence=$(kubectl -n "$NAMESPACE" get configmap superset-restore-audit --ignore-not-found -o jsonpath='{.data.inProgress}')
if [ -n "$fence" ]; then
  echo "Skipped: the restore of $fence has not succeeded (inProgress in ConfigMap superset-restore-audit)"
  touch /backup/skipped
  exit 0
fi
if [ ! -f /backup/id ]; then # a restarted pod goes on with the same id
  echo "$(date -u +%Y%m%d%H%M%S)-$(printf %s "$POD_UID" | cksum | cut -d' ' -f1)" >/backup/id
  date +%s%3N >/backup/started
fi
echo "Backup $(cat /backup/id)"
