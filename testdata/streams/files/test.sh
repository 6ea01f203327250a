#!/bin/sh
# helm test: the database and each server of Kafka answer on their ports.
set -eu
servers=$(echo "$DATABASE_HOST:$DATABASE_PORT,$KAFKA_BOOTSTRAP_SERVERS" | tr -d ' ' | tr ',' ' ')
for server in $servers; do
  if nc -z -w 10 "${server%:*}" "${server##*:}"; then
    echo "$server answers"
  else
    echo "$server does not answer within 10 s" >&2
    exit 1
  fi
done
