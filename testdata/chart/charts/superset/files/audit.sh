# shellcheck shell=bash
# What a restore writes into ConfigMap superset-restore-audit: entries h-<time>, the newest 50, and the fence.
AUDIT=superset-restore-audit
kube() { kubectl -n "$NAMESPACE" "$@"; }

# audit <step> <message>
audit() {
  local entry old
  echo "$1: $2"
  entry=$(jq -cn --arg time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg id "$BACKUP_ID" --arg by "$INITIATED_BY" --arg step "$1" --arg message "$2" \
    '{time: $time, backupId: $id, initiatedBy: $by, step: $step, message: $message}')
  old=$(kube get configmap "$AUDIT" -o json | jq -c '[.data // {} | keys[] | select(startswith("h-"))] | sort | .[:-49]')
  kube patch configmap "$AUDIT" --type merge -p "$(jq -cn --arg key "h-$(date -u +%Y%m%dT%H%M%S.%3NZ)" --arg entry "$entry" --argjson old "$old" \
    '{data: (([$old[] | {key: ., value: null}] | from_entries) + {($key): $entry})}')" >/dev/null
}

# fence [<id>]: keeps backups from being made; without an id, no longer.
fence() {
  kube patch configmap "$AUDIT" --type merge -p "$(jq -cn --arg id "${1:-}" '{data: {inProgress: (if $id == "" then null else $id end)}}')" >/dev/null
}
