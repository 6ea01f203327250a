#!/bin/sh
# The schema goes forward to that of this image, never back.
set -eu
superset db upgrade
superset init
superset fab create-admin --username "$SUPERSET_USER" --password "$SUPERSET_PASS" \
  --firstname Superset --lastname Admin --email admin@superset.com || true # it may be there
