# shellcheck shell=bash
# What the scripts of a release share. Each can be run alone, from any folder; scripts/release/all says in which order.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck disable=SC2034
VERSION=$(sed -n 's/^version: //p' plugin.yaml)
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
DIST=$(absolute "${DIST:-dist}")
# The same commit gives the same bytes: all files in all packages have its time, whoever packs them.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
# Nor does it matter with which rights they were checked out (pack, and scripts/release/deb).
umask 022

die() { echo "${0##*/}: $*" >&2; exit 1; }

# An empty folder for what goes into a package.
stage() { # NAME
  rm -rf "$DIST/stage/$1"
  mkdir -p "$DIST/stage/$1"
  echo "$DIST/stage/$1"
}

same_times() { find "$1" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +; } # FOLDER

pack() { # ARCHIVE FOLDER NAME ...
  local archive=$1 folder=$2
  shift 2
  tar -C "$folder" --sort=name --format=ustar --mode=u+rwX,go+rX,go-w --owner=0 --group=0 --numeric-owner --mtime "@$SOURCE_DATE_EPOCH" -c "$@" | gzip -9n >"$archive"
}

# The machines that a program has been built for: linux-amd64, …
platforms() { # SYSTEM
  local file
  for file in "$DIST/bin/hwdr-$1"-*; do
    if [ -x "$file" ]; then echo "${file##*/hwdr-}"; fi
  done
}

# The plugin's own files, without a program.
copy_plugin() { # FOLDER
  mkdir -p "$1/bin" "$1/scripts"
  cp -r plugin.yaml post-renderer "$1/"
  cp scripts/install-plugin "$1/scripts/"
  # Helm's own completion asks this, for `helm hwdr <TAB>`.
  if [ -e plugin.complete ]; then cp plugin.complete "$1/"; fi
}
