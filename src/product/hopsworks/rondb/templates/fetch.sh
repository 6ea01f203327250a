#!/bin/bash
# fetch.sh control|parts|rows|sql|look: brings what one pod needs of a RonDB backup into /work, or looks whether all of it is there. What lies in
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

# Prints what NDB wrote into a file, as it was before it was compressed (CompressedBackup=1). Such a file is a header of 512 bytes, raw deflate,
# CRC-32, length, "DBDN" and zeros (MySQL and RonDB: storage/ndb/src/common/util/ndb_az31.cpp): behind a header of gzip's, what gzip reads.
plain() { # NAME, and the file as standard input
  local magic status=0
  magic=$(head -c 4 | od -A n -t x1 | tr -d ' ')
  case $magic in
    4e444242) printf NDBB && cat ;;
    fe0301*)
      { printf '\037\213\010\0\0\0\0\0\0\003' && tail -c +509; } | gzip -dc 2>/dev/null || status=$?
      [ $status != 127 ] || { echo "fetch: $1 is compressed, and the toolbox has no gzip: set global._hopsworks.toolbox.image" >&2; return 1; }
      # 2: more follows behind what gzip knows.
      [ $status = 0 ] || [ $status = 2 ] || { echo "fetch: $1 is damaged: it cannot be decompressed" >&2; return 1; }
      ;;
    4e444258) echo "fetch: $1 is encrypted, and ndb_restore is given no password" >&2 && return 1 ;;
    *) echo "fetch: $1 is no file of an NDB backup" >&2 && return 1 ;;
  esac
}

# Its words: NDB writes them big-endian.
words_of() { # NAME, and the file as standard input
  plain "$1" | od -A n -v -t u4 --endian=big
}

# Prints "TABLE FRAGMENT ROWS NAME" for every fragment of which a control file (*.ctl) counts rows, but for what is left out. Only the file of
# the node that led the backup counts any, and it counts those of all nodes. It is a header of 12 words and sections of words: type, length,
# contents. Type 7 counts a fragment's rows (FRAGMENT_INFO), 5 describes a table: its kind, and properties, of which 1 is its name
# (database/schema/table) and 2 its id (MySQL and RonDB: BackupFormat.hpp, SimpleProperties.cpp, DictTabInfo.hpp). The ids of tables of which other
# numbers of rows are seen than are there go to /work/uneven: rows expire (164: RonDB's TTL), or each node has them all (159).
# A name with control characters is written as "-": a line break in it would be a line of its own to who reads this.
rows_of() { # FILE
  local name=$1
  words_of "$name" <"$1" | LC_ALL=C awk -v file="$1" -v databases="${EXCLUDE_DATABASES:-}" -v tables="${EXCLUDE_TABLES:-}" '
    function fail(why) { print "fetch: " file " " why >"/dev/stderr"; failed = 1; exit 1 }
    function describe(  at, key, size, text, id, uneven, i, byte, odd) {
      # Other kinds are no tables: indexes, tablespaces, files.
      if (section[2] != 1 && section[2] != 2) return
      for (at = 3; at + 1 < n && section[at] % 65536 != 999; ) {
        key = section[at] % 65536
        if (section[at] < 65536) {
          if (key == 2) id = section[at + 1]
          if (section[at + 1] > 0 && (key == 159 || key == 164 && section[at + 1] < 4294967040)) uneven = 1
          at += 2
          continue
        }
        size = section[at + 1]
        for (i = 0; key == 1 && i + 1 < size && at + 2 + int(i / 4) < n; i++) {
          byte = int(section[at + 2 + int(i / 4)] / 256 ^ (3 - i % 4)) % 256
          text = text sprintf("%c", byte)
          if (byte > 0 && byte < 32 || byte == 127) odd = 1
        }
        at += 2 + int((size + 3) / 4)
      }
      if (id == "") return
      name[id] = text
      if (odd) unsaid[id]
      if (uneven) print id >>"/work/uneven"
    }
    function is_left_out(full,  part, table) {
      split(full, part, "/")
      table = substr(full, length(part[1]) + length(part[2]) + 3)
      if (part[1] in left_out) return 1
      # Where the long values of another table lie.
      if (table ~ /^NDB\$BLOB_[0-9]+_/) { split(table, part, "_"); return part[2] in name && is_left_out(name[part[2]]) }
      return (part[1] "." table) in left_out
    }
    BEGIN {
      count = split(databases "," tables, list, ",")
      for (i = 1; i <= count; i++) if (list[i] != "") left_out[list[i]]
    }
    {
      for (i = 1; i <= NF; i++) {
        if (read < 12) { head[read++] = $i; continue }
        section[n++] = $i
        if (n == 2 && section[1] < 2) fail("is cut short")
        if (n < 2 || n < section[1]) continue
        if (section[0] == 5) describe()
        if (section[0] == 7 && section[4] + section[5] > 0)
          rows[section[2] " " section[3]] = section[4] + section[5] * 4294967296
        n = 0
      }
    }
    END {
      if (failed || read == 0) exit 1
      if (read < 12 || head[0] != 1313096258 || head[1] != 1129010512) { print "fetch: " file " is no control file" >"/dev/stderr"; exit 1 }
      if (n > 1) { print "fetch: " file " is cut short" >"/dev/stderr"; exit 1 }
      for (key in rows) {
        split(key, id, " ")
        if (!is_left_out(name[id[1]])) printf "%s %.0f %s\n", key, rows[key], (id[1] in unsaid ? "-" : name[id[1]])
      }
    }'
}

