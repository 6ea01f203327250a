# shellcheck shell=bash
# Starts the servers of the cluster, each with its settings. Sourced by up.

make_keys() {
  local pki=$RUN/pki
  mkdir -p "$pki"
  (
    cd "$pki"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 365 -subj /CN=lab-ca
    openssl genrsa -out sa.key 2048
    openssl rsa -in sa.key -pubout -out sa.pub
    local name subject san
    while read -r name subject san; do
      openssl req -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.csr" -subj "$subject"
      openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out "$name.crt" \
        -extfile <(echo "subjectAltName=$san")
    done <<NAMES
apiserver /CN=kube-apiserver IP:$BRIDGE_IP,IP:$NODE_IP,IP:10.96.0.1,IP:127.0.0.1,DNS:kubernetes.default.svc,DNS:kubernetes.default,DNS:kubernetes
admin /O=system:masters/CN=admin DNS:admin
NAMES
  ) >"$RUN/log/keys.log" 2>&1 || { tail_log "$RUN/log/keys.log"; die "the keys could not be made"; }
  cat >"$KUBECONFIG_FILE" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: lab, cluster: {server: "https://$BRIDGE_IP:6443", certificate-authority-data: $(base64 -w0 "$pki/ca.crt")}}]
users: [{name: admin, user: {client-certificate-data: $(base64 -w0 "$pki/admin.crt"), client-key-data: $(base64 -w0 "$pki/admin.key")}}]
contexts: [{name: lab, context: {cluster: lab, user: admin}}]
current-context: lab
YAML
}

hold_namespaces() {
  setsid unshare --mount --net --pid --fork --mount-proc --propagation private \
    bash "$LAB/hold" hwdr-lab-holder >"$RUN/log/holder.log" 2>&1 </dev/null 8>&- & # 8: up's lock, not theirs
  local outer=$! pid=
  for _ in $(seq 50); do
    pid=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null) && [ -n "${pid// /}" ] && break
    sleep 0.1
  done
  [ -n "${pid// /}" ] || { tail_log "$RUN/log/holder.log"; die "no namespaces: unshare failed"; }
  echo "${pid// /}" >"$RUN/holder.pid"
  wait_for 5 "the holder of the namespaces" "$RUN/log/holder.log" holder
  ip link add "$LINK" type veth peer name host0 netns "$(holder)"
  ip addr add "$HOST_IP/30" dev "$LINK"
  ip link set "$LINK" up
  mkdir -p "$RUN/volumes"
  in_lab bash -euc "
    ip link set lo up
    ip addr add $NODE_IP/30 dev host0 && ip link set host0 up
    ip link add cni0 type bridge && ip addr add $BRIDGE_IP/16 dev cni0 && ip link set cni0 up
    ip route add $SERVICE_NET dev cni0
    sysctl -qw net.ipv4.ip_forward=1
    # Programs that insist on a path of the host get an empty one of the lab's own.
    mkdir -p /var/lib/cni /tmp/hostpath_pv
    for dir in /run /var/log /var/lib/cni; do mount -t tmpfs hwdr-lab \$dir; done
    mount --bind $RUN/volumes /tmp/hostpath_pv"
  ip route add "$POD_NET" via "$NODE_IP"
  ip route add "$SERVICE_NET" via "$NODE_IP"
}

