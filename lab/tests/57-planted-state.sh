# shellcheck shell=bash
# The chart's own backup account may write any ConfigMap of the namespace. A run's state that it plants there is not trusted.
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

# as_the_account ARGUMENTS…: kubectl as the chart's backup pods.
as_the_account() { kubectl -n "$NS" --as "system:serviceaccount:$NS:rondb-backups-sa" "$@"; }

# planted RELEASE ID: the ConfigMap of a run as an older hwdr kept it, in the middle of a restore, with somebody else's volume.
planted() {
  cat <<YAML
apiVersion: v1
kind: ConfigMap
metadata:
  name: hwdr-restore-$2
  labels: {hwdr.hopsworks.ai/release: $1, hwdr.hopsworks.ai/restore-id: "$2"}
data:
  state.json: |
    {"form": 1, "version": "0.1.0", "mode": "upgrade", "release": "$1", "backupId": "$2", "backupTime": null, "digest": "00",
     "chart": {"argument": "c", "name": "c-1", "appVersion": "1", "values": "00"}, "phase": "failed", "why": null,
     "began": "2099-01-01T00:00:00Z", "ended": null, "parts": [], "wipe": false, "acceptPartial": false,
     "steps": [{"step": "set-aside", "began": "2099-01-01T00:00:00Z", "ended": "2099-01-01T00:00:00Z"}],
     "before": {"revision": 1, "claims": ["0b6d1a2c-0000-4000-8000-000000000001"], "volumes": [
       {"volume": "planted-books", "policy": "Delete", "claim": {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "books"}, "spec": {"volumeName": "planted-books"}}}]}}
YAML
}

test_the_charts_own_account_may_write_no_secret() {
  local verb
  for verb in get list create update patch delete; do
    [ "$(as_the_account auth can-i "$verb" secrets)" = no ]
  done
  fails_with forbidden as_the_account create secret generic hwdr-restore-254811200 --type=hwdr.hopsworks.ai/run --from-literal=state.json='{}'
}

test_a_state_that_it_plants_is_not_believed() {
  kubectl apply -f - <<'YAML'
apiVersion: v1
kind: PersistentVolume
metadata: {name: planted-books}
spec:
  accessModes: [ReadWriteOnce]
  capacity: {storage: 1Mi}
  persistentVolumeReclaimPolicy: Retain
  storageClassName: planted
  hostPath: {path: /nonexistent}
  claimRef: {namespace: payroll, name: books, uid: 0b6d1a2c-0000-4000-8000-000000000001}
YAML
  kubectl wait --for=jsonpath='{.status.phase}'=Released pv/planted-books --timeout=30s
  # For the release, which has runs of its own, and for one that has none.
  planted hopsworks 254811200 | as_the_account create -f -
  planted books 254811300 | as_the_account create -f -
  everything >"$RUN/notes/before.txt"
  refuses 'hwdr-restore-254811200 claims to be the state of a run.*ignored.*it was already undone' hwdr undo hopsworks --yes
  refuses 'has not ended.*if nobody here began that restore: kubectl -n hopsworks delete configmap hwdr-restore-254811200' upgrade --yes
  refuses 'ConfigMap hwdr-restore-254811300, where an older hwdr.*hwdr cannot ask without a terminal' hwdr resume books
  refuses "planted-books is claim payroll/books's.*it is left alone" hwdr undo books --yes
  everything >"$RUN/notes/after.txt"
  diff "$RUN/notes/before.txt" "$RUN/notes/after.txt"
  kubectl -n "$NS" delete configmap hwdr-restore-254811200 hwdr-restore-254811300
  kubectl delete pv planted-books
}
