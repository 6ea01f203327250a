#!/bin/bash
# Second step, in MySQL's image: the dump, and which version its schema is of.
set -euo pipefail
[ ! -f /backup/skipped ] || exit 0
export MYSQL_PWD=$DB_PASS
server=(--no-defaults --host="$DB_HOST" --port="$DB_PORT" --user="$DB_USER")
mysqldump "${server[@]}" --single-transaction --no-tablespaces --set-gtid-purged=OFF "$DB_NAME" | gzip >/backup/superset.sql.gz
mysql "${server[@]}" -N -B -e 'SELECT version_num FROM alembic_version' "$DB_NAME" | paste -sd, >/backup/schema
