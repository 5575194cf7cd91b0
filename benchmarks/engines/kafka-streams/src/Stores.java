import static org.apache.kafka.streams.state.Stores.inMemoryKeyValueStore;
import static org.apache.kafka.streams.state.Stores.keyValueStoreBuilder;
import static org.apache.kafka.streams.state.Stores.persistentKeyValueStore;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * Where state lies: in memory, or in RocksDB behind Streams' cache, which is its default.
 *
 * <p>A store in memory has no cache, which would only be a second tree to look into: a seventh less CPU was measured
 * without it, though each change is then written to the changelog and none left out.
 */
record Stores(boolean inMemory) {

  /** A store for processors of one's own. */
  <K, V> StoreBuilder<KeyValueStore<K, V>> store(String name, Serde<K> key, Serde<V> value) {
    if (inMemory) {
      return keyValueStoreBuilder(inMemoryKeyValueStore(name), key, value);
    }
    return keyValueStoreBuilder(persistentKeyValueStore(name), key, value).withCachingEnabled();
  }

  /** A table of the bytes of its topic. */
  Materialized<String, byte[], KeyValueStore<Bytes, byte[]>> table(String name) {
    Materialized<String, byte[], KeyValueStore<Bytes, byte[]>> table =
        inMemory
            ? Materialized.<String, byte[]>as(inMemoryKeyValueStore(name)).withCachingDisabled()
            : Materialized.as(name);
    return table.withKeySerde(Serdes.String()).withValueSerde(Serdes.ByteArray());
  }
}
