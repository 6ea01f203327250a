#!/bin/bash
# No limit here: the startup probe of the data nodes has one.
until ndb_waiter --ndb-connectstring="$MGMD_HOST:1186" --timeout=30; do
  echo "The data nodes have not started yet"
  sleep 2
done
