# shellcheck shell=bash
# A lost cluster is replaced by an empty one that sees the same buckets, and its data come back as an operator brings them back:
# objects by Velero, then "helm install" of a chart that cannot restore anything itself, through hwdr as the post-renderer.
# Last, because each test leaves another cluster than it found.

note() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }

# What goes on in the old cluster after the backup: files are deleted, and their blocks with them.
lose_files() {
  fs DELETE /user/first/file-3
  fs DELETE /Projects/first_fraud/part-1
  echo "after the backup" >"$RUN/notes/late"
  fs PUT /user/first/late "$RUN/notes/late"
}

# restore_objects: the storage location, and from it what Velero keeps, as the documentation says: by kubectl alone.
restore_objects() {
  local schedule name
  kubectl apply -f - <<YAML
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: hopsworks-bsl, namespace: velero}
spec:
  provider: aws
  backupSyncPeriod: 5s
  config: {region: $S3_REGION, s3Url: "$S3_ENDPOINT", s3ForcePathStyle: "true"}
  credential: {name: hopsworks-bsl-credentials, key: cloud}
  objectStorage: {bucket: $HOPSFS_BUCKET, prefix: k8s_backup}
YAML
  for schedule in main users; do
    name=$(note $schedule)
    wait_for 180 "the backup $name in the new cluster" - kubectl -n velero get backup "$name"
    kubectl apply -f - <<YAML
apiVersion: velero.io/v1
kind: Restore
metadata: {name: $name, namespace: velero}
spec: {backupName: $name}
YAML
    kubectl -n velero wait --for=jsonpath='{.status.phase}'=Completed "restore/$name" --timeout=120s
  done
}

restore_values() {
  cat >"$RUN/notes/restore.yaml" <<YAML
global:
  _hopsworks:
    restoreFromBackup: {backupId: "$(note rondb)"}
olk:
  opensearch:
    restore: {repositories: {default: {snapshots: {default: {snapshot_name: "$(note opensearch)"}}}}}
hopsworks:
  velero:
    restore: {mainScheduleBackupId: $(note main), usersScheduleBackupId: $(note users)}
YAML
}

# restored_by HELM ARGUMENTS…: installs with the restore's values; the Jobs that hwdr injects are complete, and no data is missing.
restored_by() {
  local job
  restore_values
  LAB_HELM=$1 "$LAB/install" -f "$RUN/notes/restore.yaml" "${@:2}"
  for job in {restore-native-backup,setup-mysqld-dont-remove,hopsfs-inplace-restore}-"$(note rondb)" \
    opensearch-restore-default-default-"$(note opensearch)"; do
    kubectl -n "$NS" wait --for=condition=Complete "job/$job" --timeout=1s
  done
  "$LAB/check" "$LAB_RECORD"
}

# bsl_apply ARGUMENTS…: hwdr's way to the same location.
bsl_apply() {
  "$HWDR" bsl apply --bucket "$HOPSFS_BUCKET" --region "$S3_REGION" --endpoint "$S3_ENDPOINT" --path-style "$@"
}
objects_restore() { "$HWDR" objects restore --namespace "$NS" -f "$RUN/notes/restore.yaml" "$@"; }
restores() { kubectl -n velero get restores -o json | jq -r '.items[] | "\(.metadata.name) \(.status.phase)"'; }
velero_patch() { kubectl -n velero patch backup "$1" --type merge -p "$2"; }

test_a_new_cluster_is_empty_and_sees_the_old_backups() {
  lose_files
  "$LAB/up" --new-cluster
  ! kubectl get namespace "$NS" || false
  "$LAB/s3" list "$HOPSFS_BUCKET" rondb_backup/ | grep users.sql
}

