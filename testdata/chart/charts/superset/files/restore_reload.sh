#!/bin/bash
# Second step of a restore, in MySQL's image, where nobody can write the audit: the last step does that.
set -euo pipefail
give_up() { echo "$1" | tee /work/failed >&2; exit 0; }
export MYSQL_PWD=$DB_PASS
sql() { mysql --no-defaults --host="$DB_HOST" --port="$DB_PORT" --user="$DB_USER" --default-character-set=utf8mb4 "$@"; }
rm -f /work/failed

deadline=$((SECONDS + 600))
until sql -e 'SELECT 1' >/dev/null 2>/work/log; do
  [ "$SECONDS" -lt "$deadline" ] || give_up "MySQL does not answer: $(cat /work/log)"
  sleep 2
done
sql -e "DROP DATABASE IF EXISTS \`$DB_NAME\`; CREATE DATABASE \`$DB_NAME\` CHARACTER SET utf8mb4" 2>/work/log ||
  give_up "the schema could not be made anew: $(cat /work/log)"
gzip -dc /work/superset.sql.gz | sql "$DB_NAME" 2>/work/log || give_up "the dump could not be loaded: $(cat /work/log)"
