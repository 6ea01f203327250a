#!/bin/bash
# mysqld.sh <first node id>: a server of a StatefulSet. Its own data are thrown
# away with the pod; users come from the cluster (NDB_STORED_USER).
set -euo pipefail
number=${POD_NAME##*-}
node_id=$(($1 + number))
bash /scripts/wait_dns.sh
if [ ! -d /srv/hops/mysql-cluster/mysql/mysql ]; then
  mysqld --defaults-file=/etc/rondb/my.cnf --ndb-nodeid="$node_id" --initialize-insecure
fi
shift
exec mysqld --defaults-file=/etc/rondb/my.cnf --ndb-nodeid="$node_id" --server-id="$node_id" "$@"
