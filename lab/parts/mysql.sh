# shellcheck shell=bash
# A plain MySQL without NDB, from Debian's newest, with its own libraries and loader: for runs that cannot wait for part mysqld.
VERSION=sid-1

build() {
  local uri
  debian mmdebstrap
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | sort -u | head -1)
  # "extract" unpacks the packages and what they depend on; nothing of them is run here.
  rm -rf "$WORK/root"
  mmdebstrap --mode=root --variant=extract --aptopt="Acquire::Check-Valid-Until \"false\"" --include=mysql-server-core,mysql-client-core sid "$WORK/root" "$uri"
  mkdir -p "$OUT/usr/sbin" "$OUT/usr/bin" "$OUT/usr/share" "$OUT/lib"
  cp "$WORK/root/usr/sbin/mysqld" "$OUT/usr/sbin/"
  cp "$WORK"/root/usr/bin/{mysql,mysqladmin,mysqldump} "$OUT/usr/bin/"
  cp -r "$WORK/root/usr/share/mysql" "$OUT/usr/share/"
  cp -L "$WORK/root/usr/lib64/ld-linux-x86-64.so.2" "$OUT/lib/ld.so"
  find "$WORK/root/usr/lib/x86_64-linux-gnu" -maxdepth 2 -name '*.so*' -exec cp -L -t "$OUT/lib/" {} +
}
