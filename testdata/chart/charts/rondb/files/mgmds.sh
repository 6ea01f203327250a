#!/bin/bash
set -euo pipefail
bash /scripts/wait_dns.sh
mkdir -p /srv/hops/mysql-cluster/mgmd
# MySQL's line of NDB has no NodeActive.
config=/etc/rondb/config.ini
if ! ndb_mgmd --help | grep -q 'RonDB'; then
  config=/srv/hops/mysql-cluster/mgmd/config.ini
  sed '/^NodeActive=/d' /etc/rondb/config.ini >"$config"
fi
# --reload takes over a changed config.ini on a restart.
exec ndb_mgmd --config-file="$config" --configdir=/srv/hops/mysql-cluster/mgmd \
  --ndb-nodeid=65 --reload --nodaemon
