# shellcheck shell=bash
# Shared by scripts that work on the running cluster: kubectl, Helm, waiting for the chart. Sourced after lib.sh.
NS=hopsworks
export KUBECONFIG=$KUBECONFIG_FILE
PATH=$(part_dir kubernetes):$PATH
export PATH
holder >/dev/null || die "the lab is down: lab/up first"

helm_of() { # helm_of 3|4: the one that HELM3 or HELM4 names, or the project's own
  local override=HELM$1
  if [ -n "${!override:-}" ]; then
    echo "${!override}"
  else
    "$LAB/../scripts/tools" "helm$1" >&2
    echo "$("$LAB/../scripts/tools" --dir)/helm$1"
  fi
}
HELM=${LAB_HELM:-$(helm_of 3)}
# An operator's arguments for helm: the chart and its values. LAB_CHART names another chart, LAB_VALUES a further values file.
CHART=("${LAB_CHART:-$LAB/../testdata/chart}" -f "$LAB/../testdata/values/base.yaml" -f "$LAB/values.yaml" ${LAB_VALUES:+-f "$LAB_VALUES"})

prerequisites() {
  kubectl create namespace "$NS" --dry-run=client -o yaml | kubectl apply -f - >/dev/null
  kubectl -n "$NS" create secret generic aws-credentials --from-literal=access-key-id="$S3_ACCESS_KEY" \
    --from-literal=secret-access-key="$S3_SECRET_KEY" --dry-run=client -o yaml | kubectl apply -f - >/dev/null
}

# show_pods: the pods that are not ready, with events and last log lines; for the reader of a failure.
show_pods() {
  local pod
  {
    kubectl -n "$NS" get pods -o wide
    for pod in $(kubectl -n "$NS" get pods -o json |
      jq -r '.items[] | select(.status.phase != "Succeeded" and ([.status.conditions[]? | select(.type == "Ready" and .status == "True")] | length == 0)) | .metadata.name'); do
      echo "--- $pod"
      kubectl -n "$NS" get events --field-selector "involvedObject.name=$pod" --no-headers | tail -n 5
      kubectl -n "$NS" logs "$pod" --all-containers --tail=8 --prefix 2>&1 | tail -n 30
    done
  } >&2
}

# wait_ready [SECONDS]: every workload of the chart, and the application, which checks all data at its start.
wait_ready() {
  local limit=${1:-600} began=$SECONDS what
  # Superset's have the release's label, if it is there.
  for what in statefulset/mgmds statefulset/node-group-0 statefulset/mysqlds statefulset/opensearch statefulset/namenode \
    statefulset/datanode deployment/hopsworks-instance $(kubectl -n "$NS" get deployments -l release=hopsworks -o name); do
    kubectl -n "$NS" rollout status "$what" --timeout="$((limit - (SECONDS - began)))s" >/dev/null 2>&1 ||
      { show_pods; die "$what is not ready after $((SECONDS - began)) s"; }
  done
}

url() { echo "http://$(kubectl -n "$NS" get service "$1" -o jsonpath='{.spec.clusterIP}:{.spec.ports[0].port}')"; }

sql() { # sql [ARGUMENTS…]: as root, in the first MySQL server
  kubectl -n "$NS" exec -i mysqlds-0 -c mysqld -- bash -c 'export MYSQL_PWD=$MYSQL_ROOT_PASSWORD
    exec mysql --no-defaults --socket="$(find /srv/hops/mysql-cluster -name mysql.sock)" -uroot "$@"' - "$@"
}

superset_sql() { # superset_sql [ARGUMENTS…]: as root, in Superset's own MySQL and database
  kubectl -n "$NS" exec -i hopsworks-mysql-0 -c mysql -- bash -c 'export MYSQL_PWD=$MYSQL_ROOT_PASSWORD
    exec mysql --no-defaults --host=127.0.0.1 --user=root "$@" "$MYSQL_DATABASE"' - "$@"
}

fs() { # fs METHOD PATH [FILE]: HopsFS, by its name node
  curl -sS --fail-with-body --max-time 60 -X "$1" "$(url namenode)/fs$2" ${3:+--data-binary "@$3"}
}

# fails_with PATTERN COMMAND…: for tests: the command must fail with output that matches.
fails_with() {
  local pattern=$1 out
  shift
  if out=$("$@" 2>&1); then
    say "did not fail: $*"
    return 1
  fi
  grep -iE -- "$pattern" <<<"$out"
}
