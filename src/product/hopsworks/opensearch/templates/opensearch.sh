#!/bin/bash
# opensearch.sh [look]: restores one snapshot, or looks whether it is there. The answer's own count of failed shards decides, not its
# HTTP status, which is 200 all the same.
set -euo pipefail

# Credentials by file: a command line can be read by others. In base64, for there a password that has quotes or line breaks would be
# settings of curl's own (curl.se/docs/manpage.html, "--config").
credentials=/work/curl
login=$(printf '%s:%s' "${OPENSEARCH_USER:-admin}" "${OPENSEARCH_PASSWORD:-}" | base64 | tr -d '\n')
(umask 077 && printf 'header = "Authorization: Basic %s"\n' "$login" >"$credentials")
unset login OPENSEARCH_PASSWORD

# Whose certificate is taken: that of the chart's CA, where it has one and the values do not say that nothing is checked.
trust=(--insecure)
[ -z "${OPENSEARCH_CA:-}" ] || trust=(--cacert "$OPENSEARCH_CA")

# Nothing of what is sent or asked for means anything to curl: no settings of the home folder, no ranges in the address, no files as bodies.
call() { # METHOD PATH [BODY]
  curl --disable --globoff --silent --show-error "${trust[@]}" --config "$credentials" --connect-timeout 30 --max-time "$RESTORE_SECONDS" \
    --request "$1" --url "$OPENSEARCH_URL/$2" ${3:+--header 'Content-Type: application/json' --data-raw "$3"}
}

fail() {
  echo "opensearch: $*" >&2
  exit 1
}

# A name as a part of an address.
path() { jq -rn --arg name "$1" '$name | @uri'; }

# Fails where the server is not who it says it is: another try does not change that, and the password is not sent.
known() {
  local status=0
  call GET "" >/dev/null 2>/work/error || status=$?
  # 60: the certificate is not signed by this CA, or not for this name; 77: there is no CA in the file (curl.se/docs/manpage.html, "EXIT CODES").
  case $status in
    60 | 77)
      fail "the certificate of $OPENSEARCH_URL cannot be checked by the chart's CA ($OPENSEARCH_CA_FROM): $(head -n 1 /work/error)." \
        "Renew the certificate for that name, or correct the CA; nothing was sent"$'\n'"Where neither can be done:" \
        "hwdr.opensearch.insecureSkipTLSVerify: true in the values restores without the check, and then whoever controls the network" \
        "between pods can take OpenSearch's password"
      ;;
  esac
}

# Fails unless the snapshot that was found is one to restore from.
good() {
  local state index
  state=$(jq -r '.snapshots[0].state // empty' <<<"$found")
  [ "$state" = SUCCESS ] || fail "snapshot $SNAPSHOT of repository $REPOSITORY: ${state:-$(jq -c '.error.reason // .' <<<"$found")}"

  # Every Hopsworks has these, and is no good without; whoever leaves them out by the payload knows that.
  for index in $MANDATORY_INDICES; do
    case ",$INDICES," in *",-$index,"*) continue ;; esac
    jq -e --arg index "$index" '.snapshots[0].indices | index($index)' <<<"$found" >/dev/null ||
      fail "snapshot $SNAPSHOT does not hold the index $index, which Hopsworks needs: take another, or set payload.indices to \"-$index\""
  done
}

known
if [ "${1:-}" = look ]; then
  # OpenSearch may be what is broken: only what it knows of the snapshot is a reason against it.
  found=$(call GET "_snapshot/$REPOSITORY/$SNAPSHOT" 2>/work/error) || true
  if ! jq -e '.snapshots[0].state // (.error.type == "snapshot_missing_exception" | select(.))' <<<"${found:-null}" >/dev/null 2>&1; then
    why=$(jq -re '.error.reason' <<<"$found" 2>/dev/null) || why=${found:-$(</work/error)}
    echo "WARNING: whether OpenSearch's snapshot $SNAPSHOT is there is not known: ${why:0:200}" >/dev/termination-log
    exit
  fi
  good
  echo "OpenSearch's snapshot $SNAPSHOT is there: $(jq -r '.snapshots[0].indices | length' <<<"$found") indices" >/dev/termination-log
  exit
fi

until call GET "_cluster/health?wait_for_status=yellow&timeout=30s" 2>/work/error | jq -e '.status == "yellow" or .status == "green"' >/dev/null 2>&1; do
  ((SECONDS < START_SECONDS)) || fail "no healthy answer from $OPENSEARCH_URL within $START_SECONDS s: $(tail -n 1 /work/error)"
  known
  sleep 2
done

# A new cluster does not know the repository yet; the chart says what it is.
if [ -f "/repositories/$REPOSITORY.json" ]; then
  registered=$(call PUT "_snapshot/$REPOSITORY" "$(cat "/repositories/$REPOSITORY.json")")
  jq -e '.acknowledged' <<<"$registered" >/dev/null || fail "repository $REPOSITORY is refused: $(jq -c '.error.reason // .' <<<"$registered")"
