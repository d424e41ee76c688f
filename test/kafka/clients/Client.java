import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The roles of a client, played by Kafka's own. doc.go describes them, and the lines of JSON that it speaks. */
public class Client {
  static final ObjectMapper JSON = new ObjectMapper();
  static JsonNode s;

  public static void main(String[] args) throws Exception {
    s = JSON.readTree(args[1]);
    switch (args[0]) {
      case "produce" -> produce();
      case "consume" -> consume();
      case "transact" -> transact();
      case "hold" -> hold();
      case "relay" -> relay();
      default -> throw new IllegalArgumentException("no role " + args[0]);
    }
  }

  static synchronized void say(String kind, Object... what) {
    ObjectNode o = JSON.createObjectNode().put("kind", kind);
    for (int i = 0; i < what.length; i += 2) o.set((String) what[i], JSON.valueToTree(what[i + 1]));
    System.out.println(o);
  }

  /** Whether the test has said something, or closed our input, without waiting for it. */
  static volatile boolean told;

  static void listen() {
    Thread t = new Thread(() -> {
      try {
        System.in.read();
      } catch (java.io.IOException e) {
        say("failed", "error", e.toString());
      }
      told = true;
    });
    t.setDaemon(true);
    t.start();
  }

  static String text(String name) { return s.path(name).asText(); }

  static KafkaProducer<String, String> producer(boolean transactional) {
    Properties p = new Properties();
    p.put("bootstrap.servers", text("addr"));
    p.put("acks", "all");
    p.put("enable.idempotence", "true");
    p.put("linger.ms", "5");
    p.put("compression.type", text("codec").isEmpty() ? "none" : text("codec"));
    p.put("key.serializer", StringSerializer.class.getName());
    p.put("value.serializer", StringSerializer.class.getName());
    if (transactional) p.put("transactional.id", text("txid"));
    return new KafkaProducer<>(p);
  }

  static ProducerRecord<String, String> record(String topic, int partition, String key, String value) {
    return new ProducerRecord<>(topic, partition, null, key, value, List.of(new RecordHeader("from", "java".getBytes())));
  }

  static void send(KafkaProducer<String, String> p, int number) {
    String value = "{\"id\": " + number + ", \"pad\": \"" + "x".repeat(64) + "\"}";
    p.send(record(text("topic"), number % s.get("partitions").asInt(), "k" + number % 17, value), (m, e) -> {
      if (e == null) say("sent", "id", number, "outcome", "ok", "partition", m.partition(), "offset", m.offset());
      // What timed out may have been written; all else was refused.
      else say("sent", "id", number, "outcome", e instanceof TimeoutException ? "unknown" : "failed", "error", e.toString());
    });
  }

  static void produce() {
    try (KafkaProducer<String, String> p = producer(false)) {
      int first = s.get("first").asInt();
      for (int n = first; n < first + s.get("count").asInt(); n++) send(p, n);
    }
  }

  static KafkaConsumer<String, String> consumer(String isolation) {
    Properties p = new Properties();
    p.put("bootstrap.servers", text("addr"));
    p.put("group.id", text("group"));
    p.put("auto.offset.reset", "earliest");
    p.put("enable.auto.commit", "false");
    p.put("isolation.level", isolation);
    p.put("key.deserializer", StringDeserializer.class.getName());
    p.put("value.deserializer", StringDeserializer.class.getName());
    p.put("group.protocol", text("protocol"));
    if (text("protocol").equals("classic")) {
      p.put("session.timeout.ms", "6000");
      p.put("heartbeat.interval.ms", "500");
      if (!text("assignor").isEmpty()) p.put("partition.assignment.strategy", text("assignor"));
    }
    KafkaConsumer<String, String> c = new KafkaConsumer<>(p);
    TreeSet<Integer> held = new TreeSet<>();
    c.subscribe(List.of(text("topic")), new ConsumerRebalanceListener() {
      public void onPartitionsAssigned(Collection<TopicPartition> parts) {
        parts.forEach(x -> held.add(x.partition()));
        say("assigned", "partitions", held);
      }

      public void onPartitionsRevoked(Collection<TopicPartition> parts) {
        parts.forEach(x -> held.remove(x.partition()));
        say("assigned", "partitions", held);
      }
    });
    return c;
  }

  static void consume() throws Exception {
    listen();
    int committed = 0;
    try (KafkaConsumer<String, String> c = consumer(text("isolation"))) {
      while (!told) {
        ConsumerRecords<String, String> found = c.poll(Duration.ofMillis(100));
        for (ConsumerRecord<String, String> r : found) {
          say("got", "id", JSON.readTree(r.value()).get("id").asInt(), "key", r.key(),
              "header", new String(r.headers().lastHeader("from").value()), "partition", r.partition(), "offset", r.offset());
        }
        if (!found.isEmpty()) {
          c.commitSync();
          say("committed", "records", committed += found.count());
        }
      }
    }
  }

  static void transact() {
    int first = s.get("first").asInt(), size = s.get("size").asInt(), every = s.get("abort_every").asInt();
    try (KafkaProducer<String, String> p = producer(true)) {
      p.initTransactions();
      for (int n = 0; n < s.get("count").asInt() / size; n++) {
        int from = first + n * size;
        boolean commit = (n + 1) % every != 0;
        p.beginTransaction();
        for (int i = from; i < from + size; i++) send(p, i);
        if (commit) {
          p.commitTransaction();
        } else {
          p.flush();
          p.abortTransaction();
        }
        say("transaction", "first", from, "last", from + size - 1, "outcome", commit ? "committed" : "aborted");
      }
    }
  }

  static void hold() throws Exception {
    int first = s.get("first").asInt(), count = s.get("count").asInt();
    KafkaProducer<String, String> p = producer(true);
    p.initTransactions();
    p.beginTransaction();
    for (int n = first; n < first + count; n++) send(p, n);
    p.flush();
    say("ready");
    System.in.read();
    String outcome = "committed", error = "";
    try {
      p.commitTransaction();
    } catch (ProducerFencedException | InvalidProducerEpochException e) {
      outcome = "fenced";
      error = e.toString();
    } catch (KafkaException e) {
      outcome = "failed";
      error = e.toString();
    }
    say("transaction", "first", first, "last", first + count - 1, "outcome", outcome, "error", error);
    p.close(Duration.ZERO);
  }

  static void relay() throws Exception {
    listen();
    try (KafkaConsumer<String, String> c = consumer("read_committed"); KafkaProducer<String, String> p = producer(true)) {
      p.initTransactions();
      while (!told) {
        ConsumerRecords<String, String> found = c.poll(Duration.ofMillis(100));
        if (found.isEmpty()) continue;
        p.beginTransaction();
        Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
        for (ConsumerRecord<String, String> r : found) {
          p.send(record(text("out"), r.partition(), r.key(), r.value()));
          ends.put(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1));
        }
        p.sendOffsetsToTransaction(ends, c.groupMetadata());
        p.commitTransaction();
        say("relayed", "records", found.count());
      }
    }
  }
}
