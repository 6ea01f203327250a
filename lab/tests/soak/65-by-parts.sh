# shellcheck shell=bash
# A restore into a new cluster in parts: the storage location, the objects, then helm itself with hwdr as the post-renderer; and what each
# part refuses.
# shellcheck source=lab/tests/60-new-cluster.sh
. "$LAB/tests/60-new-cluster.sh"

# bsl_apply ARGUMENTS…: creates the same location with hwdr.
bsl_apply() {
  "$HWDR" bsl apply --bucket "$HOPSFS_BUCKET" --region "$S3_REGION" --endpoint "$S3_ENDPOINT" --path-style "$@"
}
objects_restore() { "$HWDR" objects restore --namespace "$NS" -f "$RUN/notes/restore.yaml" "$@"; }
restores() { kubectl -n velero get restores -o json | jq -r '.items[] | "\(.metadata.name) \(.status.phase)"'; }
# The location itself: changes of its status count as generations, too.
location() { kubectl -n velero get backupstoragelocation hopsworks-bsl -o json | jq -c '[.metadata.uid, .metadata.labels, .spec]'; }
velero_patch() { kubectl -n velero patch backup "$1" --type merge -p "$2"; }

test_another_new_cluster_is_there() {
  "$LAB/up" --new-cluster
  ! kubectl get namespace "$NS" || false
}

# The right credentials replace wrong ones, but nothing replaces a Secret that somebody else created.
test_wrong_credentials_are_told_in_veleros_own_words() {
  local theirs output
  theirs=$(kubectl -n velero get secret hopsworks-bsl-credentials -o json | jq -c '[.data, .metadata.uid]')
  export AWS_ACCESS_KEY_ID=wrong-access-key AWS_SECRET_ACCESS_KEY=wrong-secret-key
  refuses 'did not create' bsl_apply --credentials-env
  [ "$theirs" = "$(kubectl -n velero get secret hopsworks-bsl-credentials -o json | jq -c '[.data, .metadata.uid]')" ]
  ! kubectl -n velero get backupstoragelocation hopsworks-bsl || false
  kubectl -n velero delete secret hopsworks-bsl-credentials
  SECONDS=0
  output=$(refuses 'Velero says: .*(InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied)' bsl_apply --credentials-env)
  ((SECONDS < 150))
  grep 'the credentials are wrong' <<<"$output"
  ! grep wrong-secret-key <<<"$output" || false
  export AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY
  bsl_apply --credentials-env
  [ "$(kubectl -n velero get backupstoragelocation hopsworks-bsl -o jsonpath='{.spec.accessMode} {.status.phase}')" = "ReadOnly Available" ]
}

test_another_location_of_the_name_is_left_alone() {
  local before
  before=$(location)
  wait_for 120 "Velero's first look" - kubectl -n velero wait --for=jsonpath='{.status.lastSyncedTime}' \
    backupstoragelocation/hopsworks-bsl --timeout=1s
  bsl_apply --secret hopsworks-bsl-credentials
  refuses 'prefix: is k8s_backup, asked for other' bsl_apply --secret hopsworks-bsl-credentials --prefix other
  refuses 'secret: is hopsworks-bsl-credentials/cloud, asked for \(none\)' bsl_apply --iam
  [ "$before" = "$(location)" ]
}

# A refusal leaves nothing behind.
test_backups_that_cannot_be_restored_are_refused() {
  local users expiration
  users=$(note users)
  restore_values
  refuses 'add --yes' objects_restore
  expiration=$(kubectl -n velero get backup "$users" -o jsonpath='{.status.expiration}')
  velero_patch "$users" '{"status":{"expiration":"2025-01-01T00:00:00Z"}}'
  refuses "$users expired at 2025-01-01" objects_restore --yes
  velero_patch "$users" "$(jq -cn --arg e "$expiration" '{status: {expiration: $e, phase: "Failed"}}')"
  refuses "$users is Failed, not" objects_restore --yes
  refuses "is Failed, not" "$HWDR" objects restore --namespace "$NS" --backup-id "$(note rondb)" --yes
  velero_patch "$users" '{"status":{"phase":"Completed"}}'
  refuses "--users is .*-1, and .* is $users" objects_restore --users k8s-backups-users-resources-1 --yes
  refuses 'found no backup k8s-backups-main-1 in it' "$HWDR" objects restore --backup-id "$(note rondb)" --main k8s-backups-main-1 --yes
  refuses 'objects and data would hardly match' "$HWDR" objects restore --backup-id 254811200 --yes
  [ -z "$(restores)" ]
}

# Velero cannot restore one Secret: it is named, and nothing continues before somebody accepts that.
test_holes_are_shown_and_have_to_be_accepted() {
  local main
  main=$(note main)
  "$LAB/fault" secret refuse user-first
  refuses 'error restoring secrets/.*/user-first.*not this one' objects_restore --yes
  [ "$(restores)" = "$main PartiallyFailed" ]
  objects_restore --yes --accept-partial
  kubectl -n first-team get secret api-key
  "$LAB/fault" secret allow user-first
  kubectl -n velero delete restore.velero.io --all
  kubectl delete namespace "$NS" first-team
}

# Interrupted in the middle and run again, it resumes; run once more, it has nothing left to do.
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
  # Restored objects are deleted with their namespace.
  kubectl delete namespace "$NS"
  objects_restore --yes 2>&1 | grep -c 'no longer holds' | grep -x 2
  kubectl -n "$NS" get secret user-first
}

test_helm_4_with_hwdr_brings_the_data_into_it() {
  export HELM_DATA_HOME=$RUN/notes/helm4
  local helm
  helm=$(helm_of 4)
  HELM_BIN=$helm "$HWDR" post-renderer install --helm 4
  HELM_PLUGINS=$("$HWDR" post-renderer path --helm 4) restored_by "$helm" --post-renderer hwdr-post-renderer
  # The chart leaves a location alone that it did not create: it is made writable as hwdr says.
  kubectl -n velero patch backupstoragelocation hopsworks-bsl --type merge -p '{"spec":{"accessMode":"ReadWrite"}}'
  "$LAB/backup"
}

test_helm_3_with_hwdr_brings_them_into_another() {
  "$LAB/up" --new-cluster
  restore_objects
  restored_by "$(helm_of 3)" --post-renderer "$HWDR" --post-renderer-args post-render
}
