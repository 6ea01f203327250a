#!/bin/bash
# healthcheck.sh CONNECTSTRING NODE: whether a data node is started. A management server that does not answer says nothing about it.
status=$(ndb_mgm --ndb-connectstring="$1" --connect-retries=1 -e "$2 status" 2>&1) || exit 0
[[ $status == *"Node $2: started"* ]]
