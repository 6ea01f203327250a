#!/bin/bash
# Makes the topics that RonDB knows, with their partitions and replicas, except those that there are.
set -euo pipefail
[ $# = 0 ] || { echo "Usage: kafka-restore.sh" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "kafka-restore.sh: run this as super user" >&2; exit 1; }
home=/srv/hops/kafka
/srv/hops/mysql/bin/mysql --no-defaults -u root --skip-password -S /srv/hops/mysql-cluster/mysql.sock -B -N \
  -e "SELECT topic_name, num_partitions, num_replicas FROM hopsworks.project_topics" >/tmp/topics.csv
while read -r topic partitions replicas; do
  if [ "$partitions" = NULL ] || [ "$replicas" = NULL ]; then
    echo "Skipping creating topic: $topic as configuration is NULL"
    continue
  fi
  echo "Creating topic: $topic"
  "$home/bin/kafka-topics.sh" --bootstrap-server "$(hostname):9091" --command-config "$home/config/consumer.properties" \
    --topic "$topic" --replication-factor "$replicas" --partitions "$partitions" --if-not-exists --create </dev/null
done </tmp/topics.csv
