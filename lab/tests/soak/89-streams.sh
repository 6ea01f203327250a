# shellcheck shell=bash
# Axway Streams: its namespace, its database and its Kafka are lost, one after the other and together, and come back by one command each. The
# chart is testdata/streams, whose pods publish and read numbered events. MariaDB, three clusters of Kafka and RDS (moto) are outside of Kubernetes;
# all is reached by TLS, and Kafka by SCRAM.
# shellcheck source=lab/tests/55-in-place.sh
. "$LAB/tests/55-in-place.sh"

ST=streams
OUT=$RUN/streams           # the servers outside
NET=10.89.0                # their addresses: of databases .11 and .12, of Kafka's clusters .21 (today's), .22 (backup) and .23 (new)
RDS=http://$BRIDGE_IP:5055
KAFKA_PASSWORD="pass: word=#!\$x'"
export AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab
mkdir -p "$OUT"

hwdr() { HELM_BIN=$(helm_of "${IN_PLACE_HELM:-3}") HELM_NAMESPACE=$ST timeout 900 "$HWDR" "$@"; }
kafka_home() { echo "$(part_dir kafka)/usr/share/kafka"; }
amazon() { "$(dirname "$(readlink -f "$("$LAB/../scripts/tools" --dir)/moto_server")")/python3" "$LAB/../crates/hwdr-rds/tests/moto.py" "$RDS" "$@"; }
host_of() { amazon show "$1" | jq -r .Endpoint.Address; }

# database NUMBER: a MariaDB with the database of Streams.
database() {
  local folder=$OUT/db-$1
  [ -d "$folder/mysql" ] || mariadb-install-db --no-defaults --user=root --datadir="$folder" --skip-test-db >"$RUN/log/db-$1-install.log"
  cat >"$folder.sql" <<SQL
CREATE DATABASE IF NOT EXISTS streams;
CREATE OR REPLACE USER streams IDENTIFIED BY 'not-a-secret';
GRANT ALL ON streams.* TO streams;
SQL
  serve "db-$1" mariadbd --no-defaults --user=root --datadir="$folder" --bind-address="$NET.1$1" --port=3307 --socket="$folder.sock" \
    --pid-file="$folder.pid" --init-file="$folder.sql" --skip-name-resolve \
    --ssl-cert="$OUT/authority/broker.crt" --ssl-key="$OUT/authority/broker.key" --require-secure-transport=ON
  wait_for 60 "database $1" "$RUN/log/db-$1.log" db "$1" "SELECT 1"
}
db() { in_lab mariadb --no-defaults --socket="$OUT/db-$1.sock" -uroot -N streams -e "$2"; }
ends() { # NAME…: servers
  local name
  for name; do
    in_lab kill "$(cat "$RUN/pid/$name")"
    wait_for 60 "the end of $name" - not_alive "$name"
  done
}
not_alive() { ! alive "$1"; }
is_called() { # HOST ADDRESS: for the pods
  sed -i "/ $1\$/d" "$RUN/hosts"
  echo "$2 $1" >>"$RUN/hosts"
}

# cluster NUMBER: one of Kafka's clusters.
cluster() {
  local folder=$OUT/kafka-$1
  mkdir -p "$folder"
  cp "$OUT/authority"/{broker,ca}.pem "$folder/"
  serve "kafka-$1" env "KAFKA_ADDRESS=$NET.2$1" "$(kafka_home)/bin/broker" "$folder" 9092 sasl_tls admin "$KAFKA_PASSWORD"
  wait_for 90 "Kafka $1" "$RUN/log/kafka-$1.log" in_lab bash -c "exec 3<>/dev/tcp/$NET.2$1/9092"
}

# at_kafka NUMBER COMMAND: by Kafka's own client (lab/kafka/Client.java).
at_kafka() {
  cat >"$OUT/client.properties" <<PROPERTIES
bootstrap.servers=$NET.2$1:9092
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
ssl.truststore.type=PEM
ssl.truststore.location=$OUT/authority/ca.pem
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="$KAFKA_PASSWORD";
PROPERTIES
  echo "$2" | in_lab "$(kafka_home)/bin/java" Client "$OUT/client.properties" | tee /dev/stderr | grep '^ok'
}

