# shellcheck shell=bash
# Kubernetes' servers and kubectl, by Go's own client: a module with them as tools, and with the replaces of their go.mod.
VERSION=$KUBERNETES

build() {
  local minor=${KUBERNETES#*.} mod ldflags
  cd "$WORK"
  mod=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | jq -r .GoMod)
  {
    printf 'module lab/kubernetes\n\ngo %s\n\n' "$(awk '$1 == "go" {print $2; exit}' "$mod")"
    printf 'tool k8s.io/kubernetes/cmd/%s\n' kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl
    printf '\nrequire k8s.io/kubernetes v%s\n\n' "$KUBERNETES"
    awk -v v="v0.$minor" '$2 == "=>" && $3 ~ /^.\/staging/ {print "replace", $1, "=>", $1, v}' "$mod"
  } >go.mod
  go mod tidy -e >/dev/null 2>&1 || true
  # Without these a binary believes that it is Kubernetes 0.0.0, and refuses its own features.
  ldflags="-s -w"
  for key in gitVersion=v$KUBERNETES gitMajor=1 "gitMinor=${minor%%.*}" gitTreeState=clean; do
    ldflags+=" -X k8s.io/component-base/version.$key -X k8s.io/client-go/pkg/version.$key"
  done
  CGO_ENABLED=0 GOFLAGS="-mod=mod -trimpath -p=$JOBS" go build -ldflags "$ldflags" -o "$OUT/" \
    k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kubelet,kube-proxy,kubectl}
}
