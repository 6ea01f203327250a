# shellcheck shell=bash
# Sourced by Jobs: start_local_mysqld, stop_local_mysqld and sql, over the socket alone.
mycnf=/etc/rondb/my.cnf
socket=/srv/hops/mysql-cluster/mysql/mysql.sock

start_local_mysqld() {
  mysqld --defaults-file=$mycnf --initialize-insecure
  mysqld --defaults-file=$mycnf --skip-networking --server-id=1 &
  mysqld_pid=$!
  # The very first start on a new cluster makes the system tables: minutes.
  for _ in $(seq 300); do
    if mysqladmin --no-defaults -uroot --socket=$socket ping >/dev/null 2>&1; then
      return
    fi
    kill -0 $mysqld_pid || { echo "mysqld has ended" >&2; exit 1; }
    sleep 2
  done
  echo "mysqld does not answer" >&2
  exit 1
}

sql() { mysql --no-defaults -uroot --socket=$socket "$@"; }

stop_local_mysqld() {
  mysqladmin --no-defaults -uroot --socket=$socket shutdown
  wait "$mysqld_pid"
}