# The right ones take the place of wrong ones, but nothing takes the place of a Secret that somebody else made.
test_wrong_credentials_are_told_in_veleros_own_words() {
  local theirs output
  theirs=$(kubectl -n velero get secret hopsworks-bsl-credentials -o json | jq -c '[.data, .metadata.uid]')
  export AWS_ACCESS_KEY_ID=wrong-access-key AWS_SECRET_ACCESS_KEY=wrong-secret-key
  fails_with 'did not make' bsl_apply --credentials-env
  [ "$theirs" = "$(kubectl -n velero get secret hopsworks-bsl-credentials -o json | jq -c '[.data, .metadata.uid]')" ]
  ! kubectl -n velero get backupstoragelocation hopsworks-bsl || false
  kubectl -n velero delete secret hopsworks-bsl-credentials
  SECONDS=0
  ! output=$(bsl_apply --credentials-env 2>&1) || false
  ((SECONDS < 150))
  grep -E 'InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|StatusCode: 403' <<<"$output"
  grep 'the credentials are wrong' <<<"$output"
  ! grep wrong-secret-key <<<"$output" || false
  export AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY
  bsl_apply --credentials-env
  [ "$(kubectl -n velero get backupstoragelocation hopsworks-bsl -o jsonpath='{.spec.accessMode} {.status.phase}')" = "ReadOnly Available" ]
}

test_another_location_of_the_name_is_left_alone() {
  local before
  before=$(kubectl -n velero get backupstoragelocation hopsworks-bsl -o json | jq -c '[.metadata.uid, .metadata.generation, .spec]')
  wait_for 120 "Velero's first look" - kubectl -n velero wait --for=jsonpath='{.status.lastSyncedTime}' \
    backupstoragelocation/hopsworks-bsl --timeout=1s
  bsl_apply --secret hopsworks-bsl-credentials
  fails_with 'prefix: is k8s_backup, asked for other' bsl_apply --secret hopsworks-bsl-credentials --prefix other
  fails_with 'secret: is hopsworks-bsl-credentials/cloud, asked for \(none\)' bsl_apply --iam
  fails_with 'no key other' bsl_apply --secret hopsworks-bsl-credentials/other || fails_with 'secret: is' bsl_apply --secret x
  [ "$before" = "$(kubectl -n velero get backupstoragelocation hopsworks-bsl -o json | jq -c '[.metadata.uid, .metadata.generation, .spec]')" ]
}

# Whatever is refused leaves nothing behind.
test_backups_that_cannot_be_restored_are_refused() {
  local users expiration
  users=$(note users)
  restore_values
  fails_with 'add --yes' objects_restore
  expiration=$(kubectl -n velero get backup "$users" -o jsonpath='{.status.expiration}')
  velero_patch "$users" '{"status":{"expiration":"2025-01-01T00:00:00Z"}}'
  fails_with "$users expired at 2025-01-01" objects_restore --yes
  velero_patch "$users" "$(jq -cn --arg e "$expiration" '{status: {expiration: $e, phase: "Failed"}}')"
  fails_with "$users is Failed, not" objects_restore --yes
  fails_with "is Failed, not" "$HWDR" objects restore --namespace "$NS" --backup-id "$(note rondb)" --yes
  velero_patch "$users" '{"status":{"phase":"Completed"}}'
  fails_with 'must|--users is .*-1,' objects_restore --users k8s-backups-users-resources-1 --yes
  fails_with 'no Velero backup|no *backup' "$HWDR" objects restore --backup-id "$(note rondb)" --main k8s-backups-main-1 --yes
  fails_with 'would *hardly match' "$HWDR" objects restore --backup-id 254811200 --yes
  [ -z "$(restores)" ]
}

# Velero cannot bring one Secret back: it is named, and nothing goes on before somebody says so.
test_holes_are_shown_and_have_to_be_accepted() {
  local main
  main=$(note main)
  kubectl apply -f - <<'YAML'
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-user-first}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [secrets]}]
  validations: [{expression: "object.metadata.name != 'user-first'", message: not this one}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-user-first}
