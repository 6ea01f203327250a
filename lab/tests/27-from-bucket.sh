# shellcheck shell=bash
# What "hwdr backups --from-bucket" says of the chart's own backups, from a machine that has nothing but credentials.
id_of() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }

# The bucket alone: no kubeconfig, and an identity that may only read.
from_bucket() {
  env -u KUBECONFIG -u HELM_KUBECONTEXT -u HELM_NAMESPACE HOME=/nonexistent KUBECONFIG=/nonexistent \
    AWS_ACCESS_KEY_ID="$S3_READER_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$S3_READER_SECRET_KEY" AWS_REGION="$S3_REGION" \
    timeout 60 "$HWDR" backups "$@" --from-bucket --bucket "${BUCKET:-$HOPSFS_BUCKET}" --endpoint "$S3_ENDPOINT" --path-style
}

# Of each set: its id, and of each part the name, the time and the state.
parts='[.backups[] | select(.id) | {id, time, parts: [.parts[] | {series, name, state, time}]}]'

test_the_bucket_says_what_the_cluster_says() {
  HELM_NAMESPACE=$NS timeout 60 "$HWDR" backups list -o json | jq "$parts" >"$RUN/notes/cluster.json"
  from_bucket list
  from_bucket list -o json >"$RUN/notes/bucket-list.json"
  jq "$parts" "$RUN/notes/bucket-list.json" >"$RUN/notes/bucket.json"
  diff "$RUN/notes/cluster.json" "$RUN/notes/bucket.json"
}

test_sizes_and_nodes_are_shown() {
  jq -e '.backups[0].parts[] | select(.series == "rondb") | .bytes > 0 and .done == .of and .of > 0' "$RUN/notes/bucket-list.json"
  jq -e '[.backups[0].parts[] | select(.series | startswith("objects")) | .bytes > 0] | all' "$RUN/notes/bucket-list.json"
  jq -e '.backups[0].usable.inPlace == "unknown" and .backups[0].usable.newCluster == "yes"' "$RUN/notes/bucket-list.json"
}

test_one_backup_is_shown_with_its_values() {
  from_bucket show "$(id_of rondb)" | grep -F "mainScheduleBackupId: $(id_of main)"
  from_bucket show latest -o json | jq -e --arg id "$(id_of rondb)" '.id == $id'
}

# The bucket keeps versions: what is put back is what was there.
test_a_missing_part_is_named() {
  local id key
  id=$(id_of rondb)
  key=$("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$id/rondb/" | awk '/\.ctl /{print $1; exit}')
  "$LAB/s3" delete "$HOPSFS_BUCKET" "$key"
  from_bucket show "$id" -o json >"$RUN/notes/damaged.json" || true
  # Not written again: a file that is younger than the backup by ten minutes is damage to "verify".
  "$LAB/s3" undo "$HOPSFS_BUCKET" "$key"
  # A backup that lacks something and is younger than half an hour may still be on its way.
  jq -e '.parts[] | select(.series == "rondb") | .state == "partial" or .state == "running"' "$RUN/notes/damaged.json"
  from_bucket list -o json | jq -e --arg id "$id" '.backups[] | select(.id == $id) | .parts[] | select(.series == "rondb") | .state == "good"'
}

test_a_bucket_that_is_not_there_is_an_error() {
  local code=0
  BUCKET=no-such-bucket from_bucket list 2>"$RUN/notes/no-bucket.txt" || code=$?
  [ "$code" = 1 ]
  grep -F 'there is no such bucket' "$RUN/notes/no-bucket.txt"
}
