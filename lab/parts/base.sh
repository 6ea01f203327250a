# shellcheck shell=bash
# The bottom layer of every image: a small Debian with a shell, the programs that scripts call, and the libraries that NDB needs.
VERSION=bookworm-1

build() {
  local uri
  debian mmdebstrap
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | sort -u | head -1)
  mmdebstrap --mode=root --variant=minbase \
    --include=bash,jq,curl,ca-certificates,procps,hostname,gawk,libicu72,libprotobuf32,libprotobuf-lite32,libssl3,libncurses6,libtinfo6,libtirpc3,libzstd1,liblz4-1,zlib1g,libstdc++6 \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$WORK/rootfs" "$uri"
  # Users that charts name by number, and no caches.
  printf 'hopsworks:x:1000:1000::/home/hopsworks:/bin/bash\n' >>"$WORK/rootfs/etc/passwd"
  printf 'hopsworks:x:1000:\n' >>"$WORK/rootfs/etc/group"
  mkdir -p "$WORK/rootfs/home/hopsworks" && chown 1000:1000 "$WORK/rootfs/home/hopsworks"
  rm -rf "$WORK"/rootfs/var/{cache,lib/apt/lists,log}/* "$WORK"/rootfs/dev/*
  tar -C "$WORK/rootfs" --sort=name --numeric-owner -cf "$OUT/layer.tar" .
}
