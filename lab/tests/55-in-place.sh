# shellcheck shell=bash
# A restore onto the running cluster, and back again: "helm hwdr upgrade" and "helm hwdr undo", on a chart that cannot restore
# anything itself.

note() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }

in_place_values() {
  cat >"$RUN/notes/in-place.yaml" <<YAML
global:
  _hopsworks:
    restoreFromBackup: {backupId: "$(note rondb)", inPlace: true, forceDataClear: true}
olk:
  opensearch:
    restore: {repositories: {default: {snapshots: {default: {snapshot_name: "$(note opensearch)"}}}}}
hopsworks:
  velero:
    restore: {mainScheduleBackupId: $(note main), usersScheduleBackupId: $(note users)}
YAML
}

# hwdr COMMAND ARGUMENTS…: as "helm hwdr" runs it; IN_PLACE_HELM chooses the helm.
hwdr() { HELM_BIN=$(helm_of "${IN_PLACE_HELM:-3}") HELM_NAMESPACE=$NS timeout 800 "$HWDR" "$@"; }

upgrade() {
  in_place_values
  hwdr upgrade hopsworks "$LAB/../testdata/chart" -f "$LAB/../testdata/values/base.yaml" -f "$LAB/values.yaml" \
    -f "$RUN/notes/in-place.yaml" "$@"
}

# everything: all objects of the cluster that a refused restore must not touch, with their versions.
everything() {
  kubectl get statefulsets,deployments,jobs,cronjobs,configmaps,secrets,pvc,pv,schedules.velero.io,restores.velero.io -A -o json |
    jq -r '.items[] | select(.metadata.name | test("^(velero-repo|hwdr-history)") | not)
      | [.kind, .metadata.namespace, .metadata.name, (.spec // .data | tostring)] | @tsv' | sort
}

test_a_restore_without_consent_changes_nothing() {
  everything >"$RUN/notes/before.txt"
  fails_with 'no terminal' upgrade
  fails_with 'and not elsewhere' upgrade --yes --expect-cluster elsewhere
  fails_with 'rolls back while the restore goes on' upgrade --yes --atomic
  fails_with 'is not known|no backup|is known' upgrade --yes --set-string global._hopsworks.restoreFromBackup.backupId="$(date -u +%y%V%u%H%M)"
  upgrade --dry-run | grep 'set aside'
  everything >"$RUN/notes/after.txt"
  diff "$RUN/notes/before.txt" "$RUN/notes/after.txt"
}

test_an_upgrade_restores_in_place() {
  "$LAB/seed" second
  "$LAB/check" --record "$RUN/notes/second.record"
  upgrade --yes -o json | tee "$RUN/notes/report.json"
  jq -e '.phase == "restored" and .backupAgeSeconds > 0' "$RUN/notes/report.json"
  "$LAB/check" "$LAB_RECORD"
  fails_with 'was restored here before' upgrade --yes
}

test_undo_gives_back_what_was_there() {
  fails_with 'no terminal' hwdr undo hopsworks
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
  hwdr history hopsworks | grep 'undo-fence is done'
}

test_helm_4_restores_in_place_too() {
  IN_PLACE_HELM=4 upgrade --yes
  "$LAB/check" "$LAB_RECORD"
}
