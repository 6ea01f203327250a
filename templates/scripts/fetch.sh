#!/bin/bash
# fetch.sh control|parts|sql|look: brings what one pod needs of a RonDB backup into /work, or looks whether all of it is there. What lies in
# the bucket decides which parts there are: the old cluster may have had another number of nodes than this one.
set -euo pipefail

backup=source:$BUCKET/$BACKUP_PREFIX/$BACKUP_ID

# By its own limits rclone waits for a server that hangs as long as it may.
rclone() {
  local status=0
  timeout "${CALL_SECONDS:-0}" rclone "$@" || status=$?
  [ $status != 124 ] || echo "fetch: rclone $1 has no answer within $CALL_SECONDS s" >&2
  return $status
}

# A bucket that is gone for a minute is no failed restore.
patiently() {
  local until=$((SECONDS + ${PATIENCE:-120}))
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 5
  done
}

fetch() { # FROM TO FILTER...
  local from=$1 to=$2
  shift 2
  mkdir -p "$to"
  patiently rclone copy --checksum "$@" "$from" "$to"
  # A transfer that was cut off must not look like a small part.
  patiently rclone check --one-way "$@" "$from" "$to"
}

# Says that nothing is there, where nothing is, and fails where that cannot be known.
list() {
  local status=0
  rclone lsf --dirs-only "$1" >/work/listing || status=$?
  [ $status = 3 ] || return $status # 3: no such folder (rclone.org/docs, "Exit code")
}

# Prints "TABLE FRAGMENT ROWS" for every fragment of which a control file (*.ctl) counts rows. Only that of the node that led the
# backup counts any, and it counts those of all nodes. The file is a header of 12 words and sections of words, big-endian: type,
# length, contents; type 7 is FRAGMENT_INFO (MySQL and RonDB: storage/ndb/src/kernel/blocks/backup/BackupFormat.hpp).
rows_of() { # FILE
  od -A n -v -t u1 "$1" | awk -v file="$1" '
    { for (i = 1; i <= NF; i++) { word = word * 256 + $i; if (++bytes % 4 == 0) { words[count++] = word; word = 0 } } }
    END {
      if (words[0] != 1313096258 || words[1] != 1129010512) exit 2 # NDBBCKUP
      for (at = 12; at + 1 < count; at += words[at + 1]) {
        if (words[at + 1] < 2 || at + words[at + 1] > count) { print "fetch: " file " is cut short" >"/dev/stderr"; exit 1 }
        rows = words[at + 4] + words[at + 5] * 4294967296
        if (words[at] == 7 && rows > 0) print words[at + 2], words[at + 3], rows
      }
    }'
}

# Whether beside each control file there is what ndb_restore reads with it.
look() {
  local control node kind rows
  patiently rclone lsf --recursive --files-only --min-size 1B "$backup/rondb" >/work/files
  for node in "${nodes[@]}"; do
    mapfile -t controls < <(grep "^$node/\(.*/\)\?BACKUP-${BACKUP_ID}[^/]*\.ctl$" /work/files)
    if [ "${#controls[@]}" -eq 0 ]; then
      echo "fetch: the part of node $node under $backup/rondb holds no BACKUP-$BACKUP_ID*.ctl: it belongs to another backup" >&2
      exit 1
    fi
    for control in "${controls[@]}"; do
      for kind in Data log; do
        grep -q "^${control%/*}/[^/]*\.$kind$" /work/files && continue
        echo "fetch: beside $backup/rondb/$control there is no *.$kind that holds anything: the backup is incomplete" >&2
        exit 1
      done
    done
  done
  rows=$(awk '{rows += $3} END {printf "%.0f", rows}' /work/rows)
  if [ -e /work/uncounted ]; then
    rows="rows that cannot be counted"
  elif [ "$rows" = 0 ]; then
    echo "WARNING: no part of RonDB's backup $BACKUP_ID (nodes ${nodes[*]}) counts any row: if it had any, the part of the node that led" \
      "the backup is missing in the bucket" >/dev/termination-log
    return
  else
    rows+=" rows"
  fi
  echo "RonDB's backup $BACKUP_ID can be read: parts of the nodes ${nodes[*]}, $rows" >/dev/termination-log
}

case $1 in
  sql)
    fetch "$backup" /work/sql --include '/*.sql'
    for file in databases.sql users.sql; do
      [ -s "/work/sql/$file" ] || { echo "fetch: $backup/$file is missing or empty" >&2; exit 1; }
    done
    ;;
  control | parts | look)
    patiently list "$backup/rondb" || { echo "fetch: the bucket $BUCKET cannot be listed" >&2; exit 1; }
    mapfile -t nodes < <(tr -d / </work/listing | sort -n)
    if [ "${#nodes[@]}" -eq 0 ]; then
      echo "fetch: no parts under $backup/rondb: is $BACKUP_ID the right id, and $BUCKET the right bucket?" >&2
      exit 1
    fi
    echo "fetch: backup $BACKUP_ID has parts of the nodes ${nodes[*]}"
    printf '%s\n' "${nodes[@]}" >/work/nodes
    fetch "$backup/rondb" /work/control --include '*.ctl'
    : >/work/rows
    for node in "${nodes[@]}"; do
      [[ $node =~ ^[0-9]+$ ]] || { echo "fetch: '$node' under $backup/rondb is not a node id" >&2; exit 1; }
      mapfile -t files < <(find "/work/control/$node" -name '*.ctl' 2>/dev/null | sort)
      if [ "${#files[@]}" -eq 0 ]; then
        echo "fetch: node $node of backup $BACKUP_ID has no control file (*.ctl): the backup is incomplete" >&2
        exit 1
      fi
      for file in "${files[@]}"; do
        rows_of "$file" >>/work/rows || {
          [ $? = 2 ] || exit 1
          echo "fetch: $file is compressed or encrypted: its rows cannot be counted" >&2
          touch /work/uncounted
        }
      done
    done
    if [ "$1" = look ]; then
      look
    elif [ "$1" = control ]; then
      # Metadata and indexes need all but the rows, which are most of it; every part holds all of the metadata.
      fetch "$backup/rondb/${nodes[0]}" "/work/parts/${nodes[0]}" --exclude '*.Data'
    else
      for ((i = JOB_COMPLETION_INDEX; i < ${#nodes[@]}; i += PODS)); do
        fetch "$backup/rondb/${nodes[$i]}" "/work/parts/${nodes[$i]}"
      done
    fi
    ;;
esac
