# shellcheck shell=bash
# NDB Cluster's own programs (RonDB is a line of it): management and data nodes, backup and restore, and tools that inspect them.
VERSION=$NDB
# shellcheck source=lab/ndb/source.sh
. "$LAB/ndb/source.sh"
PROGRAMS=(ndb_mgmd ndbmtd ndb_mgm ndb_restore ndb_waiter ndb_select_count ndb_desc ndb_show_tables ndb_print_backup_file)

build() {
  configure
  ninja -C "$TREE/tree" -j "$JOBS" "${PROGRAMS[@]}"
  mkdir -p "$OUT/bin"
  (cd "$TREE/tree/runtime_output_directory" && cp "${PROGRAMS[@]}" "$OUT/bin/")
  strip "$OUT"/bin/*
  WORK= # the tree stays, for mysqld
}
