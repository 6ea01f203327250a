#!/bin/bash
KAFKA_HOME=/opt/kafka exec /opt/kafka/bin/java org.apache.kafka.tools.TopicCommand "$@"
