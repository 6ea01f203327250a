# shellcheck shell=bash
# The cluster's DNS server; it runs on the host, at the bridge's address.
VERSION=$COREDNS

build() { go_install "$OUT" "github.com/coredns/coredns@v$COREDNS"; }
