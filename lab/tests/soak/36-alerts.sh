# shellcheck shell=bash
# hwdr monitor in the cluster, by its own manifests, and a real Prometheus that scrapes it: each alert fires and resolves.
id_of() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }
hwdr() { HELM_NAMESPACE=$NS timeout 60 "$HWDR" "$@"; }

dir=$RUN/notes/monitor
prometheus=127.0.0.1:19090

# ask QUERY: the result, as JSON.
ask() { curl -sS --fail-with-body --max-time 10 "http://$prometheus/api/v1/query" --data-urlencode "query=$1"; }

# firing: the alerts that fire, one a line, each with its service.
firing() {
  ask 'count by (alertname, service) (ALERTS{alertstate="firing"})' | jq -r '.data.result[].metric | "\(.alertname) \(.service // "-")"' | sort
}

# fires ALERT…: these fire, and no others. Several are one argument each: "NAME SERVICE".
fires() {
  is_so() { [ "$(firing)" = "$wanted" ]; }
  local wanted
  wanted=$(printf '%s\n' "$@" | sort)
  wait_for 100 "firing: $* (now: $(firing | paste -sd ,))" "$dir/prometheus.log" is_so
}
is_quiet() { fires ''; }

manifests() { hwdr monitor --manifests --image "$IMAGE_HWDR"; }

monitor_runs() {
  manifests | kubectl apply -f -
  kubectl -n "$NS" rollout status deployment/hwdr-monitor --timeout=120s
}

# Prometheus, with the rules as they are printed but for their times: nobody waits for a quarter of an hour.
prometheus_runs() {
  debian prometheus
  mkdir -p "$dir"
  rm -rf "$dir/data"
  target=$(kubectl -n "$NS" get service hwdr-monitor -o jsonpath='{.spec.clusterIP}'):9713
  hwdr monitor --alerts | sed -E 's/( for:) .*/\1 2s/; s/> 900$/> 40/' >"$dir/rules.yaml"
  cat >"$dir/prometheus.yaml" <<YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [$dir/rules.yaml]
scrape_configs:
  - job_name: hwdr
    honor_labels: true
    static_configs: [{targets: ["$target"]}]
YAML
  prometheus --config.file="$dir/prometheus.yaml" --storage.tsdb.path="$dir/data" --web.listen-address=$prometheus >"$dir/prometheus.log" 2>&1 &
  prometheus_pid=$!
  wait_for 30 Prometheus "$dir/prometheus.log" curl -sS --fail "http://$prometheus/-/ready"
}

# with SERVICE DATA: a service's records are these, which are JSON.
with() {
  jq --argjson data "$2" 'del(.metadata.resourceVersion) | .data = $data' "$dir/$1.json" | kubectl replace -f -
}
# as_it_was SERVICE: they are the saved ones.
as_it_was() { jq 'del(.metadata.resourceVersion)' "$dir/$1.json" | kubectl replace -f -; }
saved() { kubectl -n "$NS" get configmap "$1-backups-metadata" -o json >"$dir/$1.json"; }
# record AGO: one good backup of that time.
record() {
  local at
  at=$(date -u -d "$1" +%Y-%m-%dT%H:%M:00Z)
  jq -cn --arg id "$(date -u -d "$at" +%y%V%u%H%M)" --arg at "$at" \
    '{($id): ({state: "SUCCESS", start_time: $at, end_time: $at, duration_ms: 1000, path: "p"} | tojson)}'
}

# clean_up: whatever a test has left half-way.
clean_up() {
  set +e
  [ -z "${prometheus_pid:-}" ] || kill "$prometheus_pid"
  "$LAB/fault" resume apiserver
  "$LAB/fault" bucket ok
  kubectl -n "$NS" patch cronjob create-backup -p '{"spec": {"suspend": false}}'
  kubectl -n velero patch schedule k8s-backups-main --type merge -p '{"spec": {"paused": false}}'
  kubectl -n velero patch backupstoragelocation hopsworks-bsl --type merge -p '{"spec": {"validationFrequency": null}}'
  kubectl -n "$NS" delete --ignore-not-found job fails
  for service in rondb opensearch; do [ ! -f "$dir/$service.json" ] || as_it_was $service; done
  manifests | kubectl delete --ignore-not-found -f -
  rm -rf "$dir"
}

