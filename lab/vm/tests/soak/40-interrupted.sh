# shellcheck shell=bash
# hwdr vm: restores that are interrupted, or that meet a fault half-way, and those into other clusters. Each test leaves the cluster with
# what VM_RECORD has.

# killed_at NUMBER COMMAND…: begins it, and kills it when it begins that step; fails if it ended before, as it then has.
killed_at() {
  local number=$1 log=$VMRUN/step.log run
  shift
  : >"$log"
  "$@" >"$log" 2>&1 &
  run=$!
  until grep -q "^[0-9:]* \[$number/" "$log"; do
    kill -0 "$run" 2>/dev/null || { wait "$run" || { tail_log "$log"; die "failed before step $number: $*"; }; return 1; }
    sleep 0.1
  done
  on "$OPERATOR" pkill -KILL -x hwdr
  wait "$run" || true
}

test_restore_survives_a_kill_at_each_step() {
  local number=1
  backup_once
  killed_at 1 vm restore "$BACKUP" --wipe --yes
  refused "" vm restore "$BACKUP" --wipe --yes # it is not done
  while killed_at "$((++number))" vm resume; do :; done
  [ "$number" -gt 15 ]
  "$VM/check" "$VM_RECORD"
  vm finalize --yes
}

# The record beside the backup tells of steps that were done on hosts that are gone.
test_cluster_that_is_lost_during_a_restore_is_restored_anew() {
  backup_once
  killed_at 12 vm restore "$BACKUP" --wipe --yes
  lose_all
  refused "forget it" vm resume
  refused "forget it" vm undo --yes
  refused "forget it" vm restore "$BACKUP" --wipe --yes
  vm finalize --yes
  vm restore "$BACKUP" --wipe --yes
  vm finalize --yes
  "$VM/check" "$VM_RECORD"
}

test_restore_is_resumed_from_another_machine() {
  backup_once
  killed_at 8 vm restore "$BACKUP" --wipe --yes
  # Another machine: the backups are elsewhere there.
  on "$OPERATOR" bash -euc 'rm -rf /root/elsewhere && cp -a "$1" /root/elsewhere && mv "$1" "$1.lost" && sed "s|folder: .*|folder: /root/elsewhere|" "$2" >/root/elsewhere.yaml' - "$STORE" "$INVENTORY"
  vm resume --inventory /root/elsewhere.yaml
  vm finalize --yes --inventory /root/elsewhere.yaml
  on "$OPERATOR" mv "$STORE.lost" "$STORE"
  "$VM/check" "$VM_RECORD"
}

# The record on the management node names the backup; the rest comes from the place.
test_restore_of_a_backup_that_is_only_elsewhere() {
  local id=1000000020
  backup_once
  remote_place
  vm_away backup --id "$id"
  on "$OPERATOR" rm -rf /root/away
  killed_at 8 vm_away restore "$id" --wipe --yes
  on "$OPERATOR" rm -rf /root/away
  vm_away resume
  "$VM/check" "$VM_RECORD"
  on "$OPERATOR" rm -rf /root/away
  vm_away fetch "$id"
  vm_away undo --yes
  "$VM/check" "$VM_RECORD"
}

test_host_that_is_lost_during_a_restore() {
  local run log=$VMRUN/lost.log
  backup_once
  vm restore "$BACKUP" --wipe --yes >"$log" 2>&1 &
  run=$!
  wait_for 300 "the step of blocks" "$log" grep -q '^[0-9:]* \[[0-9/]*\] blocks:' "$log"
  broken network data2
  differs wait "$run"
  grep -q "data2" "$log"
  mended
  # RonDB may have given its data node there up.
  on data2 systemctl start ndbmtd
  wait_for 180 "the data node of data2" - on "$MGMD" "$MYSQL/ndb_waiter" -c "${ADDRESS[$MGMD]}" --timeout=5
  mysql_answers
  vm resume
  vm finalize --yes
  "$VM/check" "$VM_RECORD"
}

