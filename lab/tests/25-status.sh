# shellcheck shell=bash
# What "hwdr backups" and "hwdr status" say of the chart's own backups, and of backups that stop: one thing at a time.
id_of() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }
hwdr() { HELM_NAMESPACE=$NS timeout 60 "$HWDR" "$@"; }

# says CODE WORDS: "hwdr status" ends with that code, and with those words in its text.
says() {
  local code=0
  hwdr status >"$RUN/notes/status.txt" || code=$?
  cat "$RUN/notes/status.txt"
  [ "$code" = "$1" ]
  tr -s ' \n' ' ' <"$RUN/notes/status.txt" | grep -F "$2"
}

test_the_backups_parts_are_one_set() {
  local set
  hwdr backups list
  set=$(hwdr backups list -o json)
  for id in "$(id_of rondb)" "$(id_of opensearch)" "$(id_of main)" "$(id_of users)"; do
    jq -e --arg id "$id" '.backups[0].parts | any(.name == $id and .state == "good")' <<<"$set"
  done
  [ "$(hwdr backups list -o name | head -1)" = "$(id_of rondb)" ]
  hwdr backups show latest | grep -F "mainScheduleBackupId: $(id_of main)"
}

# The documentation's commands are right where there is one ConfigMap each, and nothing but good backups.
test_the_list_is_that_of_the_documentation() {
  hwdr backups list -o json | jq -r '.backups[].parts[] | select(.state == "good") | .name' | sort -u >"$RUN/notes/listed.txt"
  NAMESPACE=$NS "$LAB/snippets" | sort -u >"$RUN/notes/snippets.txt"
  # RonDB and OpenSearch may have the same id.
  [ "$(wc -l <"$RUN/notes/listed.txt")" -ge 3 ]
  diff "$RUN/notes/snippets.txt" "$RUN/notes/listed.txt"
}

test_each_service_has_backups() {
  says 0 'Backups of release hopsworks in namespace hopsworks: enabled'
}

test_a_suspended_cronjob_is_named() {
  local cronjob=create-backup
  kubectl -n "$NS" patch cronjob $cronjob -p '{"spec": {"suspend": true}}'
  says 2 "CronJob/$cronjob is suspended: it makes no backups"
  kubectl -n "$NS" patch cronjob $cronjob -p '{"spec": {"suspend": false}}'
}

test_a_paused_schedule_is_named() {
  kubectl -n velero patch schedule k8s-backups-main --type merge -p '{"spec": {"paused": true}}'
  says 2 'Schedule/k8s-backups-main is suspended: it makes no backups'
  kubectl -n velero patch schedule k8s-backups-main --type merge -p '{"spec": {"paused": false}}'
}

# A run that failed leaves nothing in the metadata. Without its init containers, which make the backup, it uses up no id.
test_a_failed_run_is_shown_with_its_last_words() {
  kubectl -n "$NS" create job --from=cronjob/create-backup fails --dry-run=client -o json |
    jq '.spec.backoffLimit = 0 | del(.spec.template.spec.initContainers) | .spec.template.spec.containers[0] |= (.command = ["/bin/sh", "-c", "echo no management server; exit 3"] | del(.args))' |
    kubectl apply -f -
  kubectl -n "$NS" wait --for=condition=Failed job/fails --timeout=120s
  says 1 'the last run failed, fails:'
  says 1 'no management server'
  hwdr backups list | grep FAIL
  kubectl -n "$NS" delete job fails
  says 0 'enabled'
}

# Backups that wait for others: New before Velero 1.18, and Queued and ReadyToStart from there on.
test_backups_that_wait_are_being_made() {
  local names=(waits-1 waits-2 waits-3 waits-4) phases=$RUN/notes/phases.txt watch
  : >"$phases.seen"
  kubectl -n velero get backup --watch -o jsonpath='{.metadata.name} {.status.phase}{"\n"}' >"$phases" 2>/dev/null &
  watch=$!
  # shellcheck disable=SC2064
  trap "kill $watch" EXIT
  for name in "${names[@]}"; do
    kubectl create -f - <<EOF
{"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "$name", "namespace": "velero", "labels": {"velero.io/schedule-name": "k8s-backups-main"}},
 "spec": {"storageLocation": "hopsworks-bsl", "includedNamespaces": ["$NS"], "ttl": "1h0m0s"}}
EOF
  done
  # Whatever its phase, the newest one is being made or good, and hwdr knows the phase.
  for _ in $(seq 60); do
    { hwdr status -o json || true; } | jq '.services[] | select(.name == "objects/main")' >"$RUN/notes/main.json"
    jq -e '(.lastRun == "running" or .lastRun == "good") and (.faults | all(.severity != "unknown"))' "$RUN/notes/main.json"
    jq -r .lastRun "$RUN/notes/main.json" >>"$phases.seen"
    [ "$(kubectl -n velero get backup "${names[@]}" -o jsonpath='{range .items[*]}{.status.phase}{"\n"}{end}' | grep -c '^Completed$')" = 4 ] && break
    sleep 0.5
  done
  grep -x running "$phases.seen"
  sort -u "$phases"
  case $VELERO in
    1.17.*) [ "$(grep -cE ' (Queued|ReadyToStart)$' "$phases")" = 0 ] ;;
    *) grep -E ' Queued$' "$phases" ;;
  esac
  # Their data, too: a Backup that is merely deleted comes back from the bucket.
  for name in "${names[@]}"; do
    kubectl create -f - <<EOF
{"apiVersion": "velero.io/v1", "kind": "DeleteBackupRequest", "metadata": {"name": "$name", "namespace": "velero"}, "spec": {"backupName": "$name"}}
EOF
  done
  kubectl -n velero wait --for=delete backup "${names[@]}" --timeout=120s
}
