# shellcheck shell=bash
# New clusters of another shape than the lost one. Each takes minutes, so they are part of "make soak".
# shellcheck source=lab/tests/60-new-cluster.sh
. "$LAB/tests/60-new-cluster.sh"

# hwdr_install ARGUMENTS…: through Helm 3, as in the file before.
hwdr_install() { restored_by "$(helm_of 3)" --post-renderer "$HWDR" --post-renderer-args post-render "$@"; }

# A chart that restores its services itself: its Jobs are adopted, and no others run.
test_a_chart_that_restores_itself_is_left_to_it() {
  "$LAB/up" --new-cluster
  restore_objects
  restore_values
  LAB_HELM=$(helm_of 3) "$LAB/install" -f "$RUN/notes/restore.yaml" --set global._hopsworks.testGeneration=native \
    --post-renderer "$HWDR" --post-renderer-args post-render
  all_but_superset
  [ "$(kubectl -n "$NS" get jobs -l hwdr.hopsworks.ai/restore-id -o name | wc -l)" = 0 ]
  kubectl -n "$NS" get configmap "hwdr-restore-$(note rondb)"
  kubectl -n "$NS" get job restore-native-backup -o json | jq -e '.spec.ttlSecondsAfterFinished == null and .status.succeeded == 1'
}

# OpenSearch's snapshot is from another minute than RonDB's backup, and there are twice as many data nodes as parts.
test_two_node_groups_and_an_id_for_each_service() {
  local later
  while later=$(date -u +%y%V%u%H%M) && [ "$later" = "$(note opensearch)" ]; do sleep 1; done
  kubectl -n "$NS" create job opensearch-later --from=cronjob/opensearch-backup-default-default
  kubectl -n "$NS" wait --for=condition=Complete job/opensearch-later --timeout=200s
  later=$(kubectl -n "$NS" get configmap opensearch-backups-metadata -o json | jq -r '.data | keys | max')
  [ "$later" != "$(note opensearch)" ]
  sed -i "s/^opensearch .*/opensearch $later/" "$LAB_BACKUP"
  "$LAB/up" --new-cluster
  restore_objects
  hwdr_install --set rondb.rondb.clusterSize.numNodeGroups=2
  [ "$(kubectl -n "$NS" get pods -l rondbService=ndbmtd -o name | wc -l)" = 4 ]
}
