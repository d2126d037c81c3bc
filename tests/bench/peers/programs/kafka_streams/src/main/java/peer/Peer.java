package peer;

import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams: one processor with a key-value store, its changelog topic, and a wall-clock punctuator. */
public final class Peer {
    static final String STORE = "items";

    private Peer() {}

    public static void main(String[] arguments) {
        Map<String, String> given = System.getenv();
        KafkaStreams streams = new KafkaStreams(topology(given), settings(given));
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        Counts.tell();
        streams.start();
    }

    private static Topology topology(Map<String, String> given) {
        long within = millis(given.get("PEER_WITHIN"));
        long near = millis(given.get("PEER_NEAR"));
        var kept = Boolean.parseBoolean(given.getOrDefault("PEER_IN_MEMORY", "false"))
                ? Stores.inMemoryKeyValueStore(STORE)
                : Stores.persistentKeyValueStore(STORE);
        var store = Stores.keyValueStoreBuilder(kept, Serdes.String(), Serdes.Long());
        if (Boolean.parseBoolean(given.getOrDefault("PEER_CACHED", "false"))) {
            store = store.withCachingEnabled();
        }
        return new Topology()
                .addSource("events", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), given.get("PEER_TOPIC"))
                .addProcessor("watch", () -> new Watch(within, near), "events")
                .addStateStore(store, "watch")
                .addSink("alerts", given.get("PEER_ALERTS"), Serdes.String().serializer(), Serdes.ByteArray().serializer(), "watch");
    }

    private static Properties settings(Map<String, String> given) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, given.get("PEER_GROUP"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given.get("PEER_BOOTSTRAP"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, given.get("PEER_FOLDER"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, given.getOrDefault("PEER_THREADS", "1"));
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, "1000");
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return settings;
    }

    private static long millis(String seconds) {
        return (long) (1000 * Double.parseDouble(seconds));
    }
}
