import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/** The settings of the job, each that differs from Kafka's own with its reason. */
final class Tuning {
  private Tuning() {}

  static Properties of(Place place) {
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, place.group());
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, place.brokers());
    p.put(StreamsConfig.STATE_DIR_CONFIG, place.state().resolve("streams").toString());
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, place.threads());
    // At least once, which is the default, with acks=all: the producer is idempotent by default.
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
    // What all engines do; the default is 30 s.
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 5_000);
    // A table's topic serves as its changelog, so no table is written a second time.
    p.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    // Room for the entries that change between two commits, each then written once, and for what is read from
    // RocksDB. Tables in memory have no cache (Stores.java). The default is 10 MB.
    p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64 << 20);
    // Fewer rounds of polling, processing and looking at the clock while there is a backlog. The default is 1,000.
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    // Partitions are read in turn: 4 MB of each keep the thread busy between two fetches. The default is 1 MB.
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 << 20);
    // The input is there before the job is.
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    // Full batches instead of many small ones, as the documentation of batch.size (16 KB) advises for throughput. A
    // batch that is not full waits for linger.ms: Streams' own 100 ms would be most of the latency at a steady rate, and
    // under full load batches fill sooner anyway.
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64 << 20);
    return p;
  }
}
