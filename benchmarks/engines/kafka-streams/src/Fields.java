import java.util.LinkedHashMap;
import java.util.Map;
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

  /** The fields of {@code target} that {@code names} maps to fields of {@code source}. */
  static Fields copied(Schema source, Schema target, Map<String, String> names) {
    int[] from = new int[names.size()];
    int[] to = new int[names.size()];
    int i = 0;
    for (Map.Entry<String, String> name : names.entrySet()) {
      from[i] = source.getField(name.getValue()).pos();
      to[i++] = target.getField(name.getKey()).pos();
    }
    return new Fields(from, to);
  }

  /** Those of equal name in both. */
  static Fields copied(Schema source, Schema target) {
    Map<String, String> names = new LinkedHashMap<>();
    for (Schema.Field field : target.getFields()) {
      if (source.getField(field.name()) != null) {
        names.put(field.name(), field.name());
      }
    }
    return copied(source, target, names);
  }

  /** Copies them. */
  void copy(IndexedRecord source, IndexedRecord target) {
    for (int i = 0; i < from.length; i++) {
      target.put(to[i], source.get(from[i]));
    }
  }
}
