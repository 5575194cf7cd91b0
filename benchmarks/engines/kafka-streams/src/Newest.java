import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Fills a store with the newest version of each member of a dimension, under its id.
 *
 * <p>The topic has a key for every version, so a GlobalKTable of it could not be looked up by id.
 */
final class Newest implements Processor<String, GenericRecord, Void, Void> {
  private final String store;
  private final int id;
  private final int validFrom;
  private final int seq;
  private KeyValueStore<String, GenericRecord> members;

  Newest(String store, Layout.Source source, String id) {
    this.store = store;
    this.id = source.place(id);
    this.validFrom = source.place("valid_from");
    this.seq = source.seq;
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    members = context.getStateStore(store);
  }

  @Override
  public void process(Record<String, GenericRecord> record) {
    GenericRecord member = record.value();
    String key = member.get(id).toString();
    if (isNewer(member, members.get(key), validFrom, seq)) {
      members.put(key, member);
    }
  }

  /** Whether a version holds from a later moment than the one that is known, or corrects it. */
  static boolean isNewer(GenericRecord version, GenericRecord known, int validFrom, int seq) {
    if (known == null) {
      return true;
    }
    int later = Long.compare((long) version.get(validFrom), (long) known.get(validFrom));
    return later > 0 || later == 0 && (long) version.get(seq) > (long) known.get(seq);
  }
}
