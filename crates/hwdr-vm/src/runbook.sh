#!/usr/bin/env bash
# @TITLE@
# Written by hwdr. Each command runs once; those of one step at the same time. The first failure ends the script, after the other commands
# of its step. It cannot be resumed: if it fails, see what is done, and do the rest by hand.
# shellcheck disable=SC1003,SC2016 # what stands in single quotes is for the hosts' shells
set -euo pipefail
# Users come with digests of their passwords.
umask 077

pids=()
step() { printf '\n== %s. %s: %s\n' "$1" "$2" "$3"; }

# run HOST COMMAND…: begins a command; its lines carry the host's name.
run() {
  local host=$1
  shift
  { "$@" 2>&1 | sed "s/^/$host: /"; } &
  pids+=($!)
}

# Waits for all commands of a step.
done_all() {
  local pid failed=0
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  pids=()
  if [ "$failed" != 0 ]; then
    echo 'A command failed: see above. Nothing more is done.' >&2
    exit 1
  fi
}

# into FILE COMMAND…: what the command prints goes into a file.
into() {
  local file=$1
  shift
  mkdir -p "$(dirname "$file")"
  "$@" >"$file"
}

# from FILE COMMAND…: the command reads a file.
from() {
  local file=$1
  shift
  "$@" <"$file"
}

# reads TEXT COMMAND…: the command reads a text.
reads() {
  local text=$1
  shift
  "$@" <<<"$text"
}

# says LINE COMMAND…: the command must print this line.
says() {
  local line=$1 said
  shift
  said=$("$@") || return 1
  echo "$said"
  grep -Fxq -- "$line" <<<"$said" || { echo "expected: $line" && return 1; }
}

# soon TEXT BUT SECONDS COMMAND…: repeats the command until it says this text, and not the other one, if there is one.
soon() {
  local text=$1 but=$2 end=$((SECONDS + $3)) said
  shift 3
  while :; do
    said=$("$@" 2>&1) || true
    if [[ $said == *"$text"* && (-z $but || $said != *"$but"*) ]]; then
      echo "$said"
      return 0
    fi
    if ((SECONDS >= end)); then
      echo "$said"
      echo "still not: $text"
      return 1
    fi
    sleep 3
  done
}

# restored TEXT COMMAND…: ndb_restore must not tell of a failure, whatever its exit status, and must say this text, if there is one.
restored() {
  local text=$1 said
  shift
  said=$("$@" 2>&1) || { echo "$said" && return 1; }
  echo "$said"
  ! grep -Eq 'FATAL ERROR|(ndb_restore|Restore): Failed|unrecoverable error|Failed to restore|exits on error|NDBT_ProgramExit: [^0]' <<<"$said" || return 1
  grep -Eq -- "$text" <<<"$said" || { echo "expected: $text" && return 1; }
}

# granted COMMAND…: MySQL may lack what a grant is for (a table, a routine), and nothing else may fail.
granted() {
  local said
  said=$("$@" 2>&1) || { echo "$said" && return 1; }
  echo "$said"
  ! grep '^ERROR' <<<"$said" | grep -Evq '^ERROR (1146|1147|1305) ' || return 1
}

# completed ID COMMAND…: RonDB must say that the backup is completed.
completed() {
  local id=$1 said
  shift
  said=$("$@" 2>&1) || { echo "$said" && return 1; }
  echo "$said"
  grep -Eq "Backup $id started from .* completed" <<<"$said" || { echo "backup $id is not completed" && return 1; }
}
