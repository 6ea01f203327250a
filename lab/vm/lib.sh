# shellcheck shell=bash
# Shared by the scripts in lab/vm: the hosts, their addresses, and how to run a command on one. Sourced after lab/lib.sh.
VM=$LAB/vm
VMRUN=${HWDR_LAB_VM_RUN:-$CACHE/vm} # what the running hosts write
BRIDGE=hwdr-vm0
BRIDGE_ADDRESS=10.89.0.1
# From here the operator works, with keys for all others. It belongs to no cluster and outlives a loss of it.
OPERATOR=operator
CLUSTER=(head1 head2 data1 data2)
HEADS=(head1 head2)
DATA=(data1 data2)
MGMD=head1
NAMENODE=head1
SERVICES=head2 # Kafka and ePipe
MGM_ID=49
# shellcheck disable=SC2034 # read by the scripts that source this
declare -A ADDRESS=([operator]=10.89.0.2 [head1]=10.89.0.11 [head2]=10.89.0.12 [data1]=10.89.0.21 [data2]=10.89.0.22)
# A data node's id, and that of a head's MySQL server.
declare -A NODE_ID=([data1]=1 [data2]=2 [head1]=52 [head2]=53)

# The paths of the documentation and of the public cookbooks.
HOPS=/srv/hops
NDB_DIR=$HOPS/mysql-cluster
SCRIPTS=$NDB_DIR/ndb/scripts
MYSQL=$HOPS/mysql/bin
HADOOP=$HOPS/hadoop
BACKUPS=$NDB_DIR/ndb/backups
BLOCKS=/srv/hopsworks-data/hops/hopsdata/hdfs/dn
SOCKET=$NDB_DIR/mysql.sock

# host_pid HOST: the first process of a host, as this machine sees it; nothing if the host is down.
host_pid() {
  local pid
  pid=$(cat "$VMRUN/$1/pid" 2>/dev/null) || return 1
  grep -qs "hwdr-vm-host-$1" "/proc/$pid/cmdline" && echo "$pid"
}

# on HOST COMMAND…: runs it on a host, as root, without SSH.
on() {
  local host=$1 pid
  shift
  pid=$(host_pid "$host") || { say "error: the host $host is down"; return 1; }
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
    nsenter --target "$pid" --mount --net --pid --uts --ipc --root --wdns=/ -- "$@" 8>&- # 8: the lock of "up", not theirs
}

# as USER HOST COMMAND…: the same as another user.
as() {
  local user=$1 host=$2
  shift 2
  on "$host" setpriv --reuid="$user" --regid="$user" --init-groups --reset-env -- "$@"
}

# over_ssh HOST COMMAND: as the operator does it.
over_ssh() {
  local host=$1
  shift
  on "$OPERATOR" ssh -o BatchMode=yes "ops@$host" "$@"
}

# sql HOST [OPTION…] -e STATEMENT: as MySQL's root, on a head.
sql() {
  local host=$1
  shift
  as mysql "$host" "$MYSQL/mysql" --no-defaults -S "$SOCKET" -u root -N -B "$@"
}
