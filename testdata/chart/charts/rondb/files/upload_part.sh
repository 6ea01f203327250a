#!/bin/bash
# upload_part.sh <id> <target>: in the sidecar of a data node, moves its part to the bucket.
set -euo pipefail
source=/home/hopsworks/data/ndb/backups/BACKUP/BACKUP-$1
ls -l "$source"
rclone move "$source" "$2"
rm -rf "$source"