# events_at NUMBER: how many records that cluster has.
events_at() {
  local partition
  for partition in 0 1 2 3; do at_kafka "$1" "read streams.events $partition" 2>/dev/null; done |
    tr ' ' '\n' | grep : >"$RUN/notes/events-at-$1.txt"
  wc -l <"$RUN/notes/events-at-$1.txt"
}

# mirror_starts: MirrorMaker from today's cluster to the backup cluster, as hwdr's settings for it say.
mirror_starts() {
  hwdr streams mirror --for backup -f "$RUN/notes/streams.yaml" --secrets "$OUT/secrets" --properties >"$OUT/mirror.properties"
  serve mirror "$(kafka_home)/bin/java" org.apache.kafka.connect.mirror.MirrorMaker "$OUT/mirror.properties"
}
mirrored() { hwdr streams mirror --for backup -f "$RUN/notes/streams.yaml" --secrets "$OUT/secrets" "$@"; }

streams_values() {
  cat >"$RUN/notes/streams.yaml" <<YAML
acceptGeneralConditions: "yes"
testImage: $IMAGE_STREAMS
embeddedMariadb: {enabled: false}
externalizedMariadb:
  host: $(host_of events) # today's
  port: 3307
  tls: {enabled: true, twoWay: false}
embeddedKafka: {enabled: false}
externalizedKafka:
  bootstrapServers: $NET.21:9092
  auth: {clientProtocol: sasl_tls, clientUsername: admin}
nginx-ingress-controller: {enabled: false}
imagePullSecrets: []
hwdr:
  streams:
    velero: {storageLocation: streams}
    mariadb: {region: eu-north-1, instance: events, endpointUrl: "$RDS"}
    kafka:
      backup: {bootstrapServers: "$NET.22:9092", secret: streams-kafka-backup}
      secret: streams-kafka
      topics: ["streams.*"]
      replicationFactor: 1 # each cluster has one broker
      tasks: 2
      image: $IMAGE_KAFKA
YAML
}
# asks YAML: the values of a restore.
asks() {
  cat >"$RUN/notes/streams-restore.yaml" <<YAML
hwdr:
  streams:
    restore: {$1}
YAML
}
chart=("$LAB/../testdata/streams" -f "$RUN/notes/streams.yaml")
restores() { hwdr "$1" "$ST" "${chart[@]}" -f "$RUN/notes/streams-restore.yaml" "${@:2}"; }

secrets() {
  local name
  kubectl -n "$ST" create secret generic streams-database-passwords-secret --from-literal=mariadb-password=not-a-secret
  kubectl -n "$ST" create secret generic streams-database-secret --from-file=CA_PEM="$OUT/authority/ca.pem"
  kubectl -n "$ST" create secret generic streams-kafka-passwords-secret --from-literal=client-passwords="$KAFKA_PASSWORD"
  kubectl -n "$ST" create secret generic streams-kafka-client-jks-secret --from-file="$OUT/kafka.truststore.jks" --from-literal=jks-password=changeit
  for name in streams-kafka streams-kafka-backup; do
    kubectl -n "$ST" create secret generic "$name" --from-literal=username=admin --from-literal=password="$KAFKA_PASSWORD" \
      --from-file=ca.crt="$OUT/authority/ca.pem"
  done
}

streams_are_ready() {
  local name
  for name in hub publisher-http-poller publisher-http-post subscriber-sse subscriber-webhook; do
    kubectl -n "$ST" rollout status "deployment/$ST-$name" --timeout=180s || { kubectl -n "$ST" logs "deployment/$ST-$name" --tail=20; return 1; }
  done
}

publishers_stop() {
  kubectl -n "$ST" scale deployment "$ST-publisher-http-poller" "$ST-publisher-http-post" --replicas=0
  kubectl -n "$ST" wait --for=delete pod -l 'app.kubernetes.io/name in (publisher-http-poller, publisher-http-post)' --timeout=60s
}

