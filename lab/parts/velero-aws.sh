# shellcheck shell=bash
# Velero's plugin for S3, and the small program that copies it into Velero's pod.
VERSION=$VELERO_AWS

build() {
  go_install "$OUT" "github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws@v$VELERO_AWS"
  go_install "$OUT" "github.com/vmware-tanzu/velero-plugin-for-aws/hack/cp-plugin@v$VELERO_AWS"
}
