#!/bin/bash
set -euo pipefail
if command -v rdrs >/dev/null; then
  exec rdrs -config=/etc/rondb/rest_api.json
fi
# MySQL's line of NDB has no REST server; the pod then only takes the place of one.
echo "This image has no rdrs"
exec sleep infinity
