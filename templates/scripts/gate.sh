#!/bin/bash
# gate.sh JOB...: waits until every Job is complete. Fails as soon as one has failed, so that what waits behind it never
# starts on half-restored data, and when GATE_SECONDS are over.
set -euo pipefail

deadline=$((SECONDS + GATE_SECONDS))

# One line for each state of the Job: the conditions that are true.
watch_job() { # JOB SECONDS
  timeout "$2" kubectl get job "$1" --watch \
    -o 'jsonpath={range .status.conditions[?(@.status=="True")]}{.type}={.reason} {end}{"\n"}'
}

wait_for() { # JOB
  local job=$1 conditions last=
  while ((SECONDS < deadline)); do
    while read -r conditions; do
      last=$conditions
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
    done < <(watch_job "$job" "$((deadline - SECONDS))" 2>&1 || true)
    # The watch ended: the Job is not there yet, or the API server went away for a moment.
    echo "gate: still waiting for Job $job ${last:+($last)}"
    sleep 2
  done
  echo "gate: Job $job was not complete after $GATE_SECONDS s. See: kubectl describe job/$job" >&2
  return 1
}

for job; do
  wait_for "$job"
done
