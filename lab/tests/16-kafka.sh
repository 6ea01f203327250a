# shellcheck shell=bash
# hwdr's mirror of Kafka between two real clusters, by a real MirrorMaker 2 (crates/hwdr-kafka/tests/kafka). It starts both itself, on
# loopback, and needs nothing else of the lab. What takes minutes is in soak/66-kafka.sh.

kafka() { # [FLAGS OF THE TESTS]
  part kafka
  HWDR_LAB_KAFKA=$(part_dir kafka)/usr/share/kafka
  export HWDR_LAB_KAFKA
  cd "$LAB/.."
  cargo test --locked --workspace --test kafka -- "$@"
}

test_kafka_is_mirrored_and_compared() {
  kafka --skip killed --skip broker --skip expired --skip differs --skip goes_on --skip lag --skip hidden
}
