# shellcheck shell=bash
# Helm 3. The version of Kubernetes that it assumes without a cluster is set as in a release build.
VERSION=$HELM3_VERSION

build() {
  local minor=${KUBERNETES#*.}
  LDFLAGS_X="-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=${minor%%.*}" \
    go_install "$OUT" "helm.sh/helm/v3/cmd/helm@v$HELM3_VERSION" helm
}