test_each_alert_fires_and_resolves() {
  trap clean_up EXIT
  mkdir -p "$dir"
  saved rondb
  saved opensearch
  monitor_runs
  prometheus_runs
  is_scraped() { ask hwdr_look_timestamp_seconds | jq -e '.data.result | length == 1'; }
  wait_for 60 "metrics" "$dir/prometheus.log" is_scraped
  is_quiet
  # What it serves is what status prints, but for times.
  diff <(curl -sS "http://$target/metrics" | grep -vE '^hwdr_(look_timestamp|backup_age)_seconds') \
    <(hwdr status -o prometheus | grep -vE '^hwdr_(look_timestamp|backup_age)_seconds')

  # Each query of the dashboard is answered. No alert fires, and nobody knows how large a backup is.
  hwdr monitor --dashboard | jq -r '.panels[].targets[].expr' | sed -E 's/\$(namespace|release)/.+/g' >"$dir/queries"
  while read -r query; do
    case $query in *ALERTS* | *size_bytes*) least=0 ;; *) least=1 ;; esac
    ask "$query" | jq -e --argjson least $least '.status == "success" and (.data.result | length >= $least)'
  done <"$dir/queries"

  # One after the other: that only the next one fires shows that the one before has resolved.
  kubectl -n "$NS" patch cronjob create-backup -p '{"spec": {"suspend": true}}'
  fires 'HwdrBackupDisabled rondb'
  kubectl -n "$NS" patch cronjob create-backup -p '{"spec": {"suspend": false}}'
  kubectl -n velero patch schedule k8s-backups-main --type merge -p '{"spec": {"paused": true}}'
  fires 'HwdrBackupDisabled objects/main'
  kubectl -n velero patch schedule k8s-backups-main --type merge -p '{"spec": {"paused": false}}'

  kubectl -n "$NS" create job --from=cronjob/create-backup fails --dry-run=client -o json |
    jq '.spec.backoffLimit = 0 | del(.spec.template.spec.initContainers) | .spec.template.spec.containers[0] |= (.command = ["/bin/false"] | del(.args))' | kubectl apply -f -
  fires 'HwdrBackupFailed rondb'
  kubectl -n "$NS" delete job fails

  # A backup from the future is a warning without an alert of its own.
  with rondb "$(jq -c --argjson more "$(record '+2 hours')" '.data + $more' "$dir/rondb.json")"
  fires 'HwdrBackupPartial rondb'
  with rondb "$(jq -c '.data + {(now | strftime("%y%V%u%H%M")): "{"}' "$dir/rondb.json")"
  fires 'HwdrBackupUnknown rondb'
  with rondb "$(record '-20 days')"
  fires 'HwdrBackupTooOld rondb'
  with rondb '{}'
  # And its Job is a run of which no record tells.
  fires 'HwdrBackupMissing rondb' 'HwdrBackupUnknown rondb'
  as_it_was rondb

  # The same runs under ids of another time.
  with opensearch "$(jq -c '[.data | to_entries | sort_by(.key) | .[].value] | to_entries
    | map({key: (now - 18000 + .key * 60 | strftime("%y%V%u%H%M")), value}) | from_entries' "$dir/opensearch.json")"
  fires 'HwdrBackupsApart -'
  as_it_was opensearch

  # It expires before the next one of a week.
  local newest expires
  newest=$(id_of main)
  expires=$(kubectl -n velero get backup "$newest" -o jsonpath='{.status.expiration}')
  kubectl -n velero patch backup "$newest" --type merge -p "{\"status\": {\"expiration\": \"$(date -u -d '+30 minutes' +%Y-%m-%dT%H:%M:%SZ)\"}}"
  fires 'HwdrBackupExpiresEarly objects/main'
  kubectl -n velero patch backup "$newest" --type merge -p "{\"status\": {\"expiration\": \"$expires\"}}"

  # Velero looks at its location more often.
  kubectl -n velero patch backupstoragelocation hopsworks-bsl --type merge -p '{"spec": {"validationFrequency": "1s"}}'
  "$LAB/fault" bucket 503
  fires 'HwdrBackupCritical objects/main' 'HwdrBackupCritical objects/users'
  "$LAB/fault" bucket ok

  kubectl -n "$NS" scale deployment hwdr-monitor --replicas=0
  fires 'HwdrMetricsAbsent -'
  kubectl -n "$NS" scale deployment hwdr-monitor --replicas=1
  is_quiet
  kubectl -n velero patch backupstoragelocation hopsworks-bsl --type merge -p '{"spec": {"validationFrequency": null}}'

  # The API server hangs: the metrics stay, and say so.
  "$LAB/fault" pause apiserver
  fires 'HwdrLookStale -'
  [ "$(curl -sS -o /dev/null -w '%{http_code}' "http://$target/healthz")" = 503 ]
  "$LAB/fault" resume apiserver
  is_quiet

  # As the first process of its container, too, it ends at the first signal.
  local began=$SECONDS
  kubectl -n "$NS" delete pod -l app.kubernetes.io/name=hwdr-monitor --grace-period=60 --wait
  ((SECONDS - began < 40))
}
