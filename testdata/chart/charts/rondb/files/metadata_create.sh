#!/bin/bash
# Runs in a mysqld pod (root may log in from there alone): users.sql and
# databases.sql into the folder $1. ndb_restore brings neither.
set -euo pipefail
mkdir -p "$1"
export MYSQL_PWD=$MYSQL_ROOT_PASSWORD
sql() { mysql --defaults-file=/etc/rondb/my.cnf -uroot -N -B -r "$@"; }

{
  echo "-- users of the cluster; \"IF NOT EXISTS\" comes in when it is loaded"
  sql -e "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user
          WHERE user NOT IN ('root', 'mysql.sys', 'mysql.session', 'mysql.infoschema')" |
    while read -r account; do
      # Password hashes hold bytes that no text file keeps.
      sql -e "SET print_identified_with_as_hex = ON; SHOW CREATE USER $account" | sed 's/$/;/'
      sql -e "SHOW GRANTS FOR $account" | sed 's/$/;/'
    done
} >"$1/users.sql"

mapfile -t databases < <(sql -e "SELECT schema_name FROM information_schema.schemata
  WHERE schema_name NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys', 'ndbinfo')")
echo "-- schemata without data" >"$1/databases.sql"
if [ ${#databases[@]} -gt 0 ]; then
  mysqldump --defaults-file=/etc/rondb/my.cnf -uroot --no-data --skip-add-drop-table --no-tablespaces \
    --triggers --routines --events --databases "${databases[@]}" >>"$1/databases.sql"
fi
