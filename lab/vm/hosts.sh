# shellcheck shell=bash
# Makes and ends hosts. Sourced by up, down, lose and deploy.

# The users of the cookbooks, with their ids there, and the one that logs in.
USERS=(mysql:1519:1514 hdfs:1506:1506 kafka:1504:1504 ops:1000:1000)

make_network() {
  ip link show "$BRIDGE" >/dev/null 2>&1 && return 0
  ip link add "$BRIDGE" type bridge
  ip addr add "$BRIDGE_ADDRESS/24" dev "$BRIDGE"
  ip link set "$BRIDGE" up
}

# make_keys: the operator's key, the hosts' own, and that of the user mysql, by which the cookbook's backup script collects the parts.
make_keys() {
  local keys=$VMRUN/keys name
  [ -f "$keys/known_hosts" ] && return 0
  mkdir -p "$keys"
  for name in operator-user mysql-user "$OPERATOR" "${CLUSTER[@]}"; do
    [ -f "$keys/$name" ] || ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$keys/$name"
  done
  for name in "$OPERATOR" "${CLUSTER[@]}"; do
    echo "$name,${ADDRESS[$name]} $(cut -d' ' -f1,2 "$keys/$name.pub")"
  done >"$keys/known_hosts"
}

# authorize FOLDER USER KEY: lets that key log in as that user.
authorize() {
  mkdir -p "$1"
  cat "$3" >>"$1/authorized_keys"
  chmod 700 "$1" && chmod 600 "$1/authorized_keys"
  chown -R "$2" "$1"
}

# make_etc HOST: its users, names, keys and rights.
make_etc() {
  local host=$1 root=$VMRUN/$1/root keys=$VMRUN/keys user id group name
  cp -a /etc/. "$root/etc/"
  rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/ssh/ssh*_config.d/* "$root/etc/nologin"
  echo "$host" >"$root/etc/hostname"
  echo "127.0.0.1 localhost" >"$root/etc/hosts"
  for name in "$OPERATOR" "${CLUSTER[@]}"; do echo "${ADDRESS[$name]} $name"; done >>"$root/etc/hosts"
  for name in "${USERS[@]}"; do
    IFS=: read -r user id group <<<"$name"
    sed -i "/^$user:/d; /^[^:]*:[^:]*:$id:/d" "$root/etc/passwd"
    sed -i "/^$user:/d; /^[^:]*:[^:]*:$group:/d" "$root/etc/group"
    sed -i "/^$user:/d" "$root/etc/shadow"
    echo "$user:x:$id:$group::/home/$user:/bin/bash" >>"$root/etc/passwd"
    echo "$user:x:$group:" >>"$root/etc/group"
    echo "$user:*:19000:0:99999:7:::" >>"$root/etc/shadow"
    mkdir -p "$root/home/$user"
    chmod 750 "$root/home/$user" && chown "$id:$group" "$root/home/$user"
  done
  install -m 600 "$keys/$host" "$root/etc/ssh/ssh_host_ed25519_key"
  echo "HostKey /etc/ssh/ssh_host_ed25519_key" >"$root/etc/ssh/sshd_config.d/lab.conf"
  install -m 644 "$keys/known_hosts" "$root/etc/ssh/ssh_known_hosts"
  mkdir -p "$root/root/.ssh" && chmod 700 "$root/root/.ssh"
  if [ "$host" = "$OPERATOR" ]; then
    install -m 600 "$keys/operator-user" "$root/root/.ssh/id_ed25519"
  else
    authorize "$root/home/ops/.ssh" 1000:1000 "$keys/operator-user.pub"
    authorize "$root/home/mysql/.ssh" 1519:1514 "$keys/mysql-user.pub"
    install -m 600 -o 1519 -g 1514 "$keys/mysql-user" "$root/home/mysql/.ssh/id_ed25519"
    echo "ops ALL=(ALL:ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/ops"
    chmod 440 "$root/etc/sudoers.d/ops"
  fi
}

# start_host HOST: brings one up, with what it has on its disks, or new.
start_host() {
  local host=$1 folder=$VMRUN/$1 outer pid=
  host_pid "$host" >/dev/null && return 0
  mkdir -p "$folder" "$VMRUN/log"
  printf '%s\n' "$VM/srv /opt/lab" "${BINDS[@]}" >"$folder/binds"
  if [ ! -d "$folder/root/etc/ssh" ]; then
    mkdir -p "$folder/root/etc" && make_etc "$host"
  fi
  rm -f "$folder/root/run/ready"
  setsid unshare --mount --net --pid --uts --ipc --fork --propagation private \
    bash "$VM/host" "$host" "$folder" "hwdr-vm-host-$host" >"$VMRUN/log/$host.log" 2>&1 </dev/null 8>&- &
  outer=$!
  for _ in $(seq 50); do
    pid=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null) && [ -n "${pid// /}" ] && break
    sleep 0.1
  done
  [ -n "${pid// /}" ] || { tail_log "$VMRUN/log/$host.log"; die "$host: unshare failed"; }
  echo "${pid// /}" >"$folder/pid"
  wait_for 20 "the root of $host" "$VMRUN/log/$host.log" test -e "$folder/root/run/ready"
  ip link add "vm-$host" type veth peer name eth0 netns "${pid// /}"
  ip link set "vm-$host" master "$BRIDGE" up
  on "$host" bash -euc "ip addr add ${ADDRESS[$host]}/24 dev eth0 && ip link set eth0 up"
  [ "$host" = "$OPERATOR" ] || on "$host" /usr/sbin/sshd
}

# stop_host HOST: as if its power were cut. Its disks stay.
stop_host() {
  local pid
  pid=$(host_pid "$1") || return 0
  kill -KILL "$pid"
  host_gone() { ! host_pid "$1" >/dev/null; }
  wait_for 20 "the end of $1" - host_gone "$1"
  rm -f "$VMRUN/$1/pid"
  ip link del "vm-$1" 2>/dev/null || true
}
