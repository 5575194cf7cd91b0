import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.util.Utf8;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/** Makes the rows of an order out of what is known of it, its customer, and the dimensions. */
final class Rows {
  private static final int MONEY_SCALE = 4;
  private static final int RATE_SCALE = 8;
  private static final ByteBuffer NOTHING = ByteBuffer.wrap(new byte[] {0});

  private final Layout layout;
  private final ReadOnlyKeyValueStore<String, GenericRecord> products;
  private final ReadOnlyKeyValueStore<String, GenericRecord> locations;
  private final ReadOnlyKeyValueStore<String, GenericRecord> employees;

  private final int lines;
  private final int locationId;
  private final int territoryId;
  private final int employeeId;
  private final int lineNumber;
  private final int productId;
  private final int paidAt;
  private final int paymentId;
  private final int updatedAt;
  private final int fulfilmentId;
  private final int returnedLine;
  private final int quantity;
  private final int amount;
  private final int rate;
  private final int returnedAt;
  private final int rowQuantity;
  private final int rowCount;
  private final int rowAmount;
  private final int rowReturnedAt;
  private final GenericData.Record blank;

  Rows(
      Layout layout,
      ReadOnlyKeyValueStore<String, GenericRecord> products,
      ReadOnlyKeyValueStore<String, GenericRecord> locations,
      ReadOnlyKeyValueStore<String, GenericRecord> employees) {
    this.layout = layout;
    this.products = products;
    this.locations = locations;
    this.employees = employees;
    lines = layout.order.place("lines");
    locationId = layout.order.place("location_id");
    territoryId = layout.order.place("territory_id");
    employeeId = layout.order.place("employee_id");
    Schema line = layout.order.schema.getField("lines").schema().getElementType();
    lineNumber = line.getField("line_number").pos();
    productId = line.getField("product_id").pos();
    paidAt = layout.payment.place("transaction_at");
    paymentId = layout.payment.place("transaction_id");
    updatedAt = layout.fulfilment.place("updated_at");
    fulfilmentId = layout.fulfilment.place("fulfilment_id");
    returnedLine = layout.returned.place("line_number");
    quantity = layout.returned.place("quantity");
    amount = layout.returned.place("amount");
    rate = layout.returned.place("fx_rate");
    returnedAt = layout.returned.place("returned_at");
    rowQuantity = layout.row.getField("returned_quantity").pos();
    rowCount = layout.row.getField("return_count").pos();
    rowAmount = layout.row.getField("returned_amount").pos();
    rowReturnedAt = layout.row.getField("last_returned_at").pos();
    blank = new GenericData.Record(layout.row);
    // Versions are a thing of the mesh's own engine.
    Schema version = layout.row.getField("version").schema();
    blank.put("version", new GenericData.Fixed(version, new byte[version.getFixedSize()]));
    blank.put("is_deleted", false);
  }

  /** Hands the rows of an order to {@code sink}: all of them, or of one line only. */
  void of(GenericRecord known, GenericRecord customer, Long onlyLine, Consumer<GenericRecord> sink) {
    GenericRecord order = (GenericRecord) known.get(Known.ORDER);
    GenericData.Record head = new GenericData.Record(blank, false);
    layout.order.fields.copy(order, head);
    show(member(locations, order.get(locationId)), layout.location.fields, head);
    show(member(locations, order.get(territoryId)), layout.territory, head);
    show(member(employees, order.get(employeeId)), layout.employee.fields, head);
    show(customer, layout.customer.fields, head);
    show(greatest(Known.payments(known), paidAt, paymentId), layout.payment.fields, head);
    show(greatest(Known.fulfilments(known), updatedAt, fulfilmentId), layout.fulfilment.fields, head);
    List<GenericRecord> returns = Known.returns(known);
    for (Object one : (List<?>) order.get(lines)) {
      GenericRecord line = (GenericRecord) one;
      long number = (long) line.get(lineNumber);
      if (onlyLine != null && onlyLine != number) {
        continue;
      }
      GenericRecord row = new GenericData.Record(head, false);
      layout.line.copy(line, row);
      show(member(products, line.get(productId)), layout.product.fields, row);
      sum(returns, number, row);
      sink.accept(row);
    }
  }

  private static GenericRecord member(ReadOnlyKeyValueStore<String, GenericRecord> members, Object id) {
    return id == null ? null : members.get(id.toString());
  }

  private static void show(GenericRecord source, Fields fields, GenericRecord row) {
    if (source != null) {
      fields.copy(source, row);
    }
  }

  /** The fact that is greatest by its moment, then by its id; null when there is none. */
  private static GenericRecord greatest(List<GenericRecord> facts, int moment, int id) {
    GenericRecord best = null;
    for (GenericRecord fact : facts) {
      int later = best == null ? 1 : Long.compare((long) fact.get(moment), (long) best.get(moment));
      if (later > 0 || later == 0 && ((Utf8) fact.get(id)).compareTo((Utf8) best.get(id)) > 0) {
        best = fact;
      }
    }
    return best;
  }

  /** What came back of a line, withdrawn returns left out. */
  private void sum(List<GenericRecord> returns, long line, GenericRecord row) {
    long units = 0;
    long count = 0;
    BigDecimal refunded = null;
    Long last = null;
    for (GenericRecord one : returns) {
      long back = (long) one.get(quantity);
      if ((long) one.get(returnedLine) != line || back == 0) {
        continue;
      }
      units += back;
      BigDecimal refund =
          decimal(one.get(amount), MONEY_SCALE)
              .multiply(decimal(one.get(rate), RATE_SCALE))
              .setScale(MONEY_SCALE, RoundingMode.HALF_UP);
      refunded = refunded == null ? refund : refunded.add(refund);
      if (back > 0) {
        count++;
        long moment = (long) one.get(returnedAt);
        last = last == null ? moment : Math.max(last, moment);
      }
    }
    row.put(rowQuantity, units);
    row.put(rowCount, count);
    row.put(rowAmount, refunded == null ? NOTHING : ByteBuffer.wrap(refunded.unscaledValue().toByteArray()));
    row.put(rowReturnedAt, last);
  }

  private static BigDecimal decimal(Object bytes, int scale) {
    return new BigDecimal(new BigInteger(((ByteBuffer) bytes).array()), scale);
  }
}
