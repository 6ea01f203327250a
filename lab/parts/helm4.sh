# shellcheck shell=bash
# Helm 4. It takes the version of Kubernetes that it assumes without a cluster from its own client library's.
VERSION=$HELM4_VERSION

build() { go_install "$OUT" "helm.sh/helm/v4/cmd/helm@v$HELM4_VERSION" helm; }
