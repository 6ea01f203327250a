# shellcheck shell=bash
# The MySQL of Superset: Debian's newest, which only sid has, with the libraries of sid beside it, since the base layer's are older.
# Sid keeps no old versions, so its line is checked, not its version.
VERSION=$SUPERSET_MYSQL-$(cat "$LAB/superset/mysql" "${BASH_SOURCE[0]}" | sha256sum | cut -c1-8)
PROGRAMS=(usr/sbin/mysqld usr/bin/mysql usr/bin/mysqldump usr/bin/mysqladmin)

build() {
  local uri apt package root=$WORK/root lib=$OUT/usr/lib/mysql/private home=$OUT/opt/bitnami/mysql found program
  debian patchelf
  # Apt lists and a list of installed packages of its own: nothing of sid is installed here, and all that it needs is fetched.
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | sort -u | grep -v security | head -1)
  mkdir -p "$WORK/apt/lists/partial" "$WORK/apt/cache/archives/partial" "$root" "$lib" "$OUT"/usr/{bin,sbin,share/mysql,lib/mysql/plugin}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri sid main" >"$WORK/apt/sources.list"
  : >"$WORK/apt/status"
  apt=(apt-get -q -y -o "Dir::Etc::SourceList=$WORK/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$WORK/apt/lists" -o "Dir::Cache=$WORK/apt/cache" -o "Dir::State::status=$WORK/apt/status"
    -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false -o Debug::NoLocking=1)
  "${apt[@]}" update
  "${apt[@]}" install --no-install-recommends --download-only mysql-server-core mysql-client-core
  for package in "$WORK"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$root"; done

  # What the programs load, the loader itself included, and nothing else.
  found=$root/usr/lib/x86_64-linux-gnu
  for program in "${PROGRAMS[@]}"; do
    "$found/ld-linux-x86-64.so.2" --library-path "$found" --list "$root/$program"
  done | awk '$2 == "=>" {print $3}' | sort -u | xargs -I{} cp -L {} "$lib/"
  cp -L "$found/ld-linux-x86-64.so.2" "$lib/"
  for program in "${PROGRAMS[@]}"; do
    cp "$root/$program" "$OUT/$program"
    patchelf --set-interpreter "/${lib#"$OUT"/}/ld-linux-x86-64.so.2" --set-rpath "/${lib#"$OUT"/}" --force-rpath "$OUT/$program"
  done
  cp -r "$root"/usr/share/mysql/{english,charsets} "$OUT/usr/share/mysql/"
  cp "$root/usr/lib/mysql/plugin/component_reference_cache.so" "$OUT/usr/lib/mysql/plugin/" # the only one that it loads unasked
  "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$OUT/usr/sbin/mysqld" --version | grep -F "Ver $SUPERSET_MYSQL."

  # The folders that the chart of Bitnami and its settings name.
  mkdir -p "$home"/{lib,conf,logs,tmp} "$OUT/bitnami/mysql"
  ln -s /usr/share/mysql "$home/share"
  ln -s /usr/lib/mysql/plugin "$home/lib/plugin"
  chown 1001:1001 "$home"/{logs,tmp} "$OUT/bitnami/mysql"
  install -D -m 755 "$LAB/superset/mysql" "$OUT/usr/local/bin/docker-entrypoint.sh"
}
