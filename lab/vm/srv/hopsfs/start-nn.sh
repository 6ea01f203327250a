#!/bin/bash
# Starts the namenode, and fails if it ends at once.
[ $# = 0 ] || { echo "Usage: start-nn.sh" >&2; exit 1; }
home=/srv/hops/hadoop
"$home/bin/hdfs" --daemon start namenode || exit 1
sleep 2
tail -n 5 "$home/logs/hadoop-hdfs-namenode-$(hostname).log"
"$home/bin/hdfs" --daemon status namenode
