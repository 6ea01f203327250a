# shellcheck shell=bash
# One source tree and one build tree for NDB's own tools (part ndb) and, on top of them, mysqld (part mysqld). It is kept between the two,
# so an interrupted build continues. Sourced by both parts.
TREE=$CACHE/work/ndb

ndb_source() {
  local uri apt tar
  tar=$CACHE/src/mysql-$NDB.tar.gz
  [ -f "$tar" ] && return 0
  # Debian's newest MySQL is only in sid; it has its own apt lists, so that nothing else is installed from there.
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | sort -u | grep -v security | head -1)
  mkdir -p "$TREE/apt/lists/partial" "$TREE/apt/cache/archives/partial" "$CACHE/src"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri sid main" >"$TREE/apt/sources.list"
  apt=(apt-get -q -o "Dir::Etc::SourceList=$TREE/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$TREE/apt/lists" -o "Dir::Cache=$TREE/apt/cache" -o APT::Sandbox::User=root
    -o Acquire::Check-Valid-Until=false) # mirrors may lag; the download has its own checksum
  "${apt[@]}" update
  (cd "$TREE" && "${apt[@]}" source --download-only --only-source --tar-only "mysql-${NDB%.*}=$NDB_DEBIAN")
  echo "$NDB_SHA256  $TREE/mysql-${NDB%.*}_$NDB.orig.tar.gz" | sha256sum -c -
  mv "$TREE/mysql-${NDB%.*}_$NDB.orig.tar.gz" "$tar"
}

# configure: unpacks the needed parts of the source, and has CMake prepare the build: at -O0, with Debian's libraries in place of the
# bundled ones, and with precompiled headers. Build time matters here, not speed.
configure() {
  local src=$TREE/src
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
  cmake -S "$src" -B "$TREE/tree" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS_RELEASE="-O0 -DNDEBUG" -DCMAKE_CXX_FLAGS_RELEASE="-O0 -DNDEBUG" \
    -DWITH_NDB=ON -DWITH_NDBCLUSTER_STORAGE_ENGINE=ON -DWITH_NDB_JAVA=OFF -DWITH_NDB_TEST=OFF \
    -DWITH_UNIT_TESTS=OFF -DWITH_ROUTER=OFF -DWITH_MYSQLX=OFF -DWITH_CURL=none -DWITH_FIDO=none \
    -DWITH_SSL=system -DWITH_ICU=system -DWITH_PROTOBUF=system -DWITH_ZLIB=system -DWITH_ZSTD=system -DWITH_LZ4=system \
    -DWITHOUT_ARCHIVE_STORAGE_ENGINE=1 -DWITHOUT_BLACKHOLE_STORAGE_ENGINE=1 -DWITHOUT_FEDERATED_STORAGE_ENGINE=1 \
    -DWITHOUT_EXAMPLE_STORAGE_ENGINE=1 -DENABLED_PROFILING=OFF -DWITH_DEBUG=OFF \
    -DCMAKE_PROJECT_MySQL_INCLUDE="$LAB/ndb/headers.cmake" -DLAB_HEADERS="$LAB/ndb"
}
