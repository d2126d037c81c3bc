package peer;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The job. The store has an open item's due (milliseconds), negative once its alert stands; what is near next is in a
 * heap, made of the store when the task begins.
 */
final class Watch implements Processor<String, byte[], String, byte[]> {
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Event(String subject, String type, String time) {}

    record Alert(String item, double due, String state) {}

    private record Near(long at, String item) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectReader EVENT = JSON.readerFor(Event.class);
    private static final ObjectWriter ALERT = JSON.writerFor(Alert.class);

    private final long within;
    private final long near;
    private final PriorityQueue<Near> next = new PriorityQueue<>(Comparator.comparingLong(Near::at));
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, Long> items;

    Watch(long within, long near) {
        this.within = within;
        this.near = near;
    }

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
        this.context = context;
        items = context.getStateStore(Peer.STORE);
        try (var all = items.all()) {
            all.forEachRemaining(item -> {
                if (item.value > 0) {
                    next.add(new Near(item.value - within + near, item.key));
                }
            });
        }
        context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, this::look);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        Counts.begin();
        Event event = read(record.value());
        String item = event.subject();
        long at = Instant.parse(event.time()).toEpochMilli();
        if (event.type().equals("portal.message.sent")) {
            items.put(item, at + within);
            next.add(new Near(at + near, item));
            return;
        }
        Long due = items.delete(item);
        if (due != null) {
            Counts.judge(at > Math.abs(due));
            if (due < 0) {
                say(item, -due, "resolved", record.timestamp());
            }
        }
    }

    private void look(long now) {
        while (!next.isEmpty() && next.peek().at() <= now) {
            Near first = next.poll();
            Long due = items.get(first.item());
            if (due != null && due > 0) {
                items.put(first.item(), -due);
                say(first.item(), due, "firing", now);
            }
        }
    }

    private void say(String item, long due, String state, long now) {
        try {
            byte[] value = ALERT.writeValueAsBytes(new Alert(item, due / 1000.0, state));
            context.forward(new Record<>(item, value, now));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static Event read(byte[] value) {
        try {
            return EVENT.readValue(value);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
