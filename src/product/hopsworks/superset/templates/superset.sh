#!/bin/bash
# superset.sh look|known|begin|fetch|reload|end: restores a dump of Superset's database, or looks whether it can be.
#   look    whether the dump is as its manifest says, and made with this cluster's key
#   known   whether Superset's image knows the schema of the dump that "look" has read: in that image
#   begin   sets the fence, and waits until nothing uses the database
#   fetch   brings the dump, and waits for the key that it was made with
#   reload  loads it: in MySQL's image
#   end     clears the fence
set -euo pipefail

AUDIT=superset-restore-audit
KEEP=50
# How long the key may be on its way: Velero brings it back.
KEY_SECONDS=1800
backup=source:${BUCKET:-}/${BACKUP_PREFIX:-}/$BACKUP_ID

fail() {
  echo "superset: $*" >&2
  [ "$stage" != fetch ] || note "failed: $*" || true
  exit 1
}

# By its own limits rclone waits for a server that hangs as long as it may.
call() {
  local status=0
  timeout "${CALL_SECONDS:-0}" rclone "$@" || status=$?
  [ $status != 124 ] || echo "superset: rclone $1 has no answer within $CALL_SECONDS s" >&2
  return $status
}

# A bucket that is gone for a minute is no failed restore.
patiently() {
  local until=$((SECONDS + ${PATIENCE:-120}))
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 5
  done
}

# Brings both files of the backup, and compares the dump with the manifest. Its fields are the chart's own and not documented: what is found by its name
# and its form counts.
bring() {
  local file
  mkdir -p /work/backup
  for file in manifest.json superset.sql.gz; do
    patiently call copy --checksum --include "/$file" "$backup" /work/backup || fail "$backup/$file cannot be read"
    [ -s "/work/backup/$file" ] || fail "$backup/$file is missing or empty: is $BACKUP_ID the right id?"
  done
  jq -e 'type == "object"' /work/backup/manifest.json >/dev/null 2>&1 || fail "$backup/manifest.json is not a JSON object"
  jq -c '[paths(scalars) as $path | {name: ($path | map(tostring) | join(".") | ascii_downcase), value: (getpath($path) | tostring)}]' \
    /work/backup/manifest.json >/work/fields
  local sum size
  sum=$(sha256sum /work/backup/superset.sql.gz) && sum=${sum%% *}
  size=$(stat -c %s /work/backup/superset.sql.gz)
  same 'sha256|checksum|digest' 'key|secret|fingerprint' '^(sha256:)?[0-9a-f]{64}$' "$sum" "SHA-256"
  same 'size|bytes|length' 'limit' '^[0-9]+$' "$size" "size"
  same '(^|[.])(backup_?)?id$' 'key|secret' '^[0-9]{14}-[0-9]+$' "$BACKUP_ID" "id"
  gzip -t /work/backup/superset.sql.gz 2>/dev/null || fail "$backup/superset.sql.gz is damaged: gzip cannot read all of it"
  # mysqldump's own last line: without it, the dump was cut off before it was compressed; or it has no comments at all, and nothing says where it ends.
  whole=
  gzip -dc /work/backup/superset.sql.gz | tail -n 5 | grep -q '^-- Dump completed' ||
    { ! gzip -dc /work/backup/superset.sql.gz | head -n 5 | grep -q '^--' && whole=", but nothing in it says that it is whole"; } ||
    fail "$backup/superset.sql.gz is cut short: its last line is not that of a whole dump"
  revision=$(gzip -dc /work/backup/superset.sql.gz |
    sed -n "s/^INSERT INTO \`alembic_version\`[^']*('\([0-9a-f]\{8,40\}\)').*/\1/p" | head -n 1) || true
  [ -n "$revision" ] || fail "$backup/superset.sql.gz names no version of Superset's schema (alembic_version): it is not a dump of Superset's database"
}

# The values of the manifest's fields whose names and values have these forms.
fields() { # NAME NOT FORM
  jq -r --arg name "$1" --arg other "$2" --arg form "$3" '.[] | select(.name | test($name) and (test($other) | not)) | .value
    | ascii_downcase | select(test($form)) | sub("^sha256:"; "")' /work/fields
}

# Fails if the manifest has such a field, and none of them has the value.
same() { # NAME NOT FORM VALUE WHAT
  local found
  found=$(fields "$1" "$2" "$3")
  [ -z "$found" ] && return
  grep -qxF "$4" <<<"$found" || fail "$backup/superset.sql.gz is not what its manifest describes: $5 $4, and the manifest says $(head -n 1 <<<"$found")"
}

