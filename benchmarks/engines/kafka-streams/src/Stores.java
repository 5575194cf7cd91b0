import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/** Where tables lie: in memory, or in RocksDB behind a cache, which is Streams' default. */
record Stores(boolean inMemory) {

  /** A store for processors of one's own. */
  <K, V> StoreBuilder<KeyValueStore<K, V>> store(String name, Serde<K> key, Serde<V> value) {
    return org.apache.kafka.streams.state.Stores.keyValueStoreBuilder(
        inMemory
            ? org.apache.kafka.streams.state.Stores.inMemoryKeyValueStore(name)
            : org.apache.kafka.streams.state.Stores.persistentKeyValueStore(name),
        key,
        value);
  }

  /** A table of the bytes of its topic. */
  Materialized<String, byte[], KeyValueStore<Bytes, byte[]>> table(String name) {
    if (!inMemory) {
      return Materialized.<String, byte[], KeyValueStore<Bytes, byte[]>>as(name)
          .withKeySerde(Serdes.String())
          .withValueSerde(Serdes.ByteArray());
    }
    // A cache in front of a store in memory would only be a second look-up.
    return Materialized.<String, byte[]>as(org.apache.kafka.streams.state.Stores.inMemoryKeyValueStore(name))
        .withKeySerde(Serdes.String())
        .withValueSerde(Serdes.ByteArray())
        .withCachingDisabled();
  }
}
