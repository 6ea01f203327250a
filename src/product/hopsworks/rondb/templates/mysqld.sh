#!/bin/bash
# mysqld.sh system-tables|sql: starts a MySQL server of its own, on its socket alone, and with it
#   system-tables: makes the cluster's system tables, which restoring the epoch needs (once in a cluster's life)
#   sql:           loads databases.sql and users.sql of the backup
set -euo pipefail

data=/work/mysqld
socket=$data.sock
# The SQL is the backup's, and runs as root of this server: it reads and writes no file of the pod.
# Users of before MySQL 8.4 may have the plugin that 8.4 has only when asked for it, as the chart's own my.cnf does; older ones and newer ones do not
# know the option.
options=(--no-defaults --ndbcluster --ndb-connectstring="$MGMD" --datadir="$data" --socket="$socket"
  --pid-file="$data.pid" --tmpdir=/work --secure-file-priv=NULL --local-infile=OFF --loose-mysqlx=OFF --loose-mysql-native-password=ON)

# An init container that runs a second time finds a half-made folder of its first.
rm -rf "$data"
mysqld "${options[@]}" --initialize-insecure
mysqld "${options[@]}" --skip-networking --server-id=1 --ndb-wait-setup="$START_SECONDS" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" || true' EXIT

# What it reads is SQL and nothing else: in binary mode no line of it is a command of the client's own (`\!` and `system` run a shell, `source` and
# `tee` open files) but DELIMITER, and no answer of the server has it send a file (client/mysql.cc, find_command).
client() { # PASSWORD ARGUMENTS...
  MYSQL_PWD=$1 mysql --no-defaults --binary-mode --local-infile=0 -uroot --socket="$socket" "${@:2}"
}

# root has no password in a new data folder, but gets the cluster's as soon as the stored users arrive.
sql() {
  local password
  for password in "${MYSQL_ROOT_PASSWORD:-}" ""; do
    if client "$password" -e 'SELECT 1' >/dev/null 2>&1; then
      client "$password" "$@"
      return
    fi
  done
  return 1
}

until sql -e "SELECT 1 FROM information_schema.engines WHERE engine='ndbcluster' AND support IN ('YES','DEFAULT')" 2>/dev/null | grep -q 1; do
  kill -0 "$server" || { echo "mysqld: the server has ended before it answered: see above" >&2; exit 1; }
  ((SECONDS < START_SECONDS)) || { echo "mysqld: no answer within $START_SECONDS s" >&2; exit 1; }
  sleep 1
done

case $1 in
  system-tables)
    until sql -e 'SELECT COUNT(*) FROM mysql.ndb_apply_status' >/dev/null 2>&1; do
      kill -0 "$server" || { echo "mysqld: the server has ended while it made the system tables" >&2; exit 1; }
      ((SECONDS < START_SECONDS)) || { echo "mysqld: no system tables within $START_SECONDS s" >&2; exit 1; }
      sleep 1
    done
    ;;
  sql)
    # Onto a cluster that was made empty, no Job of the chart gives root its password, and its MySQL servers would not know it.
    if [ -n "${MYSQL_ROOT_PASSWORD:-}" ] && client '' -e 'SELECT 1' >/dev/null 2>&1; then
      echo "mysqld: giving root the password of the cluster"
      quoted=${MYSQL_ROOT_PASSWORD//\\/\\\\}
      sql <<SQL
ALTER USER 'root'@'localhost' IDENTIFIED BY '${quoted//\'/\'\'}';
GRANT NDB_STORED_USER ON *.* TO 'root'@'localhost';
SQL
    fi
    # Tables and users that the chart's own Job has made stay as they are. mysqldump writes "IF NOT EXISTS" of a database as a
    # comment for versions of MySQL that know it.
    for file in databases.sql users.sql; do
      echo "mysqld: loading $file of backup $BACKUP_ID"
      sed -E 's#^(CREATE (DATABASE|TABLE|USER)) (IF NOT EXISTS |/\*![0-9]+ IF NOT EXISTS\*/ )?#\1 IF NOT EXISTS #' "/work/sql/$file" | sql
    done
    ;;
esac