# It starts and reports, but from another folder, as after a change of its configuration during the restore. Before it, that is refused.
test_data_node_that_reports_no_blocks_is_named() {
  local storage run log=$VMRUN/safemode.log conf=$HADOOP/etc/hadoop/hdfs-site.xml
  backup_once
  on data2 install -d -o hdfs -g hdfs /srv/hopsworks-data/other
  on data2 sed -i.saved 's|file:///srv/hops/hopsdata/hdfs/dn|file:///srv/hopsworks-data/other|' "$conf"
  refused "data2: HopsFS keeps blocks in" vm restore "$BACKUP" --wipe --yes
  on data2 mv "$conf.saved" "$conf"
  vm restore "$BACKUP" --wipe --yes >"$log" 2>&1 &
  run=$!
  wait_for 300 "the restore of RonDB" "$log" grep -q '^[0-9:]* \[[0-9/]*\] metadata:' "$log"
  on data2 sed -i.saved 's|file:///srv/hops/hopsdata/hdfs/dn|file:///srv/hopsworks-data/other|' "$conf"
  wait_for 300 "the watch on safe mode" "$log" grep -q '^[0-9:]* \[[0-9/]*\] safemode:' "$log"
  wait_for 120 "the name of the data node" "$log" grep -q "data2.* of .* blocks" "$log"
  on data2 mv "$conf.saved" "$conf"
  on data2 systemctl restart datanode
  wait "$run" || { tail_log "$log"; false; }
  vm finalize --yes
  # The name node knows the other folder since.
  storage=$(on data2 sed -n 's/^storageID=//p' /srv/hopsworks-data/other/current/VERSION)
  sql head1 -e "DELETE FROM hops.hdfs_storage_id_map WHERE storage_id = '${storage:?}'"
  "$VM/check" "$VM_RECORD"
}

test_runbook_ends_the_same() {
  backup_once
  vm runbook "$BACKUP" --wipe | grep -q ndb_restore
  vm runbook "$BACKUP" --wipe -o script >"$VMRUN/runbook.sh"
  "$LAB/../scripts/tools" shellcheck
  "$("$LAB/../scripts/tools" --dir)/shellcheck" "$VMRUN/runbook.sh"
  lose_all
  on "$OPERATOR" tee /root/runbook.sh <"$VMRUN/runbook.sh" >/dev/null
  on "$OPERATOR" bash /root/runbook.sh
  "$VM/check" "$VM_RECORD"
}

test_cluster_with_other_node_ids() {
  backup_once
  LAB_VM_NODE_IDS="data1=3 data2=4" lose_all
  NODE_ID+=(["data1"]=3 ["data2"]=4)
  inventory
  vm restore "$BACKUP" --wipe --yes
  vm finalize --yes
  "$VM/check" "$VM_RECORD"
  NODE_ID+=(["data1"]=1 ["data2"]=2)
  inventory
  lose_all
  vm restore "$BACKUP" --wipe --yes
  vm finalize --yes
  "$VM/check" "$VM_RECORD"
}

# It has RonDB alone: the blocks stay as they are.
test_backup_of_the_cookbook_is_restored() {
  local id=1000000090 name=hops_hopsworks_26-11-30_20-17.backup_1000000090
  as mysql "$MGMD" env RONDB_BACKUP_ID=$id RONDB_BACKUP_NAME=$name "$SCRIPTS/native_ndb_backup.sh"
  on "$OPERATOR" rsync -a --rsync-path="sudo rsync" "ops@$MGMD:$BACKUPS/$name" "$STORE/"
  vm list | grep -q "$id"
  vm verify "$id"
  vm restore "$id" --wipe --yes
  vm finalize --yes
  "$VM/check" "$VM_RECORD"
}

# What a busy machine takes for the bare connections is no fault of hwdr's.
test_many_hosts_are_checked_in_seconds() {
  local bare checked
  "$VM/many" 64 | on "$OPERATOR" tee /root/many.yaml >/dev/null
  bare=$(date +%s%N)
  on "$OPERATOR" bash -euc 'sed -n "s/.*address: \([0-9.]*\).*/\1/p" /root/many.yaml | xargs -P 16 -I{} ssh -o BatchMode=yes -l ops {} true'
  bare=$((($(date +%s%N) - bare) / 1000000))
  checked=$(date +%s%N)
  vm doctor --inventory /root/many.yaml >"$VMRUN/many.log" 2>&1 || true
  checked=$((($(date +%s%N) - checked) / 1000000))
  "$VM/many" off
  grep -q "64 of 64 hosts answer" "$VMRUN/many.log"
  say "64 hosts in $checked ms; nothing but ssh to each: $bare ms"
  ((checked < 10000 || checked < bare * 3 / 2))
}
