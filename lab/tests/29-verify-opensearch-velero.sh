# shellcheck shell=bash
# "hwdr backups verify" of OpenSearch's snapshot, Superset's dump and Velero's backups, as the real ones wrote them: fine as they are, and each kind of damage is
# found. All of it happens in a copy of the bucket.
COPY=verify-copy
id_of() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }

# objects: what is done to objects, with the lab's own client.
#   copy FROM TO PREFIX…; flip BUCKET KEY; cut BUCKET KEY; swap BUCKET KEY OTHER
objects() {
  python3 - "$LAB/s3" "$@" <<'PY'
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.SourceFileLoader("s3", sys.argv[1])
s3 = importlib.util.module_from_spec(importlib.util.spec_from_loader("s3", loader))
loader.exec_module(s3)
verb, *rest = sys.argv[2:]
get = lambda bucket, key: s3.call("GET", f"/{bucket}/{key}")
put = lambda bucket, key, body: s3.call("PUT", f"/{bucket}/{key}", body=body)
if verb == "copy":
    source, target, *prefixes = rest
    keys = []
    for prefix in prefixes:
        s3.listing(source, prefix, "list", lambda entry: keys.append(entry.findtext("Key")))
    for key in keys:
        put(target, key, get(source, key))
    print(len(keys), "objects")
else:
    bucket, key, *other = rest
    body = bytearray(get(bucket, key))
    if verb == "flip":
        body[len(body) // 2] ^= 1
    elif verb == "cut":
        del body[-1:]
    elif verb == "swap":
        body = get(bucket, other[0])
    put(bucket, key, bytes(body))
PY
}

# report [ARGUMENTS]: the verification of the copy, as JSON. Its exit code tells of all services; RonDB's files are not in the copy.
report() {
  AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY AWS_REGION=$S3_REGION timeout 120 "$HWDR" backups verify "$(id_of opensearch)" \
    --from-bucket --bucket "$COPY" --endpoint "$S3_ENDPOINT" --path-style -o json "$@" || [ $? -le 3 ]
}

# says SERVICE VERDICT WORDS [ARGUMENTS]: the report of that service, and words of one of its findings.
says() {
  local service=$1 verdict=$2 words=$3 part
  shift 3
  part=$(report "$@" | jq --arg service "$service" '.parts[] | select(.service == $service)')
  jq -c . <<<"$part"
  jq -e --arg verdict "$verdict" '.verdict == $verdict' <<<"$part"
  [ -z "$words" ] || jq -e --arg words "$words" '.findings | any(.what | contains($words))' <<<"$part"
}

key() { "$LAB/s3" list "$COPY" "$1" | awk '{print $1}' | grep -E "$2" | sed -n 1p; }

# damaged HOW KEY SERVICE VERDICT WORDS [ARGUMENTS]: damages an object, looks whether that is found, and takes it back. HOW is flip, cut, delete or swap:OTHER.
damaged() {
  local how=$1 key=$2
  case $how in
    delete) "$LAB/s3" delete "$COPY" "$key" ;;
    swap:*) objects swap "$COPY" "$key" "${how#swap:}" ;;
    *) objects "$how" "$COPY" "$key" ;;
  esac
  shift 2
  says "$@"
  objects copy "$HOPSFS_BUCKET" "$COPY" "$key"
}

test_opensearch_superset_and_velero_are_verified_and_each_damage_is_found() {
  local os=opensearch_backup velero=k8s_backup/backups main users uuid key names superset
  main=$(id_of main) users=$(id_of users) superset=superset_backup/$(id_of superset)
  "$LAB/s3" drop-bucket "$COPY" || true
  "$LAB/s3" make-bucket "$COPY"
  objects copy "$HOPSFS_BUCKET" "$COPY" "$os/" "$velero/$main/" "$velero/$users/" "$superset/"
  says opensearch fine "" --read-data 100%
  says superset fine ""
  # With the key that Superset's backup was made with, as its fingerprint shows.
  says objects fine ""

  uuid=$("$LAB/s3" get "$COPY" "$(key "$os/index-" "^$os/index-[0-9]+$")" | jq -r --arg id "$(id_of opensearch)" '.snapshots[] | select(.name == $id) | .uuid')
  damaged flip "$os/snap-$uuid.dat" opensearch damaged checksum
  key=$(key "$os/indices/" "/snap-$uuid.dat$")
  damaged cut "$key" opensearch damaged footer
  damaged "swap:$os/snap-$uuid.dat" "$key" opensearch unknown "cannot be understood"
  # Of this snapshot, whose list names it; names that begin with v are in the list itself.
  names=$("$LAB/s3" get "$COPY" "$key" | grep -aoE '__[A-Za-z0-9_-]{22}' | paste -sd '|')
  key=$(key "$(dirname "$key")/" "/($names)$")
  damaged delete "$key" opensearch missing "is not there"
  damaged cut "$key" opensearch damaged " bytes"
  # In the middle: length and footer are right.
  damaged flip "$key" opensearch fine ""
  damaged flip "$key" opensearch damaged checksum --read-data 100%

  key=$velero/$main/$main.tar.gz
  damaged flip "$key" objects damaged ""
  damaged cut "$key" objects damaged "ends early"
  damaged "swap:$velero/$users/$users.tar.gz" "$key" objects damaged "does not have"
  damaged delete "$key" objects missing "is not there"
  damaged "swap:$velero/$users/velero-backup.json" "$velero/$main/velero-backup.json" objects damaged "is of backup"
  damaged flip "$velero/$users/$users-resource-list.json.gz" objects damaged ""

  # A byte in the middle, the end, the file itself, and a file of another backup.
  key=$superset/superset.sql.gz
  damaged flip "$key" superset damaged ""
  damaged cut "$key" superset damaged "ends early"
  damaged delete "$key" superset missing "is not there"
  damaged "swap:$velero/$users/$users-resource-list.json.gz" "$key" superset damaged ""
  damaged "swap:$velero/$users/$users-resource-list.json.gz" "$superset/manifest.json" superset damaged "is no JSON"
  damaged delete "$superset/manifest.json" superset missing "is not there"

  says opensearch fine ""
  says superset fine ""
  says objects fine ""
  "$LAB/s3" drop-bucket "$COPY"
}
