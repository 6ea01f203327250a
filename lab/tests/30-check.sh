# shellcheck shell=bash
# lab/check judges every restore later, so it is tested first. Each service's data is broken in each way and must be reported as exactly
# that. After it is put back, check must report nothing.

# differs SERVICE LINE…: check must find a difference in that service only, with exactly these lines.
differs() {
  local service=$1 out status=0
  shift
  out=$("$LAB/check" "$LAB_RECORD") || status=$?
  [ "$status" = 1 ]
  [ "$(grep -c ': the same' <<<"$out")" = 5 ]
  [ "$(grep '^  ' <<<"$out" | sed 's/^  //; s/  (unreadable.*//' | sort)" = "$(printf '%s\n' "$@" | sort)" ]
  grep "^$service: " <<<"$out"
}
same() { "$LAB/check" "$LAB_RECORD"; }

test_check_is_content_before_anything_is_broken() {
  same
}

test_check_finds_rows_missing_extra_and_changed() {
  sql <<<"CREATE DATABASE aside; CREATE TABLE aside.kept AS SELECT * FROM online_first.kinds WHERE id IN (5, 6);
    DELETE FROM online_first.kinds WHERE id = 5; UPDATE online_first.kinds SET d = d + 1 WHERE id = 6;
    INSERT INTO online_first.kinds (id, t) VALUES (5000, 'extra');"
  local out
  out=$("$LAB/check" "$LAB_RECORD" --service rondb) && false
  grep -Fx '  missing: row online_first.kinds[5]' <<<"$out"
  grep -Fx '  changed: row online_first.kinds[6]' <<<"$out"
  grep -Fx '  extra: row online_first.kinds[5000]' <<<"$out"
  grep -Fx '  extra: database aside' <<<"$out"
  sql <<<"DELETE FROM online_first.kinds WHERE id IN (5000, 6); INSERT INTO online_first.kinds SELECT * FROM aside.kept; DROP DATABASE aside"
  same
}

test_check_finds_a_lost_and_a_changed_table() {
  sql <<<"DROP TABLE online_first.child; ALTER TABLE online_first.parent ADD COLUMN more INT"
  local out
  out=$("$LAB/check" "$LAB_RECORD" --service rondb) && false
  grep -Fx '  missing: table online_first.child' <<<"$out"
  grep -Fx '  missing: row online_first.child[2]' <<<"$out"
  grep -Fx '  changed: table online_first.parent' <<<"$out"
  sql <<<"ALTER TABLE online_first.parent DROP COLUMN more;
    CREATE TABLE online_first.child (id INT PRIMARY KEY, parent INT, KEY (parent), FOREIGN KEY (parent) REFERENCES online_first.parent (id)) ENGINE=NDB;
    INSERT INTO online_first.child VALUES (1, 1), (2, 1), (3, 3);"
  same
}

test_check_finds_users_and_grants() {
  sql <<<"CREATE USER intruder@'%'; REVOKE INSERT ON online_first.kinds FROM 'first_writer'@'10.%'; GRANT DELETE ON online_first.parent TO 'first_writer'@'10.%'"
  local out
  out=$("$LAB/check" "$LAB_RECORD" --service users) && false
  grep -F "extra: user 'intruder'@'%'" <<<"$out"
  grep -F "missing: grant 'first_writer'@'10.%'" <<<"$out"
  grep -F "extra: grant 'first_writer'@'10.%': GRANT DELETE" <<<"$out"
  sql <<<"DROP USER intruder@'%'; GRANT INSERT ON online_first.kinds TO 'first_writer'@'10.%'; REVOKE DELETE ON online_first.parent FROM 'first_writer'@'10.%';
    RENAME USER 'first_writer'@'10.%' TO 'other'@'10.%'"
  out=$("$LAB/check" "$LAB_RECORD" --service users) && false
  grep -Fx "  missing: user 'first_writer'@'10.%'" <<<"$out"
  grep -Fx "  extra: user 'other'@'10.%'" <<<"$out"
  sql <<<"RENAME USER 'other'@'10.%' TO 'first_writer'@'10.%'"
  sql <<<"ALTER USER 'first_reader'@'%' IDENTIFIED BY 'another'"
  out=$("$LAB/check" "$LAB_RECORD" --service users) && false
  grep -Fx "  changed: user 'first_reader'@'%'" <<<"$out"
  local was
  was=$("$LAB/s3" get "$HOPSFS_BUCKET" "rondb_backup/$(awk '$1 == "rondb" {print $2}' "$LAB_BACKUP")/users.sql" | grep "CREATE USER .first_reader" | sed 's/^CREATE USER/ALTER USER/; s/;*$//')
  sql <<<"$was"
  "$LAB/check" "$LAB_RECORD" --service users
}

