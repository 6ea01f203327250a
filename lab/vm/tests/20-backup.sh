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
  doctor_says "10 minutes" clock data1 600
  doctor_says "8.4.9" version data2 ndb_restore 8.4.9
  doctor_says "rsync" without data1 rsync
  # A banner is no fault.
  broken banner data1
  vm doctor
  mended
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
  broken slow data1 4mbit
  vm backup --id 1000000003 >"$VMRUN/first.log" 2>&1 &
  first=$!
  wait_for 60 "the first backup's lock" "$VMRUN/first.log" on "$OPERATOR" test -e "$STORE/1000000003"
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

test_killed_backup_is_not_complete() {
  local run
  broken slow data1 1mbit
  vm backup --id 1000000006 >"$VMRUN/killed.log" 2>&1 &
  run=$!
  wait_for 120 "the copy of blocks" "$VMRUN/killed.log" grep -q '\] blocks:' "$VMRUN/killed.log"
  on "$OPERATOR" pkill -KILL -x hwdr
  differs wait "$run"
  mended
  refused "" vm verify 1000000006
  # Its lock is gone with it, and what came is not sent again.
  vm backup --id 1000000007
  "$VM/check" "$VM_RECORD"
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
