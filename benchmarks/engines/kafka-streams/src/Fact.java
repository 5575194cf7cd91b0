import java.util.List;
import java.util.function.Function;
import org.apache.avro.generic.GenericRecord;

/**
 * One kind of fact of an order.
 *
 * @param intake takes a fact into what is known of its order; false when it, or a newer revision, is known already
 * @param line the number of the only line whose row it changes, or null: it changes all
 */
record Fact(Layout.Source source, Intake intake, Function<GenericRecord, Long> line) {
  interface Intake {
    boolean take(GenericRecord known, GenericRecord fact);
  }

  static List<Fact> all(Layout layout) {
    int paymentId = layout.payment.place("transaction_id");
    int fulfilmentId = layout.fulfilment.place("fulfilment_id");
    int returnId = layout.returned.place("return_id");
    int returnedLine = layout.returned.place("line_number");
    Function<GenericRecord, Long> every = fact -> null;
    return List.of(
        new Fact(layout.order, (known, fact) -> Known.putOrder(known, fact, layout.order.seq), every),
        new Fact(
            layout.payment,
            (known, fact) -> Known.put(Known.payments(known), fact, paymentId, layout.payment.seq),
            every),
        new Fact(
            layout.fulfilment,
            (known, fact) -> Known.put(Known.fulfilments(known), fact, fulfilmentId, layout.fulfilment.seq),
            every),
        new Fact(
            layout.returned,
            (known, fact) -> Known.put(Known.returns(known), fact, returnId, layout.returned.seq),
            fact -> (Long) fact.get(returnedLine)));
  }
}
