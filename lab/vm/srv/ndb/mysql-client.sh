#!/bin/bash
# mysql-client.sh [DATABASE] [-e SQL]: MySQL's client as root. Arguments are taken as the cookbook's script takes them: given several, the
# first is a database if -e follows it, and is otherwise dropped, whatever it is; "source users.sql" runs the statement "users.sql".
. "$(dirname "$0")/common.sh"
database=() execute=()
if [ $# -gt 1 ]; then
  execute=(-e)
  if [ "$2" = -e ]; then database=("$1") && shift; fi
  shift
fi
socket=$("$NDB_DIR/ndb/scripts/get-mysql-socket.sh")
echo "Using socket: $socket"
# MySQL 9 takes "source" only with --commands, which RonDB's does not need.
exec "$BIN/mysql" --defaults-file="$NDB_DIR/my.cnf" --commands -u root --skip-password -S "$socket" "${database[@]}" "${execute[@]}" "$@"
