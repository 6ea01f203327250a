#!/bin/bash
# mgm-client.sh [-c SERVER | -e COMMAND…]: ndb_mgm, connected to the cluster's management server.
. "$(dirname "$0")/common.sh"
server=$MGM:1186
case "${1:-}" in
  '') exec "$BIN/ndb_mgm" -c "$server" ;;
  -e)
    shift
    exec "$BIN/ndb_mgm" -c "$server" -e " $*"
    ;;
  -c | --connectstring) exec "$BIN/ndb_mgm" -c "$2" ;;
  *)
    echo "Unknown option '$1'"
    exit 255
    ;;
esac
