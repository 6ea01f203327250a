#!/bin/bash
# Exit 0 once this pod's data node has started.
node_id=$((NODE_GROUP * 3 + ${POD_NAME##*-} + 1))
ndb_mgm --ndb-connectstring="$MGMD_HOST:1186" --connect-retries=1 -e "$node_id status" | grep -q "Node $node_id: started"
