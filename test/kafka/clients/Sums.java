import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * Kafka Streams, exactly once: ids are given the key id % 50, go through a repartition topic, and are counted and summed in a
 * state store. Each id gives one record, "COUNT SUM" of its key. Nothing is cached, so none is left out.
 */
public class Sums {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    JsonNode s = json.readTree(args[1]);
    Properties p = new Properties();
    p.put("bootstrap.servers", s.get("addr").asText());
    p.put("application.id", s.get("group").asText());
    p.put("state.dir", s.get("dir").asText());
    p.put("processing.guarantee", "exactly_once_v2");
    p.put("commit.interval.ms", "100");
    p.put("statestore.cache.max.bytes", "0");
    p.put("replication.factor", "1");
    p.put("num.stream.threads", "2");
    p.put("default.key.serde", Serdes.StringSerde.class.getName());
    p.put("default.value.serde", Serdes.StringSerde.class.getName());
    p.put("consumer.session.timeout.ms", "6000");
    p.put("consumer.heartbeat.interval.ms", "500");
    p.put("consumer.auto.offset.reset", "earliest");

    KeyValueMapper<String, String, String> byID = (k, v) -> Long.toString(id(json, v) % 50);
    StreamsBuilder b = new StreamsBuilder();
    b.<String, String>stream(s.get("topic").asText())
        .selectKey(byID)
        .groupByKey()
        .aggregate(() -> "0 0", (k, v, sum) -> {
          String[] was = sum.split(" ");
          return (Long.parseLong(was[0]) + 1) + " " + (Long.parseLong(was[1]) + id(json, v));
        }, Materialized.as("sums"))
        .toStream()
        .to(s.get("out").asText(), Produced.with(Serdes.String(), Serdes.String()));

    KafkaStreams streams = new KafkaStreams(b.build(), p);
    streams.setStateListener((now, was) -> {
      if (now == KafkaStreams.State.RUNNING) System.out.println("{\"kind\": \"ready\"}");
    });
    streams.setUncaughtExceptionHandler(e -> {
      e.printStackTrace();
      return StreamThreadExceptionResponse.REPLACE_THREAD;
    });
    streams.start();
    System.in.read();
    streams.close();
  }

  static long id(ObjectMapper json, String value) {
    try {
      return json.readTree(value).get("id").asLong();
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalArgumentException(value, e);
    }
  }
}
