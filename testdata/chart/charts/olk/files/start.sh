#!/bin/bash
# The image's settings, ours over them, and the bucket's keys in the keystore.
set -euo pipefail
home=/usr/share/opensearch
export OPENSEARCH_PATH_CONF=/tmp/config
mkdir -p /tmp/config /tmp/logs
cp -r "$home"/config/. /tmp/config/ 2>/dev/null || true
cp -f /etc/opensearch/opensearch.yml /etc/opensearch/log4j2.properties /tmp/config/
if [ -n "${AWS_ACCESS_KEY_ID:-}" ]; then
  [ -f /tmp/config/opensearch.keystore ] || "$home/bin/opensearch-keystore" create
  printf %s "$AWS_ACCESS_KEY_ID" | "$home/bin/opensearch-keystore" add --stdin --force s3.client.default.access_key
  printf %s "$AWS_SECRET_ACCESS_KEY" | "$home/bin/opensearch-keystore" add --stdin --force s3.client.default.secret_key
fi
exec "$home/bin/opensearch"