start_s3() {
  mkdir -p "$RUN/s3"
  cat >"$RUN/s3.json" <<JSON
{"identities": [{"name": "lab", "credentials": [{"accessKey": "$S3_ACCESS_KEY", "secretKey": "$S3_SECRET_KEY"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
 {"name": "reader", "credentials": [{"accessKey": "$S3_READER_ACCESS_KEY", "secretKey": "$S3_READER_SECRET_KEY"}], "actions": ["Read", "List"]}]}
JSON
  serve s3 "$PYPI/bin/weed" -logtostderr=true server -dir="$RUN/s3" -ip="$BRIDGE_IP" -ip.bind="$BRIDGE_IP" -master.volumeSizeLimitMB=256 \
    -volume.max=200 -volume.preStopSeconds=0 -filer -s3 -s3.port=8334 -s3.config="$RUN/s3.json" -s3.port.iceberg=0
  # All clients go through a proxy that can be told to fail (see fault).
  serve s3-proxy python3 "$LAB/s3-proxy.py" "$BRIDGE_IP:8333" "$BRIDGE_IP:8334" "$RUN/s3-mode"
}

start_control_plane() {
  serve etcd "$PYPI/bin/etcd" --data-dir "$RUN/etcd" --listen-client-urls http://127.0.0.1:2379 \
    --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync
  cat >"$RUN/audit.yaml" <<YAML
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, userGroups: ["system:serviceaccounts:$AUDITED"]}
  - {level: None}
YAML
  serve apiserver "$K8S/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 \
    --bind-address="$BRIDGE_IP" --advertise-address="$BRIDGE_IP" \
    --tls-cert-file="$RUN/pki/apiserver.crt" --tls-private-key-file="$RUN/pki/apiserver.key" --client-ca-file="$RUN/pki/ca.crt" \
    --service-account-key-file="$RUN/pki/sa.pub" --service-account-signing-key-file="$RUN/pki/sa.key" \
    --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range="$SERVICE_NET" \
    --audit-policy-file="$RUN/audit.yaml" --audit-log-path="$AUDIT_LOG" \
    --authorization-mode=Node,RBAC --allow-privileged=true --kubelet-preferred-address-types=InternalIP \
    --kubelet-client-certificate="$RUN/pki/admin.crt" --kubelet-client-key="$RUN/pki/admin.key"
}

# After the API server: controllers wait half a minute for it, which is not enough on a busy machine, and then exit.
start_controllers() {
  serve controller-manager "$K8S/kube-controller-manager" --kubeconfig="$KUBECONFIG_FILE" --leader-elect=false \
    --service-account-private-key-file="$RUN/pki/sa.key" --root-ca-file="$RUN/pki/ca.crt" --use-service-account-credentials \
    --cluster-cidr="$POD_NET" --enable-hostpath-provisioner --bind-address=127.0.0.1
  # The provisioner creates folders for root only, and host paths ignore fsGroup: open each new one.
  serve volumes bash -c 'inotifywait -mq -e create --format %w%f "$1" | while read -r dir; do chmod 0777 "$dir"; done' - "$RUN/volumes"
  serve scheduler "$K8S/kube-scheduler" --kubeconfig="$KUBECONFIG_FILE" --leader-elect=false --bind-address=127.0.0.1
}

start_containerd() {
  mkdir -p "$RUN/cni" "$RUN/containerd"
  cat >"$RUN/containerd.toml" <<TOML
version = 2
root = "$RUN/containerd/root"
state = "$RUN/containerd/state"
[grpc]
address = "$RUN/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "lab/pause:1"
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$RUN/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
TOML
  cat >"$RUN/cni/10-lab.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "lab", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$RUN/cni/addresses", "ranges": [[{"subnet": "$POD_NET", "gateway": "$BRIDGE_IP"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
  serve containerd containerd -c "$RUN/containerd.toml"
}

start_node() {
  cat >"$RUN/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $RUN/pki/ca.crt}}
authorization: {mode: Webhook}
address: $BRIDGE_IP
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failSwapOn: false
failCgroupV1: false
clusterDNS: [$BRIDGE_IP]
clusterDomain: cluster.local
resolvConf: ""
containerRuntimeEndpoint: unix://$RUN/containerd.sock
evictionHard: {imagefs.available: "1%", nodefs.available: "1%"}
localStorageCapacityIsolation: false
cpuCFSQuota: false # the limits assume more processors
maxPods: 200
imageGCHighThresholdPercent: 100
serializeImagePulls: false
syncFrequency: 10s
shutdownGracePeriod: 0s
YAML
  serve kubelet "$K8S/kubelet" --config="$RUN/kubelet.yaml" --kubeconfig="$KUBECONFIG_FILE" --hostname-override=lab-node \
    --node-ip="$BRIDGE_IP" --root-dir="$RUN/kubelet" --v=2
  # Masquerading sends answers back through the host, which changed the address, without the bridge's netfilter module.
  serve kube-proxy "$K8S/kube-proxy" --kubeconfig="$KUBECONFIG_FILE" --hostname-override=lab-node --cluster-cidr="$POD_NET" \
    --masquerade-all --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0s --conntrack-tcp-timeout-close-wait=0s \
    --healthz-bind-address=127.0.0.1:10256 --metrics-bind-address=127.0.0.1:10249
  # The names of servers outside of the cluster, in AWS, which tests write.
  touch "$RUN/hosts"
  cat >"$RUN/Corefile" <<DNS
cluster.local:53 in-addr.arpa:53 {
  bind $BRIDGE_IP
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $KUBECONFIG_FILE
    pods insecure
    ttl 1
  }
}
amazonaws.com:53 {
  bind $BRIDGE_IP
  hosts $RUN/hosts {
    ttl 1
    reload 1s
  }
}
.:53 {
  bind $BRIDGE_IP
  template ANY ANY {
    rcode NXDOMAIN
  }
}
DNS
  serve dns "$(part_dir coredns)/coredns" -conf "$RUN/Corefile"
}
