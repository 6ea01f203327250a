# shellcheck shell=bash
# rclone, for the image hwutils (Debian's is too old).
VERSION=$RCLONE

build() {
  LDFLAGS_X="-X github.com/rclone/rclone/fs.Version=v$RCLONE" go_install "$OUT" "github.com/rclone/rclone@v$RCLONE"
}