# Writes "TABLE ROWS" to /work/part for every table of which the log of a part (*.log) deletes rows: as many may be missing in the end. "unknown"
# where the log is not what leads to the end of the backup. Behind the header of 12 words, of which the 6th is the kind of the file, each entry
# is a length and so many words: table, what was done (1: deleted), and more (BackupFormat.hpp).
deleted_by() { # KEY
  rclone cat "$backup/rondb/$1" | words_of "$1" | awk '
    {
      for (i = 1; i <= NF && !over; i++) {
        if (read < 12) { head[read++] = $i; continue }
        if (left == 0) { left = $i; place = 0; over = left == 0; continue }
        left--
        if (++place == 1) table = $i
        if (place == 2 && $i % 65536 == 1) deleted[table]++
      }
    }
    END {
      if (read < 12) exit 1
      if (head[5] != 2) print "unknown"
      else for (table in deleted) print table, deleted[table]
    }' >/work/part
}

# The same of all parts, in /work/deleted.
all_deleted() {
  local log
  patiently rclone lsf --recursive --files-only --include '*.log' "$backup/rondb" >/work/logs
  : >/work/deleted
  while read -r log; do
    patiently deleted_by "$log"
    cat /work/part >>/work/deleted
  done </work/logs
}

# Prints the version of NDB that wrote a control file, as one number: the 11th word of its header.
version_of() { # FILE
  local name=$1
  { words_of "$name" <"$1" || true; } | awk '{ for (i = 1; i <= NF; i++) if (++read == 11) print $i }'
}

# Warns if the image of the data nodes is older than what wrote the backup, as far as its tag says: ndb_restore reads no newer ones. RonDB's versions
# begin with the year (22.10.6).
compare_versions() {
  local image wrote=0 file version
  [[ ${IMAGE:-} =~ :(2[0-9])\.([0-9]{1,2})\.([0-9]{1,3})([^0-9.][^/]*)?$ ]] || return 0
  image=$((BASH_REMATCH[1] * 65536 + 10#${BASH_REMATCH[2]} * 256 + 10#${BASH_REMATCH[3]}))
  while read -r file; do
    version=$(version_of "$file")
    ((version <= wrote)) || wrote=$version
  done < <(find /work/control -name '*.ctl')
  # Of another numbering, it cannot be compared.
  ((wrote > image && wrote < 30 * 65536)) || return 0
  older=", and RonDB $((wrote / 65536)).$((wrote / 256 % 256)).$((wrote % 256)) wrote it, which is newer than $IMAGE: ndb_restore reads no newer backups"
}

# Whether beside each control file there is what ndb_restore reads with it.
look() {
  local control node kind rows older=
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
  if [ "$rows" = 0 ]; then
    echo "WARNING: no part of RonDB's backup $BACKUP_ID (nodes ${nodes[*]}) counts any row: if it had any, the part of the node that led" \
      "the backup is missing in the bucket" >/dev/termination-log
    return
  fi
  compare_versions
  if [ -n "$older" ]; then
    echo "WARNING: RonDB's backup $BACKUP_ID can be read: parts of the nodes ${nodes[*]}, $rows rows$older" >/dev/termination-log
    return
  fi
  echo "RonDB's backup $BACKUP_ID can be read: parts of the nodes ${nodes[*]}, $rows rows" >/dev/termination-log
}

case $1 in
  sql)
    fetch "$backup" /work/sql --include '/*.sql'
    for file in databases.sql users.sql; do
      [ -s "/work/sql/$file" ] || { echo "fetch: $backup/$file is missing or empty" >&2; exit 1; }
    done
    ;;
  control | parts | rows | look)
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
    : >/work/uneven
    for node in "${nodes[@]}"; do
      [[ $node =~ ^[0-9]+$ ]] || { echo "fetch: '$node' under $backup/rondb is not a node id" >&2; exit 1; }
      mapfile -t files < <(find "/work/control/$node" -name '*.ctl' 2>/dev/null | sort)
      if [ "${#files[@]}" -eq 0 ]; then
        echo "fetch: node $node of backup $BACKUP_ID has no control file (*.ctl): the backup is incomplete" >&2
        exit 1
      fi
      for file in "${files[@]}"; do
        rows_of "$file" >>/work/rows
      done
    done
    if [ "$1" = look ]; then
      look
    elif [ "$1" = rows ]; then
      all_deleted
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