fi

found=$(call GET "_snapshot/$REPOSITORY/$SNAPSHOT")
good

body=$(jq -n --argjson payload "$PAYLOAD" '{include_global_state: false} + $payload')

# An open index of the same name would refuse the whole restore. Closing one deletes nothing.
# What is closed and then not restored (the payload leaves it out, or the restore is refused) is opened again.
closed=()
reopen() {
  local index
  for index in "${closed[@]}"; do
    call POST "$(path "$index")/_open" >/dev/null || echo "opensearch: index $index is closed, and could not be opened again" >&2
  done
}
trap reopen EXIT
mapfile -t present < <(call GET "_cat/indices?h=index,status&expand_wildcards=all" | awk '$2 == "open" {print $1}')
for index in "${present[@]}"; do
  if jq -e --arg index "$index" '.snapshots[0].indices | index($index)' <<<"$found" >/dev/null; then
    echo "opensearch: closing $index, which the snapshot replaces"
    call POST "$(path "$index")/_close" | jq -e '.acknowledged' >/dev/null || fail "index $index cannot be closed"
    closed+=("$index")
  fi
done

answer=$(call POST "_snapshot/$REPOSITORY/$SNAPSHOT/_restore?wait_for_completion=true" "$body")
failed=$(jq -r '.snapshot.shards.failed // "unknown"' <<<"$answer")
[ "$failed" = 0 ] || fail "snapshot $SNAPSHOT: $failed shards failed: $(jq -c '.error.reason // .snapshot' <<<"$answer")"

# A restored index is of use only once its primaries are up; the payload may have left out some.
mapfile -t restored < <(jq -r '.snapshot.indices[]' <<<"$answer")
mapfile -t closed < <(comm -23 <(printf '%s\n' "${closed[@]}" | sort) <(printf '%s\n' "${restored[@]}" | sort) | grep . || true)
[ "${#restored[@]}" -gt 0 ] || fail "snapshot $SNAPSHOT: no index was restored by the payload's indices '$INDICES'"
for index in "${restored[@]}"; do
  until call GET "_cluster/health/$(path "$index")?wait_for_status=yellow&timeout=30s" | jq -e '.status != "red" and .timed_out == false' >/dev/null; do
    ((SECONDS < RESTORE_SECONDS)) || fail "index $index has no primary shards after $SECONDS s: GET _cluster/allocation/explain says why"
  done
done
# A snapshot does not say how many documents it holds, but which files each shard has: as many have to have been copied, or been there. It says
# more than OpenSearch's own count of shards and decides nothing. A shard that has moved to another node since has no record of it any more.
compared="what was copied could not be compared with the snapshot"
if call GET "_snapshot/$REPOSITORY/$SNAPSHOT/_status" >/work/taken && call GET _recovery >/work/recovered; then
  shards=$(jq -rn --slurpfile taken /work/taken --slurpfile recovered /work/recovered --arg repository "$REPOSITORY" --arg snapshot "$SNAPSHOT" '
    $recovered[0][].shards[] | select(.primary and .type == "SNAPSHOT")
    | select(.source.repository == $repository and .source.snapshot == $snapshot)
    | .source.index as $index | "\(.id)" as $shard
    | ($taken[0].snapshots[0].indices[$index].shards[$shard].stats.total // empty | [.file_count, .size_in_bytes]) as $whole
    | select($whole[0] > 0)
    | [.index.files.recovered + .index.files.reused, .index.size.recovered_in_bytes + .index.size.reused_in_bytes] as $now
    | if .stage == "DONE" and $now == $whole then "whole"
      else "shard \($shard) of \($index) is \(.stage) with \($now[0]) files, \($now[1]) bytes of \($whole[0]), \($whole[1])" end') || shards=
  if [ -n "$shards" ]; then
    compared="$(grep -cx whole <<<"$shards" || true) of $(jq .snapshot.shards.total <<<"$answer") shards are known to have all files and bytes"
    if different=$(grep -vx whole <<<"$shards"); then
      echo "opensearch: $different" >&2
      compared+=", and $(head -n 1 <<<"$different")"
    fi
  fi
fi
documents=$(call GET "_cat/indices?format=json&h=index,docs.count&expand_wildcards=all" |
  jq --argjson restored "$(jq '.snapshot.indices' <<<"$answer")" '[.[] | select(.index | IN($restored[])) | .["docs.count"] | tonumber? // 0] | add // 0') ||
  documents="an unknown number of"
echo "snapshot $SNAPSHOT is restored: $(jq -r '"\(.snapshot.indices | length) indices, \(.snapshot.shards.successful) shards"' <<<"$answer")," \
  "$documents documents; $compared" | tee /dev/termination-log
