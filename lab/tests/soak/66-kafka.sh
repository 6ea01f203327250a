# shellcheck shell=bash
# The mirror of Kafka with everything that can befall it: killed, brokers gone, records expired, targets that differ.
# shellcheck source=lab/tests/16-kafka.sh
. "$LAB/tests/16-kafka.sh"

test_the_mirror_outlasts_faults() {
  kafka
}
