# shellcheck shell=bash
# The lab's own programs (apps/): the stand-ins for HopsFS and the Hopsworks application. Rebuilt when their source changes.
VERSION=$(cd "$LAB/apps" && find . -type f | sort | xargs sha256sum | sha256sum | cut -c1-12)

build() {
  cd "$LAB/apps"
  CGO_ENABLED=0 GOFLAGS="-trimpath -p=$JOBS" go build -ldflags "-s -w" -o "$OUT/" ./...
}
