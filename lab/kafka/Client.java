import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What the tests do to a cluster by Kafka's own client: a command a line on standard input, a line of answer each. */
public class Client {
    private static Properties base;
    private static Admin admin;
    private static KafkaProducer<String, String> producer;
    private static KafkaProducer<String, String> transactions;
    private static final Map<String, Member> members = new HashMap<>();

    private static Properties with(String... more) {
        Properties all = new Properties();
        all.putAll(base);
        for (int i = 0; i < more.length; i += 2) {
            all.put(more[i], more[i + 1]);
        }
        return all;
    }

    /** A consumer that stays in its group. */
    private static class Member extends Thread {
        private final KafkaConsumer<byte[], byte[]> consumer;
        private volatile boolean stop;

        Member(String group, String topic, String protocol) {
            consumer = new KafkaConsumer<>(with("group.id", group, "group.protocol", protocol, "enable.auto.commit", "false"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer());
            consumer.subscribe(List.of(topic));
        }

        @Override
        public void run() {
            while (!stop) {
                consumer.poll(Duration.ofMillis(100));
            }
            consumer.close();
        }
    }

    private static void produce(KafkaProducer<String, String> to, String topic, int partition, int from, int count) throws Exception {
        for (int i = from; i < from + count; i++) {
            to.send(new ProducerRecord<>(topic, partition, "k" + i, String.valueOf(i)));
        }
        to.flush();
    }

    private static String read(String topic, int partition) {
        TopicPartition tp = new TopicPartition(topic, partition);
        StringBuilder out = new StringBuilder();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(with("isolation.level", "read_committed"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(tp));
            consumer.seekToBeginning(List.of(tp));
            long end = consumer.endOffsets(List.of(tp)).get(tp);
            while (consumer.position(tp) < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    out.append(record.offset()).append(':').append(new String(record.value(), StandardCharsets.UTF_8)).append(' ');
                }
            }
        }
        return out.toString();
    }

    private static String run(String[] words) throws Exception {
        switch (words[0]) {
            case "topic": {
                Map<String, String> settings = new HashMap<>();
                Arrays.stream(words).skip(3).map(word -> word.split("=", 2)).forEach(pair -> settings.put(pair[0], pair[1]));
                admin.createTopics(List.of(new NewTopic(words[1], Integer.parseInt(words[2]), (short) 1).configs(settings))).all().get();
                return "";
            }
            case "many": {
                List<NewTopic> topics = new java.util.ArrayList<>();
                for (int i = 0; i < Integer.parseInt(words[2]); i++) {
                    topics.add(new NewTopic(words[1] + "-" + i, Integer.parseInt(words[3]), (short) 1));
                }
                admin.createTopics(topics).all().get();
                return "";
            }
            case "partitions":
                admin.createPartitions(Map.of(words[1], NewPartitions.increaseTo(Integer.parseInt(words[2])))).all().get();
                return "";
            case "delete":
                admin.deleteTopics(List.of(words[1])).all().get();
                return "";
            case "produce":
                if (producer == null) {
                    producer = new KafkaProducer<>(with("acks", "all"), new StringSerializer(), new StringSerializer());
                }
                produce(producer, words[1], Integer.parseInt(words[2]), Integer.parseInt(words[3]), Integer.parseInt(words[4]));
                return "";
            case "transaction":
                if (transactions == null) {
                    transactions = new KafkaProducer<>(with("transactional.id", "lab"), new StringSerializer(), new StringSerializer());
                    transactions.initTransactions();
                }
                transactions.beginTransaction();
                produce(transactions, words[1], Integer.parseInt(words[2]), Integer.parseInt(words[3]), Integer.parseInt(words[4]));
                if (words[5].equals("commit")) {
                    transactions.commitTransaction();
                } else if (words[5].equals("abort")) {
                    transactions.abortTransaction();
                }
                return "";
            case "delete-before":
                admin.deleteRecords(Map.of(new TopicPartition(words[1], Integer.parseInt(words[2])),
                    RecordsToDelete.beforeOffset(Long.parseLong(words[3])))).all().get();
                return "";
            case "commit":
                admin.alterConsumerGroupOffsets(words[1], Map.of(new TopicPartition(words[2], Integer.parseInt(words[3])),
                    new OffsetAndMetadata(Long.parseLong(words[4])))).all().get();
                return "";
            case "offsets": {
                Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(words[1]).partitionsToOffsetAndMetadata().get();
                Map<String, Long> sorted = new TreeMap<>();
                offsets.forEach((tp, offset) -> sorted.put(tp.toString(), offset.offset()));
                return sorted.toString();
            }
            case "join": {
                Member member = new Member(words[1], words[2], words[3]);
                members.put(words[1], member);
                member.start();
                return "";
            }
            case "leave": {
                Member member = members.remove(words[1]);
                member.stop = true;
                member.join();
                return "";
            }
            case "acl":
                admin.createAcls(List.of(new AclBinding(new ResourcePattern(ResourceType.TOPIC, words[1], PatternType.LITERAL),
                    new AccessControlEntry(words[2], "*", AclOperation.valueOf(words[3]), AclPermissionType.ALLOW)))).all().get();
                return "";
            case "read":
                return read(words[1], Integer.parseInt(words[2]));
            case "topics": {
                Collection<String> names = admin.listTopics().names().get();
                return names.stream().sorted().collect(Collectors.joining(" "));
            }
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    public static void main(String[] args) throws Exception {
        base = new Properties();
        base.load(new FileInputStream(args[0]));
        base.put("request.timeout.ms", "20000");
        base.put("default.api.timeout.ms", "30000");
        admin = Admin.create(base);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = "ok " + run(line.split(" "));
            } catch (Exception e) {
                answer = "error " + e.toString().replace('\n', ' ');
            }
            System.out.println(answer);
            System.out.flush();
        }
        for (Member member : members.values()) {
            member.stop = true;
        }
    }
}
