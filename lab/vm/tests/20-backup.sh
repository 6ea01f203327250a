# shellcheck shell=bash
# hwdr vm: the inventory, what the doctor finds, and backups.

test_init_writes_what_the_management_server_says() {
  local text
  on "$OPERATOR" rm -f /root/init.yaml
  vm init "${ADDRESS[$MGMD]}" --user ops --folder "$STORE" --to /root/init.yaml
  text=$(on "$OPERATOR" cat /root/init.yaml)
  for host in "${CLUSTER[@]}"; do grep -qF "${ADDRESS[$host]}" <<<"$text"; done
  grep -A 3 "${ADDRESS[data2]}" <<<"$text" | grep -q "nodeId: 2"
  vm lint --inventory /root/init.yaml
  refused "exists" vm init "${ADDRESS[$MGMD]}" --user ops --to /root/init.yaml
  refused "cannot be reached" vm init 10.89.0.99 --user ops --to -
}

test_doctor_finds_nothing_wrong() {
  vm doctor
}

# doctor_says MESSAGE FAULT…: with that fault it does, a backup is refused, and nothing is left of it.
doctor_says() {
  local message=$1
  shift
  broken "$@"
  refused "$message" vm doctor
  refused "$message" vm backup --id 77
  mended
  refused "No such file" on "$OPERATOR" ls "$STORE/77"
  on data1 test ! -e "$BACKUPS/BACKUP/BACKUP-77"
}

test_faults_are_found_before_a_backup() {
  doctor_says "data2" network data2
  doctor_says "sudo" sudo data1
  doctor_says "prints text" chatter data2
  doctor_says "8.4.9" version data2 ndb_restore 8.4.9
  doctor_says "rsync" without data1 rsync
  # A wrong clock stops nothing, but must be known: ids and logs have its times.
  broken clock data1 640
  vm doctor | grep -q "warning *data1: the clock is 10 min [0-9]* s fast"
  mended
  # A banner is no fault.
  broken banner data1
  vm doctor
  mended
  mysql_answers
  "$VM/check" "$VM_RECORD"
}

test_node_ids_that_changed_are_found() {
  on "$OPERATOR" sed -i 's/nodeId: 2/nodeId: 3/' "$INVENTORY"
  refused "3" vm doctor
  refused "3" vm backup --id 77
  inventory
}

test_backup_is_complete() {
  backup_once
  vm list | grep -q "$BACKUP"
  vm show "$BACKUP"
  vm verify "$BACKUP"
  # What was there while it was made is still there, and it left nothing behind.
  "$VM/check" "$VM_RECORD"
  refused "used already" vm backup --id "$BACKUP"
}

test_second_backup_sends_only_what_is_new() {
  local second=1000000002
  backup_once
  as hdfs "$NAMENODE" "$HADOOP/bin/hdfs" dfs -put /etc/services /services
  vm backup --id "$second"
  as hdfs "$NAMENODE" "$HADOOP/bin/hdfs" dfs -rm /services
  # Blocks with one link are those that were sent: the one new file on two data nodes, with checksums.
  [ "$(on "$OPERATOR" find "$STORE/$second/hopsfs" -name 'blk_*' -links 1 | wc -l)" = 4 ]
  vm verify "$second"
  wait_for 20 "the deletion of blocks" - "$VM/check" "$VM_RECORD"
}

test_two_at_once_are_refused() {
  local first
  # Slow enough that the first is not done before the second has looked around.
  broken slow data1 200kbit
  vm backup --id 1000000003 >"$VMRUN/first.log" 2>&1 &
  first=$!
  wait_for 60 "the first backup's copies" "$VMRUN/first.log" grep -q '\] parts:' "$VMRUN/first.log"
  refused "another run works on this cluster" vm backup --id 1000000004
  wait "$first"
  mended
}

test_blocks_that_vanish_are_named() {
  local run gone
  gone=$(on data2 find "$BLOCKS/current" -name 'blk_*' ! -name '*.meta' -printf '%f\n' | sort | tail -n 1)
  as hdfs "$NAMENODE" "$HADOOP/bin/hdfs" dfs -put /etc/services /vanishes
  broken slow data1 1mbit
  broken slow data2 1mbit
  vm backup --id 1000000005 >"$VMRUN/vanish.log" 2>&1 &
  run=$!
  wait_for 120 "the list of blocks" "$VMRUN/vanish.log" grep -q '\] parts:' "$VMRUN/vanish.log"
  as hdfs "$NAMENODE" "$HADOOP/bin/hdfs" dfs -rm /vanishes
  wait "$run" || { cat "$VMRUN/vanish.log"; false; }
  mended
  grep -q "were deleted while the backup was made (blk_" "$VMRUN/vanish.log"
  differs grep -q "$gone" "$VMRUN/vanish.log"
  wait_for 20 "the deletion of blocks" - "$VM/check" "$VM_RECORD"
}

# killed_backup ID STEP: a backup that is killed in this step, while data1 is slow.
killed_backup() {
  local run log=$VMRUN/killed.log
  broken slow data1 1mbit
  vm backup --id "$1" >"$log" 2>&1 &
  run=$!
  wait_for 120 "the step $2" "$log" grep -q "\] $2:" "$log"
  on "$OPERATOR" pkill -KILL -x hwdr
  differs wait "$run"
  mended
}

