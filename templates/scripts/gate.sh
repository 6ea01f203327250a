#!/bin/bash
# gate.sh JOB...: waits until every Job is complete. Fails as soon as one has failed, so that what waits behind it never
# starts on half-restored data, when GATE_SECONDS are over, and where a Job is older than this restore: markers
# outlive their release, Helm takes such a Job as its own, and it would not run again. Those in ANY_AGE restore nothing, and may be older.
set -euo pipefail

# So much earlier than the scripts Helm may have made the chart's own Jobs.
EARLIER=1800
deadline=$((SECONDS + GATE_SECONDS))

# When this restore began: Helm makes the scripts before any Job of hwdr's (though behind the chart's own), and they do not outlive
# the release.
born=
while [ -z "$born" ]; do
  ((SECONDS < deadline)) || { echo "gate: ConfigMap $SCRIPTS cannot be read" >&2; exit 1; }
  born=$(kubectl get configmap "$SCRIPTS" -o 'jsonpath={.metadata.creationTimestamp}') || sleep 2
done
earliest=$(date -u -d "@$(($(date -d "$born" +%s) - EARLIER))" +%Y-%m-%dT%H:%M:%SZ)

# One line for each state of the Job: when it was made, "/" and the restore if it is hwdr's, and the conditions that are true. Asked for by its name alone,
# kubectl watches from later than what it has shown, and passes over what came in between (kubectl, pkg/cmd/get/get.go, `watch`).
watch_job() { # JOB SECONDS
  timeout "$2" kubectl get jobs --field-selector "metadata.name=$1" --watch \
    -o 'jsonpath={.metadata.creationTimestamp}/{.metadata.labels.hwdr\.hopsworks\.ai/restore-id} {range .status.conditions[?(@.status=="True")]}{.type}={.reason} {end}{"\n"}'
}

wait_for() { # JOB
  local job=$1 conditions made since last=nothing said='' limit
  while ((SECONDS < deadline)); do
    # A connection that has died in silence is made again.
    limit=$((deadline - SECONDS < 60 ? deadline - SECONDS : 60))
    while read -r conditions; do
      last=$conditions
      # Times as Kubernetes writes them are in order as texts.
      made=${conditions%% *}
      since=$born
      [[ $made == */?* ]] || since=$earliest
      if [[ " ${ANY_AGE:-} " != *" $job "* && $made == ????-??-??T*/* && ${made%%/*} < $since ]]; then
        echo "gate: Job $job is left from an earlier restore (${made%%/*}, and this one began at $born), and has not restored" \
          "anything now. Delete it and its like, and run helm again: kubectl delete job $job" >&2
        return 1
      fi
      case $conditions in
        *Failed=*)
          echo "gate: Job $job has failed ($conditions). See: kubectl logs job/$job --all-containers" >&2
          return 1
          ;;
        *Complete=*)
          echo "gate: Job $job is complete"
          return 0
          ;;
      esac
    done < <(watch_job "$job" "$limit" 2>&1 || true)
    # The watch ended: its time was over, or the API server went away for a moment.
    [ "$last" = "$said" ] || echo "gate: still waiting for Job $job ($last)"
    said=$last
    sleep 2
  done
  echo "gate: Job $job was not complete after $GATE_SECONDS s. See: kubectl describe job/$job" >&2
  return 1
}

for job; do
  wait_for "$job"
done
