# shellcheck shell=bash
# "hwdr backups verify": the chart's own backup is fine; each kind of damage of each file is found, and the backup is put back.
id_of() { awk -v s="$1" '$1 == s {print $2}' "$LAB_BACKUP"; }
hwdr() {
  AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY AWS_REGION=$S3_REGION HELM_NAMESPACE=$NS timeout 120 "$HWDR" "$@"
}

# verify CODE WORDS ARGUMENTS…: verifying the backup ends with that code, and with those words (a regular expression) on one line.
verify() {
  local expected=$1 words=$2 code=0
  shift 2
  hwdr backups verify "$(id_of rondb)" --bucket "$HOPSFS_BUCKET" --endpoint "$S3_ENDPOINT" --path-style "$@" >"$RUN/notes/verify.txt" || code=$?
  cat "$RUN/notes/verify.txt"
  [ "$code" = "$expected" ]
  tr -s ' \n' ' ' <"$RUN/notes/verify.txt" | grep -E "$words"
}

# damaged KEY COMMAND…: runs the command on the contents of that key, and writes them back as a newer version.
damaged() {
  local key=$1 tmp
  shift
  tmp=$(mktemp)
  "$LAB/s3" get "$HOPSFS_BUCKET" "$key" >"$tmp"
  "$@" "$tmp"
  "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$tmp"
  rm -f "$tmp"
}
cut_it() { truncate -s "$(($(stat -c %s "$1") * 2 / 3 / 4 * 4))" "$1"; }
flip_word() { printf '\377\377\377\377' | dd of="$2" bs=1 seek="$1" conv=notrunc status=none; }
put_back() { "$LAB/s3" undo "$HOPSFS_BUCKET" "$1"; }
# put_all_back: the first version of each file of the backup, whatever a test has left.
put_all_back() {
  "$LAB/s3" versions "$HOPSFS_BUCKET" "rondb_backup/$(id_of rondb)/" | awk '{print $2}' | sort | uniq -c |
    while read -r count key; do for ((; count > 1; count--)); do put_back "$key"; done; done
}
keys() { "$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$(id_of rondb)/" | awk '$2 > 0 {print $1}' | grep -E "$1"; }

test_a_good_backup_is_fine() {
  verify 0 'RonDB fine data nodes 1, 2;'
  verify 0 'MySQL.s users fine .*HopsFS fine' --read-data 100%
  hwdr backups verify latest --bucket "$HOPSFS_BUCKET" --endpoint "$S3_ENDPOINT" --path-style -o json >"$RUN/notes/verify.json"
  jq -e '.verdict == "fine" and (.parts | all(.findings == []))' "$RUN/notes/verify.json"
  verify 0 'fine' --from-bucket
}

test_the_result_is_remembered() {
  hwdr backups list -o json | jq -e --arg id "$(id_of rondb)" '.backups[] | select(.id == $id) | .verified.verdict == "fine"'
  hwdr backups show "$(id_of rondb)" | grep -E 'verified +fine'
  kubectl -n "$NS" get secret hwdr-verified-hopsworks -o json | jq -e '.type == "hwdr.hopsworks.ai/verified"'
}

test_damage_of_each_kind_is_found_in_each_file() {
  trap put_all_back EXIT
  local key kind size
  for kind in ctl Data log; do
    key=$(keys "/rondb/2/.*\.$kind$" | head -1)
    "$LAB/s3" delete "$HOPSFS_BUCKET" "$key"
    verify 2 "\.$kind is not there"
    put_back "$key"
    damaged "$key" cut_it
    verify 1 "\.$kind.*(is cut|ends)"
    put_back "$key"
    # The id in the header, which is of another backup then; or, where NDB has compressed the file, that header.
    damaged "$key" flip_word 24
    verify 1 "\.$kind,? "
    put_back "$key"
    # Its key, as if another backup had had the same id.
    damaged "$key" flip_word 32
    verify 1 "\.$kind,? "
    put_back "$key"
  done
  # A byte in the middle of the biggest data file: its structure or, if it is a value, the time at which it was written.
  key=$("$LAB/s3" list "$HOPSFS_BUCKET" "rondb_backup/$(id_of rondb)/rondb/" | awk '/\.Data/ {print $2, $1}' | sort -n | tail -n 1 | cut -d' ' -f2)
  size=$("$LAB/s3" get "$HOPSFS_BUCKET" "$key" | wc -c)
  # The length of the first row: behind the file's header and the fragment's. The first fragments may be empty, and then it is the next header.
  damaged "$key" flip_word 68
  verify 1 '\.Data' --read-data 100%
  put_back "$key"
  damaged "$key" flip_word "$((size - 12))"
  verify 1 '\.Data' --read-data 100%
  put_back "$key"
  verify 0 fine
}

test_a_missing_node_is_found() {
  trap put_all_back EXIT
  local key
  keys '/rondb/2/' >"$RUN/notes/keys"
  while read -r key; do "$LAB/s3" delete "$HOPSFS_BUCKET" "$key"; done <"$RUN/notes/keys"
  verify 2 'rows of .* fragments are in no data file|this node led the backup' --read-data 100%
  while read -r key; do put_back "$key"; done <"$RUN/notes/keys"
  verify 0 fine
}

test_dumps_are_read_whole() {
  trap put_all_back EXIT
  local file
  for file in users.sql databases.sql; do
    # The last line of a dump of databases has 40 bytes, of which the first say that it is whole.
    damaged "rondb_backup/$(id_of rondb)/$file" truncate -s -45
    verify 1 "$file.*it is cut"
    put_back "rondb_backup/$(id_of rondb)/$file"
    "$LAB/s3" delete "$HOPSFS_BUCKET" "rondb_backup/$(id_of rondb)/$file"
    verify 2 "$file is not there"
    put_back "rondb_backup/$(id_of rondb)/$file"
  done
  verify 0 fine
}

test_what_cannot_be_read_is_said() {
  local code=0
  hwdr backups verify "$(id_of rondb)" --from-bucket --bucket no-such-bucket --endpoint "$S3_ENDPOINT" --path-style || code=$?
  [ "$code" != 0 ]
  HELM_NAMESPACE=$NS AWS_ACCESS_KEY_ID=wrong AWS_SECRET_ACCESS_KEY=wrong timeout 120 "$HWDR" backups verify "$(id_of rondb)" \
    --bucket "$HOPSFS_BUCKET" --endpoint "$S3_ENDPOINT" --path-style && return 1
  verify 0 fine
}
