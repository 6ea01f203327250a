#!/bin/bash
# Fills the index again. Refuses while ePipe runs.
[ $# = 0 ] || { echo "Usage: reindex-epipe.sh" >&2; exit 1; }
home=/srv/hops/epipe pid_file=/tmp/epipe.pid
if [ -f $pid_file ] && kill -0 "$(cat $pid_file)" 2>/dev/null; then
  echo "A Epipe server is already running. Kill it first."
  exit 1
fi
exec "$home/bin/epipe" -c "$home/conf/config-reindex.ini" >"$home/epipe-reindex.log"
