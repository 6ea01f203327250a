#!/bin/bash
# native_ndb_backup.sh [-f]: the cookbook's backup script: the same files in the same places, and the same exit statuses: 1 from NDB, 2 if
# the target exists or for its usage, 3 from rsync.
. "$(dirname "$0")/common.sh"
must_be mysql
force=false
case "${1:-}" in
  '') ;;
  -f) force=true ;;
  *) echo "Usage $(basename "$0") -f" && exit 2 ;;
esac
log=$LOG/ndb_native_backup.log
note() { echo "$(date) - $1 - $2" >>"$log"; }
sql() { "$BIN/mysql" --no-defaults -u root -S "$NDB_DIR/mysql.sock" -N -B -e "$1"; }
backups=$NDB_DIR/ndb/backups
nodes=$("$BIN/ndb_mgm" -c "$MGM:1186" -e SHOW | sed -n 's/.*@\([0-9.]*\) .*Nodegroup.*/\1/p')
id=${RONDB_BACKUP_ID:-$(date +%y%m%d%H%M)}
name=${RONDB_BACKUP_NAME:-hops_hopsworks_$(date +%y-%m-%d_%H-%M).backup_$id}
target=$backups/$name
if $force; then
  for node in $nodes; do
    ssh -o StrictHostKeyChecking=no "mysql@$node" "rm -rf $backups/BACKUP/BACKUP-$id" || exit 3
  done
  rm -rf "$target" "$target.tar.gz"
fi
note INFO "Starting NDB native backup with ID BACKUP-$id"
"$BIN/ndb_mgm" -c "$MGM:1186" -e "START BACKUP $id SNAPSHOTEND WAIT COMPLETED" >>"$log" 2>&1 || { note ERROR "NDB backup failed."; exit 1; }
[ ! -d "$target" ] || { note ERROR "$target already exists"; exit 2; }
mkdir -p "$target/BACKUP" "$target/sql"
for node in $nodes; do
  rsync -e "ssh -o StrictHostKeyChecking=no" -az "mysql@$node:$backups/BACKUP/BACKUP-$id" "$target/BACKUP" || { note ERROR "rsync from $node failed"; exit 3; }
done
databases=$(sql "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('mysql','information_schema','performance_schema','sys','ndbinfo','glassfish_timers')")
: >"$target/sql/schemata.sql"
if [ -n "$databases" ]; then
  # shellcheck disable=SC2086 # one word a database
  "$BIN/mysqldump" --no-defaults -u root -S "$NDB_DIR/mysql.sock" --no-data --skip-add-drop-table --triggers --routines --events \
    --databases $databases | sed 's/CREATE TABLE /CREATE TABLE IF NOT EXISTS /' >"$target/sql/schemata.sql"
fi
"$BIN/mysqlpump" -u root -S "$NDB_DIR/mysql.sock" --exclude-databases=% --exclude-users=root,mysql.sys,mysql.session,mysql.infoschema \
  --users | sed "s/CREATE USER \([\`']\)/CREATE USER IF NOT EXISTS \1/" >"$target/sql/users.sql"
tar -C "$backups" -czf "$target.tar.gz" "$name"
note INFO "Finished backup"
