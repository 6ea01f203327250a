#!/bin/bash
[ $# = 0 ] || { echo "Usage: stop-dn.sh" >&2; exit 1; }
exec /srv/hops/hadoop/bin/hdfs --daemon stop datanode
