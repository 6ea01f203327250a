# shellcheck shell=bash
# Sourced: call <method> <path> [<body>], wait_for_opensearch, register_repository <name>.
call() {
  curl -sS -k --fail-with-body --max-time "${CALL_TIMEOUT:-60}" -u "$OPENSEARCH_USER:$OPENSEARCH_PASSWORD" \
    -X "$1" "$OPENSEARCH_URL/$2" -H 'Content-Type: application/json' ${3:+-d "$3"}
}
wait_for_opensearch() {
  until call GET '_cluster/health?wait_for_status=yellow&timeout=5s' >/dev/null 2>&1; do
    sleep 2
  done
}
register_repository() { call PUT "_snapshot/$1" "$(cat "/etc/repositories/$1.json")"; }