test_killed_backup_is_not_complete_and_is_resumed() {
  killed_backup 1000000006 parts
  refused "not complete" vm verify 1000000006
  # Its lock is gone with it. RonDB is not asked for another backup.
  vm resume >"$VMRUN/resumed.log" 2>&1
  differs grep -q '\] ndb:' "$VMRUN/resumed.log"
  vm verify 1000000006
  "$VM/check" "$VM_RECORD"
  on "$OPERATOR" test ! -e "$STORE/1000000006/runs"
}

# What is deleted while nobody works on the backup is missed, too: the list is of when RonDB's backup had ended.
test_blocks_that_vanish_before_a_backup_is_resumed_are_named() {
  as hdfs "$NAMENODE" "$HADOOP/bin/hdfs" dfs -put /etc/services /vanishes
  killed_backup 1000000010 parts
  as hdfs "$NAMENODE" "$HADOOP/bin/hdfs" dfs -rm /vanishes
  wait_for 20 "the deletion of blocks" - "$VM/check" "$VM_RECORD"
  vm resume >"$VMRUN/resumed.log" 2>&1
  grep -q "were deleted while the backup was made (blk_" "$VMRUN/resumed.log"
  vm list | grep -q "1000000010 .* gaps"
}

test_backup_that_was_killed_too_early_is_made_anew() {
  killed_backup 1000000011 ndb
  refused "cannot be resumed" vm resume
  wait_for 60 "the end of RonDB's backup" - vm backup --id 1000000012
  vm verify 1000000012
  "$VM/check" "$VM_RECORD"
}

# A remote of rclone that is a folder of the operator's host.
test_backup_is_sent_and_brought_back() {
  local id=1000000013 place=/root/place/hopsworks
  remote_place
  vm_away doctor | grep -q "backups can be sent to place:hopsworks"
  vm_away backup --id "$id" --dry-run | grep -q "rclone copyto .*manifest.json"
  vm_away backup --id "$id"
  vm_away list | grep -q "$id .* both"
  on "$OPERATOR" bash -euc 'cd "$1" && sha256sum --quiet -c SHA256SUMS' - "$place/$id"
  on "$OPERATOR" rm -r "/root/away/$id"
  vm_away list | grep -q "$id .* away"
  vm_away verify "$id"
  refused "helm hwdr vm fetch" vm_away restore "$id" --wipe --dry-run
  vm_away fetch "$id"
  vm_away verify "$id"
  # As they were on the data node, with modes and owners' names in the manifest.
  [ "$(on data1 bash -c 'cd "$1" && find current -printf "%p %m\n" | sort | sha256sum' - "$BLOCKS")" = \
    "$(on "$OPERATOR" bash -c 'cd "$1" && find current -printf "%p %m\n" | sort | sha256sum' - "/root/away/$id/hopsfs/data1")" ]
  on "$OPERATOR" bash -euc 'echo X >>"$(find "$1/hopsfs" -name "blk_*" | sort | head -n 1)"' - "$place/$id"
  refused "is damaged" vm_away verify "$id"
}

# A server that speaks S3, and copies by itself: Debian's rclone is the client. The second backup sends no block that the first has.
test_backup_is_sent_to_a_bucket() {
  on "$OPERATOR" bash -euc '
    mkdir -p /root/s3/hopsworks-backups /root/.aws
    printf "%s\n" "[default]" "aws_access_key_id = AKIAEXAMPLE" "aws_secret_access_key = s3cretkey" >/root/.aws/credentials
    sed "s|folder: .*|folder: /root/away\n  s3: {bucket: hopsworks-backups, prefix: prod, region: us-east-1, endpoint: \"http://127.0.0.1:9000\"}|" "$1" >/root/away.yaml' - "$INVENTORY"
  on "$OPERATOR" /opt/rclone/rclone serve s3 --addr 127.0.0.1:9000 --auth-key AKIAEXAMPLE,s3cretkey /root/s3 >"$VMRUN/log/s3.log" 2>&1 &
  trap 'on "$OPERATOR" pkill -x rclone' EXIT
  wait_for 20 "the S3 server" "$VMRUN/log/s3.log" vm_away doctor
  vm_away backup --id 1000000015
  on "$OPERATOR" test -e /root/s3/hopsworks-backups/prod/1000000015/manifest.json
  vm_away backup --id 1000000016 2>&1 | tee "$VMRUN/bucket.log"
  on "$OPERATOR" rm -r /root/away
  vm_away verify 1000000016
  vm_away fetch 1000000016
  vm_away verify 1000000016
  vm_away keep 1000000015
  vm_away list | grep -q "1000000015 .* away .* yes"
  differs grep -q s3cretkey "$VMRUN/bucket.log"
}

test_place_that_cannot_be_written_is_found_before_a_backup() {
  remote_place
  on "$OPERATOR" sed -i 's|^remote = .*|remote = none:|' /root/.config/rclone/rclone.conf
  refused "backups cannot be sent" vm_away doctor
  refused "backups cannot be sent" vm_away backup --id 77
  refused "No such file" on "$OPERATOR" ls /root/away/77
  on data1 test ! -e "$BACKUPS/BACKUP/BACKUP-77"
}

test_full_disk_of_a_data_node_is_named() {
  on data1 mkdir -p "$BACKUPS/BACKUP"
  on data1 chown mysql:mysql "$BACKUPS/BACKUP"
  broken fill data1 "$BACKUPS/BACKUP" 16k
  refused "data1" vm backup --id 1000000008
  mended
  refused "" vm verify 1000000008
  "$VM/check" "$VM_RECORD"
}