test_check_finds_a_lost_block_as_a_changed_file() {
  local block key version
  block=$(sql -N -B <<<"SELECT CONCAT(block_id, '_', generation_stamp) FROM hopsfs.hdfs_block_infos b JOIN hopsfs.hdfs_inodes i ON i.id = b.inode_id
    WHERE i.path = '/user/first/file-4' ORDER BY block_index LIMIT 1")
  key=hopsfs_blocks/blk_$block.data
  "$LAB/s3" get "$HOPSFS_BUCKET" "$key" >"$RUN/block"
  "$LAB/s3" delete "$HOPSFS_BUCKET" "$key"
  differs hopsfs "changed: file /user/first/file-4"
  head -c 10 "$RUN/block" >"$RUN/block.short"
  "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/block.short"
  differs hopsfs "changed: file /user/first/file-4"
  "$LAB/s3" put "$HOPSFS_BUCKET" "$key" "$RUN/block"
  same
}

test_check_finds_files_missing_extra_and_of_another_content() {
  local ids
  # Files created here use ids, and the counter is a row like any other, so it is put back, too.
  ids=$(sql -N -B <<<"SELECT value FROM hopsfs.hdfs_variables WHERE id = 'next_id'")
  fs GET /user/first/file-1 >"$RUN/file-1"
  fs GET /user/first/file-2 >"$RUN/file-2"
  sql <<<"CREATE DATABASE aside; CREATE TABLE aside.inodes AS SELECT * FROM hopsfs.hdfs_inodes WHERE path = '/user/first/file-1';
    CREATE TABLE aside.blocks AS SELECT * FROM hopsfs.hdfs_block_infos WHERE inode_id IN (SELECT id FROM aside.inodes);
    DELETE FROM hopsfs.hdfs_block_infos WHERE inode_id IN (SELECT id FROM aside.inodes); DELETE FROM hopsfs.hdfs_inodes WHERE path = '/user/first/file-1';
    UPDATE hopsfs.hdfs_inodes SET path = '/user/first/new' WHERE path = '/user/first/file-2'"
  tr 1 2 <"$RUN/file-2" >"$RUN/file-2.wrong"
  fs PUT /user/first/file-2 "$RUN/file-2.wrong"
  local out
  out=$("$LAB/check" "$LAB_RECORD" --service hopsfs) && false
  [ "$(grep '^  ' <<<"$out" | sort)" = "$(printf '  %s\n' "missing: file /user/first/file-1" "extra: file /user/first/new" "changed: file /user/first/file-2" | sort)" ]
  fs DELETE /user/first/file-2
  sql <<<"UPDATE hopsfs.hdfs_inodes SET path = '/user/first/file-2' WHERE path = '/user/first/new';
    INSERT INTO hopsfs.hdfs_inodes SELECT * FROM aside.inodes; INSERT INTO hopsfs.hdfs_block_infos SELECT * FROM aside.blocks;
    UPDATE hopsfs.hdfs_variables SET value = $ids WHERE id = 'next_id'; DROP DATABASE aside"
  same
}

test_check_finds_documents_missing_extra_and_changed() {
  local at doc
  at=$(url opensearch)
  doc=$(curl -sS --fail "$at/featurestore/_doc/first_churn-1" | jq -c ._source)
  curl -sS --fail -X DELETE "$at/featurestore/_doc/first_churn-1?refresh=true"
  curl -sS --fail -X PUT "$at/projects/_doc/new?refresh=true" -H 'Content-Type: application/json' -d '{"name": "new"}'
  curl -sS --fail -X PUT "$at/projects/_doc/first_fraud?refresh=true" -H 'Content-Type: application/json' -d '{"name": "first_fraud", "features": 1}'
  differs opensearch "missing: document featurestore/first_churn-1" "extra: document projects/new" "changed: document projects/first_fraud"
  curl -sS --fail -X PUT "$at/featurestore/_doc/first_churn-1?refresh=true" -H 'Content-Type: application/json' -d "$doc"
  curl -sS --fail -X DELETE "$at/projects/_doc/new?refresh=true"
  curl -sS --fail -X PUT "$at/projects/_doc/first_fraud?refresh=true" -H 'Content-Type: application/json' -d '{"name": "first_fraud", "features": 3000}'
  same
}

test_check_finds_a_lost_index() {
  local at
  at=$(url opensearch)
  curl -sS --fail -X DELETE "$at/projects"
  curl -sS --fail -X PUT "$at/stranger"
  differs opensearch "missing: index projects" "missing: document projects/first_churn" "missing: document projects/first_fraud" "extra: index stranger"
  curl -sS --fail -X DELETE "$at/stranger"
  curl -sS --fail -X POST "$at/_snapshot/default/$(awk '$1 == "opensearch" {print $2}' "$LAB_BACKUP")/_restore?wait_for_completion=true" \
    -H 'Content-Type: application/json' -d '{"indices": "projects", "include_global_state": false}' | jq -e '.snapshot.shards.failed == 0'
  same
}

test_check_finds_secrets_and_roles() {
  kubectl -n first-team get secret api-key -o json | jq 'del(.metadata.resourceVersion, .metadata.uid, .metadata.creationTimestamp)' >"$RUN/secret"
  kubectl -n first-team delete secret api-key
  kubectl -n first-team label configmap settings hopsworks.ai/user-resources=true --overwrite
  kubectl -n first-team patch configmap settings -p '{"data": {"mode": "no"}}'
  kubectl -n "$NS" create secret generic stranger --from-literal=a=b
  differs kubernetes "missing: secrets first-team/api-key" "changed: configmaps first-team/settings" "extra: secrets $NS/stranger"
  kubectl apply -f "$RUN/secret"
  kubectl -n first-team patch configmap settings -p '{"data": {"mode": "yes"}}'
  kubectl -n "$NS" delete secret stranger
  same
}

# A password that its key does not open is as good as lost.
test_check_finds_dashboards_and_passwords() {
  superset_sql <<<"UPDATE dashboards SET dashboard_title = 'other' WHERE slug = 'first-churn'; UPDATE dbs SET password = REVERSE(password)"
  differs superset "missing: dashboard first churn" "extra: dashboard other" "changed: connection first warehouse"
  superset_sql <<<"UPDATE dashboards SET dashboard_title = 'first churn' WHERE slug = 'first-churn'; UPDATE dbs SET password = REVERSE(password)"
  same
}

test_the_application_refuses_data_that_is_not_whole() {
  sql <<<"DELETE FROM hopsworks.feature WHERE project = 'first_churn' AND n = 7"
  kubectl -n "$NS" delete pod -l app=hopsworks-instance --wait
  says_why() { kubectl -n "$NS" logs -l app=hopsworks-instance --tail=20 --previous 2>/dev/null | grep 'project first_churn has 2999 of 3000 features'; }
  wait_for 180 "the application's refusal" - says_why
  [ "$(kubectl -n "$NS" get deployment hopsworks-instance -o jsonpath='{.status.readyReplicas}')" = "" ]
  local value
  value=$(printf first_churn/7 | sha256sum | cut -c1-32)
  sql <<<"INSERT INTO hopsworks.feature VALUES ('first_churn', 7, '$value')"
  kubectl -n "$NS" delete pod -l app=hopsworks-instance --wait
  kubectl -n "$NS" rollout status deployment/hopsworks-instance --timeout=180s
  same
}
