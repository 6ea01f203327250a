# shellcheck shell=bash
# RonDB's own chart in place of the test's: installed, backed up by its own CronJob, restored in place and into a new cluster, and undone:
# both if it cannot restore, so that hwdr's Jobs do it, and if it restores itself.
# shellcheck source=lab/tests/60-new-cluster.sh
. "$LAB/tests/60-new-cluster.sh"

LAB_VALUES=$CACHE/real/values.yaml
export LAB_VALUES
plain=$CACHE/real/plain native=$CACHE/real/native

# Whether the chart itself restores in place.
restores_in_place() { grep -q FORCE_INITIAL_START "$native/charts/rondb/charts/rondb/templates/ndbd.yaml"; }

# with CHART COMMAND…: runs it with that chart.
with() {
  export LAB_CHART=$1
  . "$LAB/client.sh"
  "${@:2}"
}

# Who restored RonDB. The rows are compared in both ways.
by_hwdr() { kubectl -n "$NS" get jobs -l hwdr.hopsworks.ai/restore-id -o name | grep hwdr-rondb-data; }
by_itself() { ! by_hwdr && kubectl -n "$NS" get jobs -o name | grep hwdr-rondb-rows; }

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

restores_in_place_by() { # CHART
  with "$1" upgrade --yes
  is_the_backup
  data_are_the_backups
}
undoes() {
  hwdr undo hopsworks --yes
  "$LAB/check" "$RUN/notes/second.record"
}
takes_a_backup() { "$LAB/backup"; }

restores_into_a_new_cluster_by() { # CHART
  local arguments
  "$LAB/up" --new-cluster
  with "$1" prepare_installation
  arguments=(hopsworks "${CHART[@]}" -f "$RUN/notes/restore.yaml" --credentials-env)
  hwdr install "${arguments[@]}" --yes
  "$LAB/check" "$LAB_RECORD"
}

test_it_is_installed_and_backs_itself_up() {
  "$LAB/real-chart" "$plain" --cannot-restore
  "$LAB/real-chart" "$native"
  cp "$LAB/real-values.yaml" "$LAB_VALUES"
  # Its data nodes leave the cluster one by one, and are killed if that takes longer than this.
  if restores_in_place; then sed -i 's/terminationGracePeriodSeconds: .*/terminationGracePeriodSeconds: 45/' "$LAB_VALUES"; fi
  "$LAB/down"
  "$LAB/up"
  with "$plain" "$LAB/install"
  "$LAB/seed" first
  "$LAB/check" --record "$LAB_RECORD"
  "$LAB/backup" >"$LAB_BACKUP"
  "$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$(note rondb)/" | grep users.sql
  write_more
  "$LAB/check" --record "$RUN/notes/second.record"
}

test_where_it_cannot_restore_hwdr_does_in_place() {
  restores_in_place_by "$plain"
  by_hwdr
  takes_a_backup
}
test_and_that_is_undone() {
  undoes
}

test_where_it_restores_itself_in_place_it_is_left_to_it() {
  restores_in_place || { say "it does not restore in place itself"; return 0; }
  restores_in_place_by "$native"
  by_itself
}
test_and_that_is_undone_too() {
  restores_in_place || return 0
  undoes
}

test_where_it_cannot_restore_hwdr_does_into_a_new_cluster() {
  restores_into_a_new_cluster_by "$plain"
  by_hwdr
  takes_a_backup
}

test_where_it_restores_itself_a_new_cluster_is_left_to_it() {
  restores_into_a_new_cluster_by "$native"
  by_itself
  takes_a_backup
}
