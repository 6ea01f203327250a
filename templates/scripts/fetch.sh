#!/bin/bash
# fetch.sh parts|first|sql: brings what one pod needs of a RonDB backup into /work. What lies in the bucket decides which parts
# there are: the old cluster may have had another number of nodes than this one.
set -euo pipefail

backup=source:$BUCKET/$BACKUP_PREFIX/$BACKUP_ID

# The old data nodes, one id a line.
old_nodes() {
  rclone lsf --dirs-only "$backup/rondb" | tr -d / | sort -n
}

fetch_part() { # OLD NODE
  local part=$1
  [[ $part =~ ^[0-9]+$ ]] || { echo "fetch: '$part' under $backup/rondb is not a node id" >&2; exit 1; }
  mkdir -p "/work/parts/$part"
  rclone copy --checksum "$backup/rondb/$part" "/work/parts/$part"
  # A transfer that was cut off must not look like a small part.
  rclone check --one-way "$backup/rondb/$part" "/work/parts/$part"
  if [ -z "$(find "/work/parts/$part" -name '*.ctl' -print -quit)" ]; then
    echo "fetch: node $part of backup $BACKUP_ID has no control file (*.ctl): the backup is incomplete" >&2
    exit 1
  fi
}

case $1 in
  sql)
    mkdir -p /work/sql
    rclone copy --include '*.sql' "$backup" /work/sql
    for file in databases.sql users.sql; do
      [ -s "/work/sql/$file" ] || { echo "fetch: $backup/$file is missing or empty" >&2; exit 1; }
    done
    ;;
  first | parts)
    mapfile -t nodes < <(old_nodes)
    if [ "${#nodes[@]}" -eq 0 ]; then
      echo "fetch: no parts under $backup/rondb: is $BACKUP_ID the right id, and $BUCKET the right bucket?" >&2
      exit 1
    fi
    printf '%s\n' "${nodes[@]}" >/work/nodes
    echo "fetch: backup $BACKUP_ID has parts of the nodes ${nodes[*]}"
    if [ "$1" = first ]; then
      # Every part holds all of the metadata.
      fetch_part "${nodes[0]}"
    else
      for ((i = JOB_COMPLETION_INDEX; i < ${#nodes[@]}; i += PODS)); do
        fetch_part "${nodes[$i]}"
      done
    fi
    ;;
esac
