# shellcheck shell=bash
# The hosts themselves: whether they are as strict as real ones. What passes here by mistake would pass in all other tests.

hdfs() { as hdfs "$NAMENODE" "$HADOOP/bin/hdfs" "$@"; }

# status STATUS COMMAND…: it ends with this exit status.
status() {
  local expected=$1 got=0
  shift
  "$@" || got=$?
  [ "$got" = "$expected" ] || die "exit status $got, expected $expected: $*"
}

test_scripts_refuse_other_users_and_arguments() {
  status 253 over_ssh "$MGMD" "sudo $SCRIPTS/mgm-server-start.sh"
  status 253 over_ssh data1 "sudo $SCRIPTS/ndbd-start.sh"
  status 255 over_ssh data1 "sudo -u mysql $SCRIPTS/ndbd-start.sh --fast"
  status 1 over_ssh data1 "sudo -u mysql $SCRIPTS/ndbd-stop.sh now"
  status 255 over_ssh "$MGMD" "sudo -u mysql $SCRIPTS/mgm-client.sh show"
  status 2 over_ssh "$MGMD" "sudo $MYSQL/mysqlpump -S $SOCKET --all-databases"
  status 1 over_ssh "$SERVICES" "sudo -u hdfs $HOPS/epipe/bin/reindex-epipe.sh" # ePipe runs
  status 1 over_ssh "$SERVICES" "sudo -u kafka $HOPS/kafka/bin/kafka-restore.sh"
  status 1 over_ssh data1 "systemctl stop datanode"
  status 5 over_ssh data1 "sudo systemctl stop namenode"
  # The account that logs in cannot read what is not its own.
  status 126 over_ssh data1 "$SCRIPTS/ndbd-stop.sh"
  refused "Permission denied" over_ssh data1 "ls $BLOCKS"
}

test_mysql_client_drops_its_first_word() {
  on "$MGMD" bash -euc 'echo "SELECT 40 + 2;" >/tmp/answer.sql'
  refused "answer.sql" over_ssh "$MGMD" "cd /tmp && sudo -u mysql $SCRIPTS/mysql-client.sh source answer.sql"
  over_ssh "$MGMD" "sudo -u mysql $SCRIPTS/mysql-client.sh -e 'source /tmp/answer.sql'" | grep -qx 42
}

test_data_node_refuses_a_folder_of_another_cluster() {
  on data1 systemctl stop datanode
  on data1 sed -i.saved 's/^clusterID=.*/clusterID=CID-other/' "$BLOCKS/current/VERSION"
  status 1 on data1 systemctl start datanode
  on data1 bash -c 'tail -n 3 "$1"/hadoop-hdfs-datanode-*.log' - "$HADOOP/logs" | grep -q "Incompatible clusterIDs in .* datanode clusterID = CID-other"
  on data1 mv "$BLOCKS/current/VERSION.saved" "$BLOCKS/current/VERSION"
  on data1 chown hdfs:hdfs "$BLOCKS/current/VERSION"
  on data1 chown root:root "$BLOCKS"
  status 1 on data1 systemctl start datanode
  on data1 chown hdfs:hdfs "$BLOCKS"
  on data1 systemctl start datanode
  wait_for 20 "the blocks of data1" - "$VM/check" "$VM_RECORD"
}

# All blocks but those of single.bin are on both data nodes: without one of the two, most are reported, which is not enough.
test_safe_mode_lasts_until_the_blocks_are_reported() {
  local without
  on "$NAMENODE" systemctl stop namenode
  for without in "${DATA[@]}"; do on "$without" systemctl stop datanode; done
  on "$NAMENODE" systemctl start namenode
  on data1 systemctl start datanode
  sleep 5
  hdfs dfsadmin -safemode get | grep -qx "Safe mode is ON"
  refused "Name node is in safe mode" hdfs dfs -put /etc/hosts /hosts
  hdfs dfsadmin -report | grep -A 20 "^Live datanodes (1):" | grep -q "Hostname: data1"
  on data2 systemctl start datanode
  wait_for 20 "the end of safe mode" - "$VM/check" "$VM_RECORD"
}

test_blocks_with_other_bytes_cannot_be_read() {
  local block
  block=$(on data1 find "$BLOCKS/current" -name 'blk_*' ! -name '*.meta' -size +40k | sort | sed -n 1p)
  on data1 cp -a "$block" /tmp/block
  on data1 bash -c 'printf X | dd of="$1" bs=1 seek=100 conv=notrunc 2>/dev/null' - "$block"
  refused "the cluster does not hold" "$VM/check" "$VM_RECORD"
  on data1 cp -a /tmp/block "$block"
  "$VM/check" "$VM_RECORD"
}