# says_how_old PART…: the report has the time of the run, and the age of each part alone.
says_how_old() {
  local part
  grep -E 'total time \(RTO\) +[0-9]' "$RUN/notes/report.txt"
  for part; do grep -E "age of $part \\(RPO\\) +[0-9]" "$RUN/notes/report.txt"; done
  [ "$(grep -c '(RPO)' "$RUN/notes/report.txt")" = $# ]
}

# twice NUMBER: how many events came twice, by that database.
twice() { db "$1" "SELECT COALESCE(SUM(times - 1), 0) FROM received"; }
# said_twice: how many hwdr has said that will.
said_twice() {
  local said
  said=$(tr -s ' \n' ' ' <"$RUN/notes/report.txt" | sed -nE 's/.*consumer groups will read up to ([0-9]+) records a second time.*/\1/p')
  echo "${said:-0}"
}

publishers_start() { kubectl -n "$ST" scale deployment "$ST-publisher-http-poller" "$ST-publisher-http-post" --replicas=1; }

# no_event_is_missing NUMBER: the publishers pause, and each event has come to each subscriber, by that database. Prints how many came twice.
no_event_is_missing() {
  local number=$1
  publishers_stop
  wait_for 90 "the last events" - none_missing "$number"
  db "$number" "SELECT subscriber, publisher, COUNT(*) events, SUM(times - 1) twice FROM received GROUP BY 1, 2" | tee "$RUN/notes/events.txt"
  [ "$(wc -l <"$RUN/notes/events.txt")" = 4 ]
  publishers_start
  streams_are_ready
}
none_missing() {
  [ "$(db "$1" "SELECT SUM(last) * 2 FROM published")" -gt 0 ] &&
    [ "$(db "$1" "SELECT (SELECT SUM(last) * 2 FROM published) - (SELECT COUNT(*) FROM received r JOIN published p USING (publisher) WHERE r.number <= p.last)")" = 0 ]
}
last_event() { db "$1" "SELECT SUM(last) FROM published"; }
more_events() { # NUMBER: the pods use that database, and go on
  local before
  before=$(last_event "$1")
  wait_for 60 "new events" - has_more "$1" "$before"
}
has_more() { [ "$(last_event "$1")" -gt "$(($2 + 10))" ]; }

test_streams_runs_with_servers_outside() {
  local number name of
  part kafka
  part apps
  debian mariadb-server-core mariadb-client
  "$LAB/../scripts/tools" moto_server
  "$LAB/images" streams | in_lab ctr -a "$RUN/containerd.sock" -n k8s.io images import -
  for number in 11 12 21 22 23; do in_lab ip address replace "$NET.$number/32" dev lo; done
  ip route replace "$NET.0/24" via "$NODE_IP"
  serve moto "$("$LAB/../scripts/tools" --dir)/moto_server" -H "$BRIDGE_IP" -p 5055
  wait_for 60 moto "$RUN/log/moto.log" curl -sS -o /dev/null "$RDS"
  amazon make
  of=$(host_of events)
  "$(kafka_home)/bin/authority" "$OUT/authority" "$NET.21" "$NET.22" "$NET.23" "*.${of#*.}"
  "$(kafka_home)/bin/java" Truststore "$OUT/kafka.truststore.jks" changeit "$OUT/authority/ca.pem"
  database 1
  is_called "$of" "$NET.11"
  cluster 1
  cluster 2
  for name in production backup restored back-1 back-3; do
    mkdir -p "$OUT/secrets/$name"
    printf admin >"$OUT/secrets/$name/username"
    printf %s "$KAFKA_PASSWORD" >"$OUT/secrets/$name/password"
    cp "$OUT/authority/ca.pem" "$OUT/secrets/$name/ca.crt"
  done
  at_kafka 1 "topic streams.events 4"
  streams_values
  kubectl apply -f - <<YAML
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: streams, namespace: velero}
spec:
  provider: aws
  config: {region: $S3_REGION, s3Url: "$S3_ENDPOINT", s3ForcePathStyle: "true"}
  credential: {name: hopsworks-bsl-credentials, key: cloud}
  objectStorage: {bucket: $BACKUP_BUCKET, prefix: streams}
YAML
  kubectl create namespace "$ST"
  secrets
  hwdr install "$ST" "${chart[@]}" -n "$ST"
  streams_are_ready
  mirror_starts
  more_events 1
  no_event_is_missing 1
  wait_for 90 "the mirror" - mirrored_so_far
}
# What was there a moment ago has arrived.
mirrored_so_far() { mirrored -o json | jq -e '.missing < 50 and (.faults | all(contains("not at the target yet") | not))'; }

