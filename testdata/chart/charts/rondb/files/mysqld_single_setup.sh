#!/bin/bash
# Makes the users and, where a backup was downloaded, loads its schemata and users.
set -euo pipefail
source /scripts/mysqld_local.sh
start_local_mysqld
# Users may be in the cluster already; then root has its password back.
export MYSQL_PWD=
if ! sql -e "SELECT 1" >/dev/null 2>&1; then
  export MYSQL_PWD=$MYSQL_ROOT_PASSWORD
fi

sql <<SQL
ALTER USER 'root'@'localhost' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';
GRANT NDB_STORED_USER ON *.* TO 'root'@'localhost';
SQL
export MYSQL_PWD=$MYSQL_ROOT_PASSWORD

# As real charts do: rows that are there already (a restore that has brought them back) fail it for good.
sql <<SQL
CREATE DATABASE IF NOT EXISTS ycsb;
CREATE DATABASE IF NOT EXISTS dbt2;
CREATE DATABASE IF NOT EXISTS heartbeat;
CREATE TABLE IF NOT EXISTS heartbeat.heartbeat (
  server_id INT NOT NULL PRIMARY KEY,
  counter BIGINT UNSIGNED NOT NULL
) ENGINE=ndbcluster;
INSERT INTO heartbeat.heartbeat (server_id, counter) VALUES (0, 0), (1, 0);
SQL

# make_user <name> <host> <database> <password>
make_user() {
  echo "--- user $1"
  sql <<SQL
CREATE USER IF NOT EXISTS '$1'@'$2' IDENTIFIED BY '$4';
ALTER USER '$1'@'$2' IDENTIFIED BY '$4';
GRANT ALL PRIVILEGES ON \`$3\`.* TO '$1'@'$2';
GRANT NDB_STORED_USER ON *.* TO '$1'@'$2';
SQL
}
while read -r name host database; do
  [ -n "$name" ] || continue
  variable=MYSQL_PASSWORD_${name//-/_}
  make_user "$name" "$host" "$database" "${!variable}"
done </etc/rondb/users

# Databases first: grants may name them.
for file in databases.sql users.sql; do
  if [ -f "/restore/$file" ]; then
    echo "--- loading $file"
    sed -E -e 's/^CREATE TABLE (IF NOT EXISTS )?/CREATE TABLE IF NOT EXISTS /' \
      -e 's/^CREATE USER (IF NOT EXISTS )?/CREATE USER IF NOT EXISTS /' "/restore/$file" | sql
  fi
done
stop_local_mysqld
