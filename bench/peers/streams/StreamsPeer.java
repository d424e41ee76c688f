import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** Kafka Streams over a topic: StreamsPeer ADDRESS filter|windows; see program in bench/peers_program.go. */
public class StreamsPeer {
  static final ObjectMapper JSON = new ObjectMapper();

  @JsonIgnoreProperties(ignoreUnknown = true)
  public static class Reading {
    public String id;
    public double temperature;
    public String event_time;
    long at;
  }

  @JsonInclude(JsonInclude.Include.NON_DEFAULT)
  public static class Row {
    public String id;
    public double c;
    public String event_time;
  }

  public static class Pane {
    public String id;
    public long window_start;
    public long cnt;
    public double a, lo = Double.MAX_VALUE, hi = -Double.MAX_VALUE, sum;

    Pane add(double c) {
      cnt++;
      sum += c;
      lo = Math.min(lo, c);
      hi = Math.max(hi, c);
      return this;
    }
  }

  static <T> Serde<T> serde(Class<T> type) {
    ObjectReader reader = JSON.readerFor(type);
    ObjectWriter writer = JSON.writerFor(type);
    Serializer<T> out = (topic, v) -> {
      try {
        return v == null ? null : writer.writeValueAsBytes(v);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
    Deserializer<T> in = (topic, b) -> {
      try {
        return b == null ? null : reader.readValue(b);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
    return Serdes.serdeFrom(out, in);
  }

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    int run = 0;
    for (String line; (line = lines.readLine()) != null; run++) {
      String[] words = line.split(" ");
      run(args[0], args[1].equals("windows"), words[0], words[1], "peer-" + args[1] + "-" + run);
      System.out.println("done");
      System.out.flush();
    }
  }

  static void run(String address, boolean windows, String topic, String out, String application) throws Exception {
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, address);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    p.put("auto.offset.reset", "earliest");
    p.put(StreamsConfig.STATE_DIR_CONFIG, java.nio.file.Files.createTempDirectory("streams").toString());

    // A record counts when it has come out of the topology's end, or fallen out of it.
    AtomicLong left = new AtomicLong(records(address, topic));
    CountDownLatch all = new CountDownLatch(1);
    StreamsBuilder b = new StreamsBuilder();
    KStream<String, Reading> in = b.stream(topic, Consumed.with(Serdes.String(), serde(Reading.class)).withTimestampExtractor((r, t) -> {
      Reading v = (Reading) r.value();
      v.at = LocalDateTime.parse(v.event_time.replace(' ', 'T')).toInstant(ZoneOffset.UTC).toEpochMilli();
      return v.at;
    }));
    if (windows) {
      KStream<String, Pane> panes = in.filter((k, v) -> v.temperature > 40)
          .mapValues(v -> (v.temperature - 32) * 5 / 9)
          .groupByKey(Grouped.with(Serdes.String(), Serdes.Double()))
          .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofSeconds(10), Duration.ofSeconds(5)))
          .aggregate(Pane::new, (k, c, pane) -> pane.add(c),
              Materialized.<String, Pane>as(Stores.inMemoryWindowStore("panes", Duration.ofSeconds(20), Duration.ofSeconds(10), false))
                  .withKeySerde(Serdes.String()).withValueSerde(serde(Pane.class)).withLoggingDisabled())
          .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded().withLoggingDisabled()))
          .toStream((w, pane) -> w.key())
          .mapValues((k, pane) -> {
            pane.id = k;
            pane.a = pane.sum / pane.cnt;
            return pane;
          });
      // The start of a window is part of the key that toStream has dropped, so it is taken from the record's time.
      panes = panes.processValues(() -> new WindowStart());
      end(panes, out, serde(Pane.class));
    } else {
      end(in.filter((k, v) -> v.temperature > 40).mapValues((k, v) -> {
        Row r = new Row();
        r.id = k;
        r.c = (v.temperature - 32) * 5 / 9;
        r.event_time = v.event_time;
        return r;
      }), out, serde(Row.class));
    }
    // The last child of the source: what a record causes has been done when it comes here.
    in.foreach((k, v) -> {
      if (left.decrementAndGet() == 0) {
        all.countDown();
      }
    });
    try (KafkaStreams streams = new KafkaStreams(b.build(), p)) {
      streams.start();
      all.await();
    }
  }

  static <T> void end(KStream<String, T> rows, String out, Serde<T> serde) {
    if (out.equals("-")) {
      rows.foreach((k, v) -> {});
    } else {
      rows.to(out, Produced.with(Serdes.String(), serde));
    }
  }

  /** Window results have the time of their last record: its window is the pane's. */
  static class WindowStart extends org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor<String, Pane, Pane> {
    @Override
    public void process(org.apache.kafka.streams.processor.api.FixedKeyRecord<String, Pane> r) {
      r.value().window_start = r.timestamp() / 10_000 * 10_000;
      context().forward(r);
    }
  }

  static long records(String address, String topic) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
      var parts = admin.describeTopics(java.util.List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
          .collect(Collectors.toMap(i -> new TopicPartition(topic, i.partition()), i -> OffsetSpec.latest()));
      long n = 0;
      for (var end : admin.listOffsets(parts).all().get().values()) {
        n += end.offset();
      }
      return n;
    }
  }
}