test_what_cannot_be_restored_is_refused() {
  asks "mariadb: {snapshot: before, instance: events-2}"
  refuses 'there is no snapshot before' restores upgrade --yes
  asks "namespace: {backup: a}, mariadb: {snapshot: before, instance: events-2}"
  refuses 'asks for the namespace, but the release is there' restores upgrade --yes
  refuses 'release streams exists already' restores install --yes
  asks "kafka: {bootstrapServers: '$NET.23:9092'}"
  refuses 'a mirror writes into backup, from which this one reads' restores upgrade --yes
  # Nor are the settings of a mirror the other way given away, and a comparison says so.
  refuses 'a mirror writes into backup, from which this one reads' restored_mirror --properties
  cluster 3
  refuses 'restored: a circle, which never ends .*a mirror writes into backup' restored_mirror
  { restored_mirror -o json || true; } | jq -e '.isComplete == false and (.otherWay | contains("writes into backup"))'
  ends kafka-3
  rm -rf "$OUT/kafka-3"
  more_events 1
}

restored_mirror() { hwdr streams mirror --for restore -f "$RUN/notes/streams.yaml" -f "$RUN/notes/streams-restore.yaml" --secrets "$OUT/secrets" "$@"; }

# The snapshot is RDS's; what is in it is a dump of the same moment.
test_a_lost_database_comes_back_in_a_new_instance() {
  hwdr doctor "$ST" -f "$RUN/notes/streams.yaml" --fix --yes || true
  kubectl -n velero get schedule streams -o json | jq -e --arg ns "$ST" '.spec.template.includedNamespaces == [$ns] and (.spec.paused | not)'
  hwdr streams database snapshot before -f "$RUN/notes/streams.yaml" --wait --yes
  # What a subscriber has read and not yet noted is in no database: it would be missing in this one.
  publishers_stop
  wait_for 90 "the last events" - none_missing 1
  in_lab mariadb-dump --no-defaults --socket="$OUT/db-1.sock" -uroot --single-transaction streams >"$OUT/before.sql"
  publishers_start
  more_events 1
  # What a subscriber reads later would be noted in the new one alone.
  publishers_stop
  wait_for 90 "the last events" - none_missing 1
  ends db-1
  publishers_start
  database 2
  in_lab mariadb --no-defaults --socket="$OUT/db-2.sock" -uroot streams <"$OUT/before.sql"
  is_called "$(host_of events | sed 's/^events\./events-2./')" "$NET.12"
  asks "mariadb: {snapshot: before, instance: events-2}"
  refuses 'without a terminal' restores upgrade
  restores upgrade --yes | tee "$RUN/notes/report.txt"
  tr -s ' \n' ' ' <"$RUN/notes/report.txt" | grep -E 'mariadb: events-2 from before answers at events-2'
  tr -s ' \n' ' ' <"$RUN/notes/report.txt" | grep -E 'mariadb: 5 of 5 pods are connected to events-2[^ ]*; none to events\.'
  says_how_old mariadb
  # It was lost: nobody could see which pods had used it.
  run_state events-2 | jq -e '.own.users.mariadb | length == 0'
  # Its backups were paused meanwhile.
  run_state events-2 | jq -e '.before.paused | any(.kind == "Schedule" and .name == "streams")'
  kubectl -n velero get schedule streams -o json | jq -e '.spec.paused | not'
  more_events 2
  no_event_is_missing 2
  amazon show events | jq -e '.DBInstanceStatus == "available"'
}

run_state() { kubectl -n "$ST" get secret "hwdr-restore-$1" -o json | jq '.data["state.json"] | @base64d | fromjson'; }

