#!/bin/bash
# Starts ePipe.
[ $# = 0 ] || { echo "Usage: start-epipe.sh" >&2; exit 1; }
home=/srv/hops/epipe pid_file=/tmp/epipe.pid
if [ -f $pid_file ] && kill -0 "$(cat $pid_file)" 2>/dev/null; then
  echo "A Epipe server is already running. Kill it first."
  exit 1
fi
nohup "$home/bin/epipe" -c "$home/conf/config.ini" >"$home/epipe.log" 2>&1 </dev/null &
echo $! >$pid_file
