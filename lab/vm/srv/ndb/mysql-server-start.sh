#!/bin/bash
# mysql-server-start.sh [--skip-grant-tables | --skip-ndb-wait]
. "$(dirname "$0")/common.sh"
must_be mysql
options=() wait=true
case "${1:-}" in
  '') ;;
  --skip-grant-tables) options=(--skip-grant-tables) ;;
  --skip-ndb-wait) wait=false ;;
  *)
    echo "usage: $0 [--skip-grant-tables|--skip-ndb-wait]"
    exit 2
    ;;
esac
socket=$("$NDB_DIR/ndb/scripts/get-mysql-socket.sh")
if "$BIN/mysqladmin" --no-defaults -S "$socket" -s -u root ping >/dev/null 2>&1; then
  echo "A MySQL Server is already running at socket. Not starting another MySQL Server at this socket."
  exit 1
fi
$wait && "$BIN/ndb_waiter" -c "$MGM:1186" --timeout=10800 >/dev/null
exec "$BIN/mysqld" --defaults-file="$NDB_DIR/my.cnf" "${options[@]}" --daemonize --log-error="$LOG/mysql_${NODE_ID}_out.log" --log-error-verbosity=3