test_undo_goes_back_to_the_old_instance() {
  database 1
  publishers_stop
  wait_for 90 "the last events" - none_missing 2
  hwdr undo "$ST" --yes
  streams_are_ready
  more_events 1
  no_event_is_missing 1
  amazon show events-2 | jq -e '.DBInstanceStatus == "available"'
}

# Killed after each write of its record, it goes on.
test_a_restore_that_is_killed_goes_on_and_becomes_final() {
  local kills arguments
  run_secret() { echo hwdr-restore-events-4; }
  NS=$ST
  # What was written to it since would count as the backup's.
  asks "mariadb: {snapshot: before, instance: events-2}"
  refuses 'instance events-2 is there already' restores upgrade --yes
  is_called "$(host_of events | sed 's/^events\./events-4./')" "$NET.12"
  asks "mariadb: {snapshot: before, instance: events-4}"
  refuses 'comes from a flag .--set.' restores upgrade --yes --set externalizedMariadb.host=a.example.com
  arguments=("$ST" "${chart[@]}" -f "$RUN/notes/streams-restore.yaml")
  cut_off 1 upgrade "${arguments[@]}" --yes
  killed_throughout resume "${arguments[@]}"
  # The last kill may have come before the report.
  hwdr watch "$ST" | tee "$RUN/notes/report.txt"
  # Each pod that used the old one, which still runs, uses the new one.
  run_state events-4 | jq -e '.own.users.mariadb | length == 5 and all(.[]; . == 1)'
  tr -s ' \n' ' ' <"$RUN/notes/report.txt" | grep -E 'mariadb: 5 of 5 pods are connected to events-4[^ ]*; none to events\.'
  more_events 2
  cp "$RUN/notes/streams-restore.yaml" "$RUN/notes/final.yaml"
  hwdr finalize "$ST" "${chart[@]}" -f "$RUN/notes/final.yaml" --yes
  grep -F "host: $(host_of events-4) # today's" "$RUN/notes/streams.yaml"
  ! grep -F snapshot "$RUN/notes/final.yaml" || false
  grep -F "instance: events-4," "$RUN/notes/streams.yaml"
  hwdr lint -f "$RUN/notes/streams.yaml" --for upgrade
  "$(helm_of 3)" upgrade "$ST" "${chart[@]}" -n "$ST" --wait --timeout 5m
  more_events 2
  ends db-1
}

# Killed after each write of its record, too: MirrorMaker is left running, and found again.
test_a_lost_kafka_is_filled_from_the_backup_cluster() {
  local kills arguments
  run_secret() { echo "hwdr-restore-kafka-$(printf %s "$NET.23:9092" | sha256sum | cut -c1-8)"; }
  NS=$ST
  local twice again
  publishers_stop
  wait_for 90 "the mirror" - mirrored
  # MirrorMaker brings groups over every few seconds: this is what they have read and the backup cluster does not know of yet.
  twice=$(twice 2) again=$(mirrored -o json | jq .readAgain)
  # What is published later would be lost with it.
  ends mirror kafka-1
  publishers_start
  asks "kafka: {bootstrapServers: '$NET.23:9092'}"
  # Kafka knows after ten seconds that MirrorMaker is gone.
  wait_for 60 "the refusal of a cluster that is not there" - refuses 'cluster restored: .*can this machine reach them' restores upgrade --yes
  cluster 3
  arguments=("$ST" "${chart[@]}" -f "$RUN/notes/streams-restore.yaml")
  cut_off 1 upgrade "${arguments[@]}" --yes
  killed_throughout resume "${arguments[@]}"
  # The last kill may have come before the report.
  hwdr watch "$ST" | tee "$RUN/notes/report.txt"
  tr -s ' \n' ' ' <"$RUN/notes/report.txt" | grep -E 'kafka: 1 topics and 2 consumer groups are in the new cluster, no record is missing'
  ! kubectl -n "$ST" get deployments | grep hwdr-mirror || false
  says_how_old kafka
  more_events 2
  no_event_is_missing 2
  [ "$(($(twice 2) - twice))" -le "$((again + $(said_twice)))" ]
}

