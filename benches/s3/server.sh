# shellcheck shell=bash
# Starts the S3 server of a bench, SeaweedFS, in the folder $work, and removes both at the end. Sets $host and $port, and lab/lib.sh's functions.
# shellcheck source=lab/lib.sh
. lab/lib.sh
part pypi
work=$(mktemp -d)
host=127.0.0.1 port=18333
finish() {
  [ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cat >"$work/s3.json" <<JSON
{"identities": [{"name": "bench", "credentials": [{"accessKey": "bench", "secretKey": "bench"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
  {"name": "anonymous", "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
JSON
mkdir "$work/data"
"$(part_dir pypi)/bin/weed" server -dir="$work/data" -ip=$host -ip.bind=$host -master.port=18300 -volume.port=18310 -filer.port=18320 \
  -master.volumeSizeLimitMB=256 -volume.max=200 -volume.preStopSeconds=0 -filer -s3 -s3.port=$port -s3.config="$work/s3.json" -s3.port.iceberg=0 \
  -s3.port.lance=0 >"$work/log" 2>&1 &
server=$!
wait_for 60 "the S3 server" "$work/log" curl -fsS "http://$host:$port/"
export AWS_ACCESS_KEY_ID=bench AWS_SECRET_ACCESS_KEY=bench AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL=http://$host:$port
