#!/bin/bash
[ $# = 0 ] || { echo "Usage: stop-epipe.sh" >&2; exit 1; }
pid=$(cat /tmp/epipe.pid 2>/dev/null)
if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
  rm -f /tmp/epipe.pid
  echo "Killed epipe"
else
  echo "Could not find epipe process to kill"
fi
