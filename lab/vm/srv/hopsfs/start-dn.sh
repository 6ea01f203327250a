#!/bin/bash
# Starts the datanode, and fails if it ends at once.
[ $# = 0 ] || { echo "Usage: start-dn.sh" >&2; exit 1; }
home=/srv/hops/hadoop
"$home/bin/hdfs" --daemon start datanode || exit 1
sleep 2
tail -n 5 "$home/logs/hadoop-hdfs-datanode-$(hostname).log"
"$home/bin/hdfs" --daemon status datanode
