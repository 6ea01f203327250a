# shellcheck shell=bash
# hwdr vm: restores. The last test of a file leaves the cluster with what VM_RECORD has.

test_damaged_backups_are_refused() {
  local part=BACKUP/BACKUP-$BACKUP
  backup_once
  damaged "find $part -name '*.2.Data' -delete"
  refused "" vm_damaged verify "$BACKUP"
  refused "2" vm_damaged restore "$BACKUP" --wipe --yes
  damaged "file=\$(find $part -name '*.1.Data' | sort | head -n 1); truncate -s -1000 \"\$file\""
  refused ".1.Data" vm_damaged restore "$BACKUP" --wipe --yes
  damaged "rm -r hopsfs/data2"
  refused "data2" vm_damaged restore "$BACKUP" --wipe --yes
  damaged "rm manifest.json"
  refused "" vm_damaged restore "$BACKUP" --wipe --yes
  # A part of another backup.
  damaged "file=\$(find $part -name '*.1.Data' | sort | head -n 1); other=\$(find $part -name '*.2.Data' | sort | head -n 1); cp \"\$other\" \"\$file\""
  refused ".1.Data" vm_damaged restore "$BACKUP" --wipe --yes
  "$VM/check" "$VM_RECORD"
}

test_restore_into_a_cluster_with_data_is_refused() {
  backup_once
  refused "--wipe" vm restore "$BACKUP" --yes
  refused "--yes" vm restore "$BACKUP" --wipe </dev/null
  vm restore "$BACKUP" --wipe --dry-run
  "$VM/check" "$VM_RECORD"
}

# RonDB's backup, by which undo brings all back, does not have them.
test_tables_outside_of_rondb_are_not_dropped() {
  backup_once
  sql head1 -e "CREATE TABLE project_1.outside (id INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO project_1.outside VALUES (7)"
  vm doctor | grep -q "project_1.outside"
  refused "project_1.outside" vm restore "$BACKUP" --wipe --yes
  [ "$(sql head1 -e "SELECT id FROM project_1.outside")" = 7 ]
  sql head1 -e "DROP TABLE project_1.outside"
  "$VM/check" "$VM_RECORD"
}

test_backup_is_restored_into_a_new_cluster() {
  backup_once
  lose_all
  # The deployment formatted the name node, so its database is there, as in any cluster that was deployed.
  refused "hops" vm restore "$BACKUP" --yes
  vm restore "$BACKUP" --wipe --yes
  "$VM/check" "$VM_RECORD"
  refused "is done" vm resume
  vm finalize --yes
  on data1 bash -c '! ls -d "$1".hwdr-*' - "$BLOCKS"
  "$VM/check" "$VM_RECORD"
}

test_undone_restore_leaves_what_was_there() {
  local before=$VMRUN/before.txt
  backup_once
  sql head1 -e "CREATE TABLE project_1.later (id INT PRIMARY KEY) ENGINE=ndbcluster; INSERT INTO project_1.later VALUES (1), (2);
    DELETE FROM project_1.labels_1 WHERE id < 500"
  as hdfs "$NAMENODE" "$HADOOP/bin/hdfs" dfs -put /etc/services /later
  "$VM/check" --record "$before"
  vm restore "$BACKUP" --wipe --yes
  "$VM/check" "$VM_RECORD"
  vm undo --yes
  "$VM/check" "$before"
  refused "is undone" vm undo --yes
  # What was restored is set aside now.
  on data1 bash -c 'ls -d "$1".hwdr-undone-*' - "$BLOCKS"
  vm finalize --yes
  on data1 bash -c '! ls -d "$1".hwdr-*' - "$BLOCKS"
  "$VM/check" "$before"
  vm restore "$BACKUP" --wipe --yes
  vm finalize --yes
  "$VM/check" "$VM_RECORD"
}
