#!/bin/sh
# helm test: the database and each server of Kafka answer on their ports.
set -eu
servers=$(echo "$DATABASE_HOST:$DATABASE_PORT,$KAFKA_BOOTSTRAP_SERVERS" | tr -d ' ' | tr ',' ' ')
answers() {
  if command -v nc >/dev/null 2>&1; then
    nc -z -w 10 "$1" "$2"
  else
    # shellcheck disable=SC2016 # the bash that is started expands them
    timeout 10 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2"
  fi
}
for server in $servers; do
  if answers "${server%:*}" "${server##*:}"; then
    echo "$server answers"
  else
    echo "$server does not answer within 10 s" >&2
    exit 1
  fi
done
