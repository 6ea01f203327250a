#!/bin/bash
set -euo pipefail
bash /scripts/wait_dns.sh
mkdir -p /srv/hops/mysql-cluster/mgmd
# --reload takes over a changed config.ini on a restart.
exec ndb_mgmd --config-file=/etc/rondb/config.ini --configdir=/srv/hops/mysql-cluster/mgmd \
  --ndb-nodeid=65 --reload --nodaemon
