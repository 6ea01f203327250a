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

# vm VERB ARGUMENT…: hwdr vm of this checkout, on the operator's host, with the inventory of the lab.
vm() { on "$OPERATOR" env HWDR_INVENTORY="$INVENTORY" hwdr vm "$@"; }

install -m 755 "${HWDR:?}" "$VMRUN/$OPERATOR/local/bin/hwdr.new"
mv "$VMRUN/$OPERATOR/local/bin/hwdr.new" "$VMRUN/$OPERATOR/local/bin/hwdr"

# mysql_answers: waits until each MySQL server reads from RonDB. While a data node is cut off, they wait, or RonDB lets them go; and TCP finds out
# late that the network is back.
mysql_answers() {
  local host
  for host in "${HEADS[@]}"; do
    wait_for 240 "MySQL on $host" - sql "$host" -e "SELECT COUNT(*) FROM mysql.ndb_apply_status"
  done
}

# remote_place: an inventory of the same machines whose backups go to a folder of their own, and are sent to a remote of rclone.
remote_place() {
  on "$OPERATOR" bash -euc '
    mkdir -p /root/.config/rclone /root/place
    printf "%s\n" "[place]" "type = alias" "remote = /root/place" >/root/.config/rclone/rclone.conf
    sed "s|folder: .*|folder: /root/away\n  rclone: place:hopsworks|" "$1" >/root/away.yaml' - "$INVENTORY"
}

# vm_away VERB ARGUMENT…: hwdr vm with that inventory.
vm_away() { on "$OPERATOR" env HWDR_INVENTORY=/root/away.yaml hwdr vm "$@"; }

# backup_once: the backup that the tests share, made by the first that needs it. It has what VM_RECORD has.
BACKUP=1000000001
backup_once() {
  on "$OPERATOR" test -e "$STORE/$BACKUP/manifest.json" || vm backup --id "$BACKUP"
}

# refused MESSAGE COMMAND…: the command fails, and says this.
refused() {
  local message=$1 out
  shift
  if out=$("$@" 2>&1); then die "not refused: $*: $out"; fi
  grep -qF -- "$message" <<<"$out" || die "refused, but not with: $message: $out"
}

# broken WHAT HOST …: a fault (see lab/vm/fault) until "mended", or until the test ends.
FAULTS=()
broken() {
  FAULTS+=("${*@Q}")
  trap mended EXIT
  "$VM/fault" "$@"
}

mended() {
  local fault
  trap - EXIT
  for fault in "${FAULTS[@]}"; do eval "\"\$VM/fault\" $fault off"; done
  FAULTS=()
}

# differs COMMAND…: it fails; "!" alone does not end a script.
differs() { if "$@"; then die "did not fail: $*"; fi; }

# damaged COMMAND: a copy of the shared backup in a folder of its own, damaged by a command that runs in it.
damaged() {
  on "$OPERATOR" bash -euc '
    rm -rf /root/damaged && mkdir /root/damaged && cp -al "$1/$2" /root/damaged/
    # The links would damage the original, too.
    find "/root/damaged/$2" -type f ! -path "*/hopsfs/*" -exec sh -c "for f; do cp -p -- \"\$f\" \"\$f.copy\" && mv -- \"\$f.copy\" \"\$f\"; done" - {} +
    sed "s|folder: .*|folder: /root/damaged|" "$3" >/root/damaged.yaml
    cd "/root/damaged/$2" && eval "$4"' - "$STORE" "$BACKUP" "$INVENTORY" "$1"
}

# vm_damaged VERB ARGUMENT…: hwdr vm with the damaged copy.
vm_damaged() { on "$OPERATOR" env HWDR_INVENTORY=/root/damaged.yaml hwdr vm "$@"; }

# lose_all: the cluster is gone, and is deployed anew.
lose_all() {
  "$VM/lose"
  "$VM/up"
}

inventory
