#!/bin/bash
pid=$(cat /srv/hops/kafka/logs/kafka.pid 2>/dev/null) || exit 0
kill "$pid" 2>/dev/null || exit 0
for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || exit 0; sleep 0.2; done
kill -9 "$pid"
