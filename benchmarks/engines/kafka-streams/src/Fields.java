import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** Copies fields from records of one schema to records of another, by places that are looked up once. */
final class Fields {
  private final int[] from;
  private final int[] to;

  private Fields(int[] from, int[] to) {
    this.from = from;
    this.to = to;
  }

  /** The fields {@code names} of {@code source} become {@code prefix + name} of {@code target}. */
  static Fields copied(Schema source, List<String> names, Schema target, String prefix) {
    int[] from = new int[names.size()];
    int[] to = new int[names.size()];
    for (int i = 0; i < from.length; i++) {
      from[i] = source.getField(names.get(i)).pos();
      to[i] = target.getField(prefix + names.get(i)).pos();
    }
    return new Fields(from, to);
  }

  /** Copies them. */
  void copy(IndexedRecord source, IndexedRecord target) {
    for (int i = 0; i < from.length; i++) {
      target.put(to[i], source.get(from[i]));
    }
  }
}
