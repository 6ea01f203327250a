# shellcheck shell=bash
# mysqld with the NDB engine, and MySQL's clients: by far the longest build of the lab.
VERSION=$NDB
# shellcheck source=lab/ndb/source.sh
. "$LAB/ndb/source.sh"
PROGRAMS=(mysqld mysql mysqladmin mysqldump)

build() {
  configure
  ninja -C "$TREE/tree" -j "$JOBS" "${PROGRAMS[@]}"
  mkdir -p "$OUT/bin" "$OUT/share"
  (cd "$TREE/tree/runtime_output_directory" && cp "${PROGRAMS[@]}" "$OUT/bin/")
  strip "$OUT"/bin/*
  cp -r "$TREE/tree/share/english" "$TREE/src/share/charsets" "$OUT/share/"
  rm -rf "$TREE"
}
