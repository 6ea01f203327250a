# shellcheck shell=bash
# Shared by the tests of hwdr vm: its inventory, and how to run it from the operator's host. Sourced after lab/lib.sh.
# shellcheck source=lab/vm/lib.sh
. "$LAB/vm/lib.sh"
host_pid "$OPERATOR" >/dev/null || die "the hosts are down: lab/vm/up first"
# On the operator's host.
INVENTORY=/root/inventory.yaml
STORE=/root/backups
# On this machine: what the cluster held when it was backed up.
VM_RECORD=$VMRUN/record.txt

# inventory: writes it for the cluster of lab/vm/up.
inventory() {
  on "$OPERATOR" tee "$INVENTORY" >/dev/null <<YAML
name: hopsworks-lab
ssh:
  user: ops
hosts:
  head1:
    address: ${ADDRESS[head1]}
    roles: [management, mysql, namenode]
  head2:
    address: ${ADDRESS[head2]}
    roles: [mysql, epipe, kafka]
  data1:
    address: ${ADDRESS[data1]}
    roles: [ndb, datanode]
    nodeId: ${NODE_ID[data1]}
  data2:
    address: ${ADDRESS[data2]}
    roles: [ndb, datanode]
    nodeId: ${NODE_ID[data2]}
backups:
  folder: $STORE
YAML
}

# hwdr ARGUMENT…: the program of this checkout, on the operator's host, with its inventory as VERB's first option.
hwdr() {
  install -m 755 "${HWDR:?}" "$VMRUN/$OPERATOR/local/bin/hwdr.new"
  mv "$VMRUN/$OPERATOR/local/bin/hwdr.new" "$VMRUN/$OPERATOR/local/bin/hwdr"
  on "$OPERATOR" hwdr "$@"
}

# refused MESSAGE COMMAND…: the command fails, and says this.
refused() {
  local message=$1 out
  shift
  if out=$("$@" 2>&1); then die "not refused: $*: $out"; fi
  grep -qF -- "$message" <<<"$out" || die "refused, but not with: $message: $out"
}

# unchanged COMMAND…: leaves the cluster as it is.
unchanged() {
  "$@"
  "$VM/check" "$VM_RECORD"
}

# lose_all: the cluster is gone, and is deployed anew.
lose_all() {
  "$VM/lose"
  "$VM/up"
}