# The old cluster is back, and goes on where it was.
test_undo_goes_back_to_the_old_kafka() {
  publishers_stop
  wait_for 90 "the last events" - none_missing 2
  cluster 1
  hwdr undo "$ST" --yes | tee "$RUN/notes/report.txt"
  streams_are_ready
  more_events 2
  no_event_is_missing 2
  ! kubectl -n "$ST" get deployments | grep hwdr-mirror || false
  ends kafka-3
  rm -rf "$OUT/kafka-3"
}

no_worker() { { restored_mirror -o json || true; } | jq -e '.otherWay == null'; }

# The same restore once more: its pod of MirrorMaker is killed each time it runs, for a while.
test_kafka_is_restored_though_mirrormaker_is_killed() {
  local run kills=0
  mirror_starts
  publishers_stop
  wait_for 90 "the mirror" - mirrored
  ends mirror kafka-1
  cluster 3
  wait_for 60 "the end of the mirror, as Kafka knows it" - no_worker
  restores upgrade --yes >"$RUN/notes/report.txt" 2>&1 &
  run=$!
  while kill -0 "$run" 2>/dev/null && ((kills < 3)); do
    if kubectl -n "$ST" delete pod -l app.kubernetes.io/name=hwdr-mirror --field-selector=status.phase=Running --grace-period=0 --force 2>/dev/null | grep -q deleted; then
      kills=$((kills + 1))
    fi
    sleep 5
  done
  wait "$run" || { tail_log "$RUN/notes/report.txt"; false; }
  [ "$kills" -gt 0 ]
  tr -s ' \n' ' ' <"$RUN/notes/report.txt" | grep -E 'kafka: 1 topics and 2 consumer groups are in the new cluster, no record is missing'
  publishers_start
  more_events 2
  no_event_is_missing 2
}
# The database and Kafka stay.
test_a_lost_namespace_comes_back_alone() {
  local backup
  hwdr finalize "$ST" "${chart[@]}" -f "$RUN/notes/streams-restore.yaml" --yes
  grep -E "bootstrapServers: .?$NET.23:9092" "$RUN/notes/streams.yaml"
  hwdr backups create --wait --yes -f "$RUN/notes/streams.yaml" --timeout 5m
  backup=$(hwdr backups list -f "$RUN/notes/streams.yaml" -o name | head -1)
  asks "namespace: {backup: $backup}"
  refuses 'release streams exists already' restores install --yes
  kubectl delete namespace "$ST" --timeout=180s
  # Something that Velero would leave as it is.
  kubectl create namespace "$ST"
  kubectl -n "$ST" create service clusterip left --tcp=8080
  refuses 'namespace streams is not empty: it has Service/left' restores install --yes
  kubectl delete namespace "$ST" --timeout=60s
  restores install --yes --create-namespace | tee "$RUN/notes/report.txt"
  says_how_old namespace
  streams_are_ready
  more_events 2
  no_event_is_missing 2
  hwdr finalize "$ST" "${chart[@]}" -f "$RUN/notes/streams-restore.yaml" --yes
}

