# shellcheck shell=bash
# MariaDB on RDS, restored on moto's server: by the crate (crates/hwdr-rds/tests/moto.rs, which starts one), and by "hwdr streams database".

moto() {
  "$LAB/../scripts/tools" moto_server
  HWDR_MOTO_SERVER=$("$LAB/../scripts/tools" --dir)/moto_server
  export HWDR_MOTO_SERVER AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab
}

test_rds_is_restored() {
  moto
  cd "$LAB/.."
  cargo test --locked --workspace --test moto
}

test_the_database_of_streams_is_restored_by_command() {
  local port=$((20000 + RANDOM % 10000)) values=$RUN/notes/streams.yaml pid
  moto
  "$HWDR_MOTO_SERVER" -H 127.0.0.1 -p "$port" >"$RUN/log/moto.log" 2>&1 &
  pid=$!
  # shellcheck disable=SC2064 # this one
  trap "kill $pid" EXIT
  wait_for 60 "moto's server" - curl -sS -o /dev/null "http://127.0.0.1:$port"
  amazon() { "$(dirname "$(readlink -f "$HWDR_MOTO_SERVER")")/python3" "$LAB/../crates/hwdr-rds/tests/moto.py" "http://127.0.0.1:$port" "$@"; }
  database() { "$HWDR" streams database "$1" -f "$values" "${@:2}"; }
  amazon make
  restores() { # FROM TARGET
    cat >"$values" <<YAML
hwdr:
  streams:
    mariadb: {region: eu-north-1, instance: events, endpointUrl: "http://127.0.0.1:$port"}
    restore: {mariadb: {snapshot: $1, instance: $2}}
YAML
  }
  restores before events-2
  fails_with 'there is no snapshot before' database restore --yes
  fails_with 'cannot ask without a terminal' database snapshot before
  database snapshot before --wait --yes | grep 'before can be restored (400 GiB)'
  database list | tee "$RUN/notes/snapshots.txt"
  grep -E '^before .* 400  available' "$RUN/notes/snapshots.txt"
  database list -o json | jq -e '.instance.status == "available" and ([.snapshots[].id] | index("before"))'

  database restore --dry-run | grep 'parameter group events-10-6'
  fails_with 'cannot ask without a terminal' database restore
  ! amazon show events-2 2>/dev/null || false
  database restore --yes | tee "$RUN/notes/restored.txt"
  grep -E 'Instance events-2 is available' "$RUN/notes/restored.txt"
  grep 'externalizedMariadb.host' "$RUN/notes/restored.txt"
  amazon show events-2 | jq -e '.DBParameterGroups[0].DBParameterGroupName == "events-10-6" and .MultiAZ and .DBSubnetGroup.DBSubnetGroupName == "private"'
  # It finds its own instance again, and takes nobody else's.
  database restore --yes | grep 'Instance events-2 is available'
  restores before other
  fails_with 'other' database restore --yes
  restores before events
  fails_with 'restore.mariadb.instance: names the instance that is used' database restore --yes
  restores before events-2
  amazon show events | jq -e '.DBInstanceStatus == "available"'
  database policy | jq -e '[.Statement[].Action] | flatten | all(startswith("rds:")) and all(contains("Delete") | not)'
  AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' AWS_EC2_METADATA_DISABLED=true fails_with 'credentials' database list
}
