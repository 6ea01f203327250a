#!/bin/bash
# Superset's web server, named and set as in upstream's image.
set -euo pipefail
# Its workers' files of signs of life go to memory, since the root file system may be read-only.
exec gunicorn --bind "${SUPERSET_BIND_ADDRESS:-0.0.0.0}:${SUPERSET_PORT:-8088}" --access-logfile "${ACCESS_LOG_FILE:--}" --error-logfile "${ERROR_LOG_FILE:--}" \
  --workers "${SERVER_WORKER_AMOUNT:-1}" --worker-class "${SERVER_WORKER_CLASS:-gthread}" --threads "${SERVER_THREADS_AMOUNT:-4}" \
  --timeout "${GUNICORN_TIMEOUT:-60}" --worker-tmp-dir /dev/shm "${FLASK_APP:-superset.app:create_app()}"
