# shellcheck shell=bash
# NDB Cluster (RonDB is a line of it), from Debian's source package of MySQL: tools first, mysqld last.
# The compiler is run at -O0 and with Debian's libraries in place of the bundled ones: time to build counts here, not speed.
VERSION=$NDB

ndb_source() {
  local uri apt tar
  tar=$CACHE/src/mysql-$NDB.tar.gz
  [ -f "$tar" ] && return 0
  # Debian's newest MySQL is in sid only; it gets apt lists of its own, so that nothing else is ever installed from there.
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | sort -u | grep -v security | head -1)
  mkdir -p "$WORK/apt/lists/partial" "$WORK/apt/cache/archives/partial" "$CACHE/src"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri sid main" >"$WORK/apt/sources.list"
  apt=(apt-get -q -o "Dir::Etc::SourceList=$WORK/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$WORK/apt/lists" -o "Dir::Cache=$WORK/apt/cache" -o APT::Sandbox::User=root)
  "${apt[@]}" update
  (cd "$WORK" && "${apt[@]}" source --download-only --only-source --tar-only "mysql-${NDB%.*}=$NDB_DEBIAN")
  echo "$NDB_SHA256  $WORK/mysql-${NDB%.*}_$NDB.orig.tar.gz" | sha256sum -c -
  mv "$WORK/mysql-${NDB%.*}_$NDB.orig.tar.gz" "$tar"
}

build() {
  local src=$WORK/src tree=$WORK/tree
  debian g++ cmake ninja-build pkg-config bison libssl-dev libncurses-dev libtirpc-dev rpcsvc-proto \
    libicu-dev libprotobuf-dev libprotoc-dev protobuf-compiler zlib1g-dev libzstd-dev liblz4-dev
  ndb_source
  if [ ! -f "$src/.unpacked" ]; then
    rm -rf "$src" && mkdir -p "$src"
    tar -xzf "$CACHE/src/mysql-$NDB.tar.gz" -C "$src" --strip-components=1 --exclude='*/mysql-test/*' \
      --exclude='*/extra/icu/*' --exclude='*/extra/protobuf/*' --exclude='*/unittest/*' --exclude='*/router/tests/*'
    mkdir -p "$src/mysql-test/lib/My/SafeProcess"
    touch "$src"/mysql-test/{,lib/My/SafeProcess/}CMakeLists.txt "$src/.unpacked"
  fi
  [ -f "$tree/build.ninja" ] || cmake -S "$src" -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS_RELEASE="-O0 -DNDEBUG" -DCMAKE_CXX_FLAGS_RELEASE="-O0 -DNDEBUG" \
    -DWITH_NDB=ON -DWITH_NDBCLUSTER_STORAGE_ENGINE=ON -DWITH_NDB_JAVA=OFF -DWITH_NDB_TEST=OFF \
    -DWITH_UNIT_TESTS=OFF -DWITH_ROUTER=OFF -DWITH_MYSQLX=OFF -DWITH_CURL=none -DWITH_FIDO=none \
    -DWITH_SSL=system -DWITH_ICU=system -DWITH_PROTOBUF=system -DWITH_ZLIB=system -DWITH_ZSTD=system -DWITH_LZ4=system \
    -DWITHOUT_ARCHIVE_STORAGE_ENGINE=1 -DWITHOUT_BLACKHOLE_STORAGE_ENGINE=1 -DWITHOUT_FEDERATED_STORAGE_ENGINE=1 \
    -DWITHOUT_EXAMPLE_STORAGE_ENGINE=1 -DENABLED_PROFILING=OFF -DWITH_DEBUG=OFF
  ninja -C "$tree" -j "$JOBS" ndb_mgmd ndbmtd ndb_mgm ndb_restore ndb_waiter ndb_select_count ndb_desc ndb_show_tables ndb_print_backup_file
  ninja -C "$tree" -j "$JOBS" mysqld mysql mysqladmin mysqldump
  mkdir -p "$OUT/bin" "$OUT/share"
  cp "$tree"/runtime_output_directory/{ndb_mgmd,ndbmtd,ndb_mgm,ndb_restore,ndb_waiter,ndb_select_count,ndb_desc,ndb_show_tables,ndb_print_backup_file,mysqld,mysql,mysqladmin,mysqldump} "$OUT/bin/"
  strip "$OUT"/bin/*
  cp -r "$tree/share/english" "$src/share/charsets" "$OUT/share/"
}
