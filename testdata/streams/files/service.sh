#!/bin/sh
# Stands for a service of Streams: it says which servers it would use, and waits. It uses neither.
set -eu
echo "$COMPONENT: database $DATABASE_HOST:$DATABASE_PORT, Kafka $KAFKA_BOOTSTRAP_SERVERS ($KAFKA_PROTOCOL)"
trap 'exit 0' TERM INT
while :; do
  sleep 3600 &
  wait $!
done
