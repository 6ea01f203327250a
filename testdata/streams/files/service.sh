#!/bin/sh
# Stands for a service of Streams. In an image that has streams-app (lab/apps), it is that program, which uses both servers; elsewhere it says
# which it would use, and waits.
set -eu
if command -v streams-app >/dev/null 2>&1; then exec streams-app; fi
echo "$COMPONENT: database $DATABASE_HOST:$DATABASE_PORT, Kafka $KAFKA_BOOTSTRAP_SERVERS ($KAFKA_PROTOCOL)"
touch /tmp/ready
trap 'exit 0' TERM INT
while :; do
  sleep 3600 &
  wait $!
done
