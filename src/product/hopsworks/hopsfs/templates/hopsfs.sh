#!/bin/bash
# hopsfs.sh: brings back the blocks that HopsFS deleted after the backup. They are objects in a versioned bucket; each lies under
# a delete marker, and is made current again by a copy within the bucket. Nothing is overwritten and nothing is removed: blocks never change
# once they are written, and one that was born after the backup is unknown to the restored metadata.
# "hopsfs.sh look" only sees whether the bucket's versions can be listed.
set -euo pipefail

if [ "${1:-}" = look ]; then
  # A small folder, if it is in this bucket: on top there may be millions of entries.
  status=0
  timeout "$CALL_SECONDS" rclone lsf "source,versions=true:$BUCKET/$BACKUP_PREFIX/$RONDB_ID" >/dev/null || status=$?
  [ $status != 124 ] || echo "hopsfs: rclone lsf has no answer within $CALL_SECONDS s" >&2
  [ $status != 3 ] || status=0 # no such folder
  exit $status
fi

# The metadata that is restored comes from RonDB's backup, and describes a moment between its start and its end: what was there at
# either is brought back, and what was there at the minute that the backup id of the whole names.
moments=("$RONDB_TIME" "$BACKUP_TIME")
known=false
for configmap in "$METADATA_CONFIGMAP" "$METADATA_CONFIGMAP"-{1..9}; do
  found=$(kubectl get configmap "$configmap" --ignore-not-found -o json)
  entry=$(jq -r --arg id "$RONDB_ID" '.data[$id] // empty' <<<"$found")
  [ -n "$entry" ] || continue
  state=$(jq -r '.state' <<<"$entry")
  if [ "$state" != SUCCESS ]; then
    echo "hopsfs: RonDB's backup $RONDB_ID is recorded as $state in ConfigMap $configmap: not one to restore from" >&2
    exit 1
  fi
  for key in start_time end_time; do
    moment=$(jq -r --arg key "$key" '.[$key] // empty' <<<"$entry")
    # What is no time is as good as none.
    if [ -z "$moment" ] || ! date -u -d "$moment" >/dev/null 2>&1; then continue; fi
    moments=("$moment" "${moments[@]}")
    [ $key = start_time ] || known=true
  done
  break
done
# rclone takes times without a zone as local ones, and gives them so.
export TZ=UTC
if ! $known; then
  # A scheduled backup has no record here: Velero has copied the ConfigMaps before it ended. NDB ends these files when it does, and rclone
  # keeps their times.
  ended=$(rclone lsf --recursive --files-only --format t --include '*.{ctl,log}' \
    "source:$BUCKET/$BACKUP_PREFIX/$RONDB_ID" | sort | tail -n 1) || ended=
  if [ -n "$ended" ] && [ "$(date -u -d "$ended" +%s)" -ge "$(date -u -d "$RONDB_TIME" +%s)" ]; then
    moments=("$ended" "${moments[@]}")
    known=true
  fi
fi
if ! $known; then
  # What was current a little later is brought back too: blocks that no restored file knows do no harm.
  echo "hopsfs: WARNING: neither the ConfigMaps $METADATA_CONFIGMAP* nor its files say when RonDB's backup $RONDB_ID ended:" \
    "the hour after it began is covered" >&2
  moments=("$(date -u -d "$RONDB_TIME + 1 hour" '+%Y-%m-%dT%H:%M:%SZ')" "${moments[@]}")
fi

versions_at() { # TIME
  printf 'source,version_at="%s":%s' "$(date -u -d "$1" '+%Y-%m-%d %H:%M:%S')" "$BUCKET"
}

for moment in "${moments[@]}"; do
  echo "hopsfs: bringing back what was in $BUCKET at $moment"
  rclone copy --server-side-across-configs --ignore-existing --fast-list --transfers 32 --checkers 32 \
    --stats 30s --stats-one-line --stats-log-level NOTICE \
    --exclude "/$BACKUP_PREFIX/**" --exclude '/k8s_backup/**' --exclude '/opensearch*/**' \
    --exclude '/superset*/**' \
    "$(versions_at "$moment")" "source:$BUCKET"
done
