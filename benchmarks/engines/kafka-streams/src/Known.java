import java.util.List;
import org.apache.avro.generic.GenericRecord;

/** What is known of an order ({@link Layout#known}): its newest revision, and those of its other facts. */
final class Known {
  static final int ORDER = 0;

  private Known() {}

  static List<GenericRecord> payments(GenericRecord known) {
    return facts(known, 1);
  }

  static List<GenericRecord> fulfilments(GenericRecord known) {
    return facts(known, 2);
  }

  static List<GenericRecord> returns(GenericRecord known) {
    return facts(known, 3);
  }

  /** Takes in a revision of the order; false when that one or a newer one is known. */
  static boolean putOrder(GenericRecord known, GenericRecord order, int seq) {
    GenericRecord before = (GenericRecord) known.get(ORDER);
    if (before != null && (long) before.get(seq) >= (long) order.get(seq)) {
      return false;
    }
    known.put(ORDER, order);
    return true;
  }

  /** Takes in a revision of one of its facts; false when that one or a newer one is known. */
  static boolean put(List<GenericRecord> facts, GenericRecord fact, int id, int seq) {
    for (int i = 0; i < facts.size(); i++) {
      GenericRecord before = facts.get(i);
      if (before.get(id).equals(fact.get(id))) {
        boolean newer = (long) fact.get(seq) > (long) before.get(seq);
        if (newer) {
          facts.set(i, fact);
        }
        return newer;
      }
    }
    facts.add(fact);
    return true;
  }

  @SuppressWarnings("unchecked")
  private static List<GenericRecord> facts(GenericRecord known, int place) {
    return (List<GenericRecord>) known.get(place);
  }
}
