# shellcheck shell=bash
# Twenty good backups, each of other data: "hwdr backups verify" finds nothing in any of them, read whole, by the cluster and by the bucket alone.
hwdr() {
  AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY AWS_REGION=$S3_REGION HELM_NAMESPACE=$NS timeout 900 "$HWDR" "$@"
}
is_fine() { # ID ARGUMENTS…
  hwdr backups verify "$1" --bucket "$HOPSFS_BUCKET" --endpoint "$S3_ENDPOINT" --path-style --read-data 100% -o json "${@:2}" >"$RUN/notes/verify.json" ||
    { cat "$RUN/notes/verify.json"; return 1; }
  jq -e '.verdict == "fine" and (.parts | all(.findings == []))' "$RUN/notes/verify.json"
}
# other_data NUMBER: rows, a table that comes and goes, files and documents of this round.
other_data() {
  sql <<SQL
CREATE DATABASE IF NOT EXISTS rounds;
CREATE TABLE IF NOT EXISTS rounds.numbers (id INT PRIMARY KEY AUTO_INCREMENT, round INT, text VARCHAR(2000) CHARACTER SET utf8mb4, KEY (round)) ENGINE=NDB;
INSERT INTO rounds.numbers (round, text) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $((40 * $1)))
  SELECT $1, REPEAT('runde $1 ä ', 1 + i % 150) FROM n;
DELETE FROM rounds.numbers WHERE id % 7 = $(($1 % 7));
DROP TABLE IF EXISTS rounds.t$(($1 + 98));
CREATE TABLE rounds.t$(($1 + 100)) (id INT PRIMARY KEY, b BLOB) ENGINE=NDB;
INSERT INTO rounds.t$(($1 + 100)) VALUES (1, REPEAT('b', $((3000 * $1)))), (2, NULL);
SQL
  seq "$((7000 * $1))" >"$RUN/notes/round"
  fs PUT "/user/round-$1" "$RUN/notes/round"
  curl -sS --fail -H 'Content-Type: application/json' "$(url opensearch)/rounds/_doc?refresh=true" -d "{\"round\": $1}"
}

test_nothing_is_found_in_twenty_good_backups() {
  local round id
  for round in $(seq 20); do
    other_data "$round"
    hwdr backups create --wait --yes --timeout 8m
    id=$(hwdr backups list -o name | head -1)
    is_fine "$id"
    is_fine "$id" --from-bucket
  done
  hwdr backups list -o json | jq -e '[.backups[:20][] | select(.verified.verdict == "fine" and .usable == {inPlace: "yes", newCluster: "yes"})] | length == 20'
}
