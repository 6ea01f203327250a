#!/bin/bash
# Starts the broker, which is its own controller, and waits until it answers.
set -euo pipefail
home=/srv/hops/kafka
export KAFKA_HOME=/opt/kafka
[ -e /srv/hopsworks-data/kafka/kafka-logs/meta.properties ] ||
  /opt/kafka/bin/java kafka.tools.StorageTool format --cluster-id="$(head -c 16 /dev/urandom | basenc --base64url | tr -d =)" -c "$home/config/server.properties"
setsid /opt/kafka/bin/java kafka.Kafka "$home/config/server.properties" >>"$home/logs/server.log" 2>&1 </dev/null &
echo $! >"$home/logs/kafka.pid"
for _ in $(seq 120); do
  kill -0 "$(cat "$home/logs/kafka.pid")" || exit 1
  ! (: </dev/tcp/127.0.0.1/9091) 2>/dev/null || exit 0
  sleep 0.5
done
exit 1
