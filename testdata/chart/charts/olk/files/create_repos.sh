#!/bin/bash
set -euo pipefail
source /scripts/client.sh
wait_for_opensearch
for file in /etc/repositories/*.json; do
  register_repository "$(basename "$file" .json)"
done