spec: {policyName: no-user-first, validationActions: [Deny]}
YAML
  # A policy takes a moment to hold.
  wait_for 30 "the policy" - fails_with 'not this one' kubectl -n default create secret generic user-first --dry-run=server
  fails_with 'user-first.*not *this one|not *this one' objects_restore --yes
  [ "$(restores)" = "$main PartiallyFailed" ]
  objects_restore --yes --accept-partial
  kubectl -n first-team get secret api-key
  kubectl delete validatingadmissionpolicybinding/no-user-first validatingadmissionpolicy/no-user-first
  kubectl -n velero delete restore.velero.io --all
  kubectl delete namespace "$NS" first-team
}

# Cut off in the middle and run again, it goes on; run once more, there is nothing left to do.
test_objects_come_back_by_hwdr() {
  local pid
  objects_restore --yes &
  pid=$!
  wait_for 60 "the first Restore" - kubectl -n velero get restore "$(note main)"
  kill -KILL $pid
  ! wait $pid || false
  objects_restore --yes
  objects_restore --yes 2>&1 | grep -c 'was restored before' | grep -x 2
  [ "$(restores | sort)" = "$(printf '%s Completed\n' "$(note main)" "$(note users)" | sort)" ]
  kubectl -n "$NS" get secret user-first
  kubectl -n first-team get secret api-key
  kubectl -n "$NS" get configmap rondb-backups-metadata -o json | jq -e '.data | length > 0'
}

test_helm_4_with_hwdr_brings_the_data_into_it() {
  export HELM_DATA_HOME=$RUN/notes/helm4
  local helm
  helm=$(helm_of 4)
  HELM_BIN=$helm "$HWDR" post-renderer install --helm 4
  HELM_PLUGINS=$("$HWDR" post-renderer path --helm 4) restored_by "$helm" --post-renderer hwdr-post-renderer
  # The chart leaves a location alone that it did not make: it is opened as hwdr says.
  kubectl -n velero patch backupstoragelocation hopsworks-bsl --type merge -p '{"spec":{"accessMode":"ReadWrite"}}'
  "$LAB/backup"
}

test_helm_3_with_hwdr_brings_them_into_another() {
  "$LAB/up" --new-cluster
  restore_objects
  restored_by "$(helm_of 3)" --post-renderer "$HWDR" --post-renderer-args post-render
}

# A node's part that never reached the bucket is half of the rows, and no error to ndb_restore.
test_a_missing_part_lets_nobody_in() {
  local id key keys logs
  id=$(note rondb)
  "$LAB/up" --new-cluster
  mapfile -t keys < <("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$id/rondb/2/" | awk '{print $1}')
  for key in "${keys[@]}"; do
    "$LAB/s3" get "$HOPSFS_BUCKET" "$key" >"$RUN/notes/${key//\//,}"
    "$LAB/s3" delete "$HOPSFS_BUCKET" "$key"
  done
  prerequisites
  restore_values
  "$(helm_of 3)" install hopsworks "$LAB/../testdata/chart" -n "$NS" -f "$LAB/../testdata/values/base.yaml" -f "$LAB/values.yaml" \
    -f "$RUN/notes/restore.yaml" --post-renderer "$HWDR" --post-renderer-args post-render
  kubectl -n "$NS" wait --for=condition=Failed "job/restore-native-backup-$id" --timeout=400s
  logs=$(kubectl -n "$NS" logs -l "hwdr.hopsworks.ai/restore-id=$id" --all-containers --prefix --tail=-1 --ignore-errors 2>&1 || true)
  grep -E 'the part of (a node|the node that led the backup) is missing' <<<"$logs"
  [ "$(kubectl -n "$NS" get pods -o json |
    jq '[.items[].status.containerStatuses[]? | select(.ready and (.name | IN("mysqld", "rdrs", "namenode", "hopsworks")))] | length')" = 0 ]
  for key in "${keys[@]}"; do "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/notes/${key//\//,}"; done
}