# What the manifest says of the key that the backup was made with.
fingerprint() { fields 'fingerprint|key.*(sha256|hash|digest)' '^$' '.' | head -n 1; }

# Whether a key has a fingerprint: its SHA-256, whole or the beginning of it, of the key or of what Kubernetes keeps of it.
is_of() { # FINGERPRINT KEY
  local form
  for form in "$(printf %s "$2")" "$(printf %s "$2" | base64 | tr -d '\n')"; do
    [[ $(printf %s "$form" | sha256sum) == "$1"* || $(printf '%s\n' "$form" | sha256sum) == "$1"* ]] && return
  done
  return 1
}

# What the Velero backup that brings Superset's key back has: "same" or "other" than the key with this fingerprint; nothing if it cannot be read.
archived() { # FINGERPRINT
  local key
  [ -n "${VELERO_ARCHIVE:-}" ] || return 0
  key=$(call cat "source:$VELERO_ARCHIVE" | tar -xzO "resources/secrets/namespaces/$NAMESPACE/$KEY_SECRET.json" 2>/dev/null |
    jq -r '.data["secret-key"] // empty | @base64d') || return 0
  [ -n "$key" ] || return 0
  if is_of "$1" "$key"; then echo same; else echo other; fi
}

# An entry of the audit trail, of which the newest are kept.
note() { # WHAT
  local entry now
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  entry=$(jq -cn --arg time "$now" --arg id "$BACKUP_ID" --arg who "$INITIATED_BY" --arg what "$1" \
    '{time: $time, backupId: $id, initiatedBy: $who, event: $what}')
  kubectl get configmap "$AUDIT" >/dev/null 2>&1 || make_audit
  kubectl get configmap "$AUDIT" -o json >/work/audit
  jq -c --arg key "h-$(date -u +%Y%m%d%H%M%S%N)" --arg entry "$entry" --argjson keep "$KEEP" '
    (.data // {} | keys | map(select(startswith("h-"))) | sort) as $old
    | {data: ({($key): $entry} + ($old[:([($old | length) - $keep + 1, 0] | max)] | map({(.): null}) | add // {}))}' /work/audit >/work/patch
  kubectl patch configmap "$AUDIT" --type merge --patch-file /work/patch >/dev/null
}

# Makes the ConfigMap as the chart would, for a chart that restores by itself later takes it over: Helm asks whose it is.
make_audit() {
  local helm
  helm=$(kubectl get jobs --field-selector "metadata.name=superset-restore-$BACKUP_ID" -o json | jq -c --arg name "$AUDIT" '
    .items[0].metadata | {apiVersion: "v1", kind: "ConfigMap", metadata: {name: $name,
      labels: {"backup.hops.works/include": "true", "app.kubernetes.io/managed-by": "Helm"},
      annotations: ({"helm.sh/resource-policy": "keep"} + (.annotations // {} | with_entries(select(.key | startswith("meta.helm.sh/")))))}}')
  kubectl create -f - >/dev/null <<<"$helm"
}

# Pods of Superset that have not ended, and are not held by hwdr's gate.
running() {
  kubectl get pods -o json >/work/pods
  jq -r --arg apps "$APPS" '.items[] | select(.metadata.labels.app | IN($apps | split(" ")[]))
    | select(.status.phase | IN("Succeeded", "Failed") | not)
    | select([.status.initContainerStatuses[]? | select(.name == "hwdr-gate" and .state.terminated == null)] == []) | .metadata.name' /work/pods
}

stage=$1
case $stage in
  look)
    # The other container waits for what this one finds.
    trap '[ -s /work/revision ] || echo - >/work/revision' EXIT
    bring
    print=$(fingerprint)
    said="Superset's backup $BACKUP_ID can be read: $(stat -c %s /work/backup/superset.sql.gz) bytes, schema $revision$whole"
    echo "$revision" >/work/revision
    if [[ ! $print =~ ^[0-9a-f]{12,64}$ ]]; then
      echo "WARNING: $said. With which key it was made cannot be compared: the manifest has no SHA-256 of it" >/dev/termination-log
    elif [ -z "${SUPERSET_SECRET_KEY:-}" ]; then
      echo "WARNING: $said. With which key it was made cannot be compared: this cluster has no Secret $KEY_SECRET, or no secret-key in it" >/dev/termination-log
    elif is_of "$print" "$SUPERSET_SECRET_KEY"; then
      echo "$said, made with this cluster's key" >/dev/termination-log
    elif [ "$KEY_IS_RESTORED" = true ]; then
      case $(archived "$print") in
        same) echo "$said, made with the key that Velero brings back" >/dev/termination-log ;;
        other)
          fail "Superset's backup $BACKUP_ID was made with another key (Secret $KEY_SECRET) than this cluster has, and than $VELERO_ARCHIVE" \
            "brings back: the passwords of all connections would be lost. Choose a Velero backup or a backup of Superset of another time"
          ;;
        *) echo "WARNING: $said. It was made with another key than this cluster has: the Velero backup must bring that one back" >/dev/termination-log ;;
      esac
    else
      fail "Superset's backup $BACKUP_ID was made with another key than this cluster has (Secret $KEY_SECRET has changed since): the" \
        "passwords of all connections would be lost. Bring that Secret back first, from a Velero backup of that time"
    fi
    ;;
  known)
    for ((i = 0; i < 600; i++)); do
      [ ! -s /work/revision ] || break
      sleep 1
    done
    revision=$(cat /work/revision 2>/dev/null) || revision=-
    # The other container says why.
    [[ $revision =~ ^[0-9a-f]+$ ]] || exit 0
    versions=$(python -c 'import importlib.util as u; print(u.find_spec("superset").submodule_search_locations[0] + "/migrations/versions")' 2>/dev/null) || versions=
    if [ ! -d "$versions" ]; then
      echo "WARNING: whether Superset knows schema $revision of backup $BACKUP_ID is not known: $IMAGE has no migrations where they are looked for" >/dev/termination-log
    elif grep -qsE "^revision(: str)? = [\"']${revision}[\"']" "$versions"/*.py; then
      echo "Superset's image knows schema $revision of backup $BACKUP_ID" >/dev/termination-log
    else
      fail "$IMAGE does not know schema $revision: backup $BACKUP_ID was made by a newer Superset, whose database cannot be brought down to this" \
        "one. Use the chart's version that made the backup"
    fi
    ;;
  begin)
    note "begins, by hwdr"
    kubectl patch configmap "$AUDIT" --type merge -p "{\"data\": {\"inProgress\": \"$BACKUP_ID\"}}" >/dev/null
    # Helm starts the chart's init Job behind all else: nothing must come for a while.
    quiet=0
    until ((quiet == 10)); do
      [ -z "$(running | tee /work/running)" ] && quiet=$((quiet + 1)) || quiet=0
      if ((SECONDS > 900)); then
        note "failed: pods use the database: $(tr '\n' ' ' </work/running)" || true
        fail "these pods still use Superset's database after $SECONDS s: $(tr '\n' ' ' </work/running). Stop them: kubectl scale deployment NAME --replicas 0"
      fi
      sleep 3
    done
    note "the pods are gone"
    ;;
  fetch)
    bring
    note "the manifest is verified"
    print=$(fingerprint)
    if [[ $print =~ ^[0-9a-f]{12,64}$ ]]; then
      until [ -f /key/secret-key ] && is_of "$print" "$(cat /key/secret-key)"; do
        ((SECONDS < KEY_SECONDS)) || fail "Secret $KEY_SECRET is not the one that backup $BACKUP_ID was made with, after $SECONDS s; the database is as it was"
        sleep 5
      done
    fi
    ;;
  reload)
    export MYSQL_PWD=${MYSQL_PASSWORD:-${MYSQL_ROOT_PASSWORD:-}}
    # What lies in the bucket is SQL: nothing in it is a command of the client, or a file of this pod.
    sql() { mysql --no-defaults --binary-mode --local-infile=0 --host "$MYSQL_HOST" --user "$MYSQL_LOGIN" --default-character-set utf8mb4 "$@"; }
    until sql -e 'SELECT 1' >/dev/null 2>/work/error; do
      ((SECONDS < 900)) || fail "MySQL at $MYSQL_HOST does not answer: $(tail -n 1 /work/error)"
      sleep 3
    done
    # What the dump does not know must not stay.
    sql -e "DROP DATABASE IF EXISTS \`$DATABASE\`; CREATE DATABASE \`$DATABASE\` CHARACTER SET utf8mb4"
    # Transactions of the server that was dumped are none of this one's, which may have had them itself; and its logs are not the user's business.
    gzip -dc /work/backup/superset.sql.gz | sed -e '/^SET @@GLOBAL.GTID_PURGED/{:a;/;$/!{N;ba};d}' -e '/^SET @@SESSION.SQL_LOG_BIN/d' | sql "$DATABASE"
    echo "Superset's database is reloaded from backup $BACKUP_ID: $(sql -N -e "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '$DATABASE'") tables" |
      tee /dev/termination-log
    ;;
  end)
    kubectl patch configmap "$AUDIT" --type merge -p '{"data": {"inProgress": null}}' >/dev/null
    note "the database is reloaded"
    ;;
esac
