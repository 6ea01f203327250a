# shellcheck shell=bash
# Superset, which has backups and ids of its own: it is restored alone, while the rest of the cluster goes on, and undone. The cluster has
# data of after the backup (55-in-place.sh).
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

# The chart that restores Superset itself; in 60-new-cluster.sh, hwdr's own Job does it.
NATIVE=(--set superset.testRestores=true)
run_secret() { echo "hwdr-restore-$(note superset)"; }
alone() {
  superset_values
  hwdr upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/superset.yaml" "${NATIVE[@]}" "$@"
}
dump_key() { echo "superset_backup/$(note superset)/superset.sql.gz"; }
fence() { kubectl -n "$NS" get configmap superset-restore-audit --ignore-not-found -o jsonpath='{.data.inProgress}'; }

# others: the pods of all but Superset and its MySQL, and how often they restarted.
others() {
  kubectl -n "$NS" get pods -o json | jq -r '.items[] | select(.metadata.ownerReferences[0].kind != "Job"
      and (.metadata.labels | (.app // "" | startswith("superset") | not) and ."app.kubernetes.io/name" != "mysql"))
    | "\(.metadata.name) \(.metadata.uid) \([.status.containerStatuses[]?.restartCount] | add)"' | sort
}

# superset_is RECORD: it runs, and has the dashboards and passwords of that record.
superset_is() {
  local what
  for what in hopsworks-superset hopsworks-superset-worker; do
    kubectl -n "$NS" rollout status "deployment/$what" --timeout=180s
    [ "$(kubectl -n "$NS" get deployment "$what" -o jsonpath='{.spec.replicas} {.status.readyReplicas}')" = "1 1" ]
  done
  "$LAB/check" "$1" --service superset
  [ -z "$(fence)" ]
}

test_its_backup_is_whole_and_listed() {
  local id sum
  id=$(note superset)
  [[ $id =~ ^[0-9]{14}-[0-9]+$ ]]
  "$LAB/s3" get "$HOPSFS_BUCKET" "$(dump_key)" >"$RUN/notes/dump"
  sum=$(sha256sum <"$RUN/notes/dump" | cut -d' ' -f1)
  "$LAB/s3" get "$HOPSFS_BUCKET" "superset_backup/$id/manifest.json" |
    jq -e --arg id "$id" --arg sum "$sum" --argjson size "$(stat -c %s "$RUN/notes/dump")" --arg key "$(fingerprint)" \
      '.backupId == $id and .path == "superset_backup/\($id)/superset.sql.gz" and .sha256 == $sum and .size == $size and .secretKeyFingerprint == $key'
  zcat "$RUN/notes/dump" | grep -a 'first churn'
  ! zcat "$RUN/notes/dump" | grep -a 'secret-of-the-first-reader' || false
  kubectl -n "$NS" get configmap superset-backups-metadata -o json | jq -e --arg id "$id" '.data[$id] | fromjson | .state == "SUCCESS"'
  hwdr backups list -o json | jq -e --arg id "$id" '[.backups[].parts[] | select(.series == "superset" and .name == $id)] | length == 1 and .[0].state == "good"'
}
fingerprint() { kubectl -n "$NS" get secret superset-secret-key -o jsonpath='{.data.secret-key}' | base64 -d | sha256sum | cut -d' ' -f1; }

# Each is found before anything of Superset stops: another key than the backup's, a dump that is cut short, a backup that is not there.
test_what_would_not_come_back_is_refused() {
  local key
  key=$(kubectl -n "$NS" get secret superset-secret-key -o jsonpath='{.data.secret-key}')
  key_is "$(printf another-key | base64)"
  everything >"$RUN/notes/before.txt"
  refuses 'superset-secret-key has changed' alone --yes
  everything | diff "$RUN/notes/before.txt" -
  key_is "$key"

  everything >"$RUN/notes/before.txt"
  "$LAB/s3" get "$HOPSFS_BUCKET" "$(dump_key)" >"$RUN/notes/dump"
  head -c "$(($(stat -c %s "$RUN/notes/dump") / 2))" "$RUN/notes/dump" >"$RUN/notes/dump.cut"
  "$LAB/s3" put "$HOPSFS_BUCKET" "$(dump_key)" "$RUN/notes/dump.cut"
  refuses 'superset.sql.gz is (not what its manifest|damaged|cut short)' alone --yes
  "$LAB/s3" put "$HOPSFS_BUCKET" "$(dump_key)" "$RUN/notes/dump"

  superset_values 20200101000000-1
  refuses '20200101000000-1' hwdr upgrade hopsworks "${CHART[@]}" -f "$RUN/notes/superset.yaml" "${NATIVE[@]}" --yes
  everything | diff "$RUN/notes/before.txt" -
  superset_is "$RUN/notes/second.record"
}
key_is() { kubectl -n "$NS" patch secret superset-secret-key --type merge -p "{\"data\": {\"secret-key\": \"$1\"}}"; }

test_it_comes_back_alone() {
  # What the chart renders for a new cluster only is gone with the first upgrade, whoever does it.
  "$LAB/install"
  others >"$RUN/notes/others.txt"
  alone --yes
  superset_is "$LAB_RECORD"
  others | diff "$RUN/notes/others.txt" -
  for service in rondb users hopsfs opensearch; do "$LAB/check" "$RUN/notes/second.record" --service "$service"; done
  # The password works in Superset's own hands, too.
  kubectl -n "$NS" exec -i deployment/hopsworks-superset -c superset -- sh -c '. /app/pythonpath/superset_bootstrap.sh; exec python -' 2>/dev/null <<'PY' | grep -x secret-of-the-first-reader
from superset.app import create_app

with create_app().app_context():
    from superset import db
    from superset.models.core import Database

    print(db.session.query(Database).filter_by(database_name="first warehouse").one().password)
PY
}

test_undo_gives_back_what_was_there() {
  hwdr undo hopsworks --yes
  superset_is "$RUN/notes/second.record"
  others | diff "$RUN/notes/others.txt" -
}

# A restore that failed elsewhere left it: backups are skipped until it goes.
test_a_fence_left_behind_is_shown_and_cleared() {
  local before code=0
  before=$(kubectl -n "$NS" get configmap superset-backups-metadata -o json | jq -c .data)
  kubectl -n "$NS" create configmap superset-restore-audit --dry-run=client -o yaml | kubectl apply -f -
  kubectl -n "$NS" patch configmap superset-restore-audit --type merge -p '{"data": {"inProgress": "20200101000000-1"}}'
  kubectl -n "$NS" create job superset-skips --from=cronjob/create-superset-backup
  kubectl -n "$NS" wait --for=condition=Complete job/superset-skips --timeout=120s
  kubectl -n "$NS" logs job/superset-skips --all-containers | grep 'Skipped: the restore of 20200101000000-1'
  [ "$before" = "$(kubectl -n "$NS" get configmap superset-backups-metadata -o json | jq -c .data)" ]
  hwdr status >"$RUN/notes/status.txt" || code=$?
  [ "$code" != 0 ]
  tr -s ' \n' ' ' <"$RUN/notes/status.txt" | grep -F 'inProgress in ConfigMap/superset-restore-audit'
  hwdr doctor hopsworks --fix --yes || true
  [ -z "$(fence)" ]
  kubectl -n "$NS" delete job superset-skips
}