# all_is_lost OLD NEW SNAPSHOT INSTANCE NAME: the namespace, its database and its Kafka; there are new and empty servers. OLD and NEW: the numbers of
# a database and of a cluster, as in 2,3. NAME is what the backup cluster calls today's one; if that is mirrored already, it goes on.
all_is_lost() {
  local old=$1 new=$2 snapshot=$3 instance=$4 name=$5 of
  of=$(host_of "$(values_have instance)")
  hwdr backups create --wait --yes -f "$RUN/notes/streams.yaml" --timeout 5m
  backup=$(hwdr backups list -f "$RUN/notes/streams.yaml" -o name | head -1)
  if ! kubectl -n "$ST" get deployment hwdr-mirror-for-backup; then
    # The backup cluster is new, too: its mirror begins anew, as a Deployment.
    ends kafka-2
    rm -rf "$OUT/kafka-2/data"
    cluster 2
    hwdr streams mirror --for backup --name "$name" --manifests -n "$ST" -f "$RUN/notes/streams.yaml" | kubectl apply -f -
  fi
  hwdr streams database snapshot "$snapshot" -f "$RUN/notes/streams.yaml" --wait --yes
  publishers_stop
  wait_for 90 "the mirror" - mirrored --name "$name"
  in_lab mariadb-dump --no-defaults --socket="$OUT/db-${old%,*}.sock" -uroot --single-transaction streams >"$OUT/before.sql"
  ends "kafka-${old#*,}" "db-${old%,*}"
  rm -rf "$OUT/db-${new%,*}" "$OUT/kafka-${new#*,}"
  kubectl delete namespace "$ST" --timeout=180s
  database "${new%,*}"
  in_lab mariadb --no-defaults --socket="$OUT/db-${new%,*}.sock" -uroot streams <"$OUT/before.sql"
  cluster "${new#*,}"
  is_called "$instance.${of#*.}" "$NET.1${new%,*}"
  asks "namespace: {backup: $backup}, mariadb: {snapshot: $snapshot, instance: $instance}, kafka: {bootstrapServers: '$NET.2${new#*,}:9092', mirrorBackAs: back-${new#*,}}, test: true"
}
# The instance of the settings.
values_have() { sed -nE "s/.*mariadb: .*$1: ([^,]+),.*/\1/p" "$RUN/notes/streams.yaml"; }
becomes_final() { # INSTANCE: the restored one is today's
  hwdr finalize "$ST" "${chart[@]}" -f "$RUN/notes/streams-restore.yaml" --yes
  grep -F "instance: $1," "$RUN/notes/streams.yaml"
}
# is_mirrored_back DATABASE CLUSTER: what is published since the restore comes to the backup cluster, and nothing of it twice.
is_mirrored_back() {
  publishers_stop
  wait_for 120 "the mirror back" - mirrored --name "back-$2" --set "externalizedKafka.bootstrapServers=$NET.2$2:9092"
  [ "$(events_at 2)" = "$(events_at "$2")" ]
  publishers_start
  more_events "$1"
}

# Nothing is left of the namespace, and its servers are lost with it.
test_all_three_come_back_by_one_command() {
  local backup
  all_is_lost 2,3 1,1 again events-3 restored
  # Another namespace than the backup's.
  refuses "cannot bring back namespace elsewhere: it does not have" hwdr install "$ST" "${chart[@]}" -f "$RUN/notes/streams-restore.yaml" --yes --create-namespace -n elsewhere
  fails_with 'not found' kubectl get namespace elsewhere
  # A namespace that something holds.
  kubectl create namespace "$ST"
  kubectl -n "$ST" create configmap held
  kubectl -n "$ST" patch configmap held --type merge -p '{"metadata": {"finalizers": ["lab.hwdr/holds"]}}'
  kubectl delete namespace "$ST" --wait=false
  refuses 'namespace streams is being deleted, and still has ConfigMap/held' restores install --yes
  kubectl -n "$ST" patch configmap held --type merge -p '{"metadata": {"finalizers": null}}'
  kubectl wait --for=delete "namespace/$ST" --timeout=120s
  restores install --yes --create-namespace | tee "$RUN/notes/report.txt"
  tr -s ' \n' ' ' <"$RUN/notes/report.txt" | grep -E 'mariadb: 5 of 5 pods are connected to events-3'
  grep -F "helm test: the chart's own tests have passed" "$RUN/notes/report.txt"
  says_how_old namespace mariadb kafka
  streams_are_ready
  more_events 1
  no_event_is_missing 1
  is_mirrored_back 1 1
  becomes_final events-3
}

# The same once more, killed after each write of its record.
test_all_three_come_back_though_the_restore_is_killed() {
  local backup kills arguments
  run_secret() { echo "hwdr-restore-$backup"; }
  NS=$ST
  all_is_lost 1,1 2,3 once-more events-5 back-1
  kubectl create namespace "$ST"
  arguments=("$ST" "${chart[@]}" -f "$RUN/notes/streams-restore.yaml")
  cut_off 1 install "${arguments[@]}" --yes
  killed_throughout resume "${arguments[@]}"
  streams_are_ready
  more_events 2
  no_event_is_missing 2
  is_mirrored_back 2 3
  ends kafka-2 kafka-3 db-2 moto
  kubectl delete namespace "$ST" --timeout=180s
}
