import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Takes the facts of one topic into the state of its partition, and writes every row that they change.
 *
 * <p>All facts of an order have its account's partition, so they meet in one task and one store without being
 * partitioned anew. The store's key is the account and the order's id: those of one account stand together, which is
 * how a customer's orders are found.
 */
abstract class Fold implements Processor<String, GenericRecord, String, GenericRecord> {
  static final String ORDERS = "orders";
  static final String CUSTOMERS = "customers";

  /** Between account and order id in a key, so that no account is the beginning of another. */
  private static final char END = '\0';

  protected final Layout layout;
  protected KeyValueStore<String, GenericRecord> orders;
  protected KeyValueStore<String, GenericRecord> customers;
  private ProcessorContext<String, GenericRecord> context;
  private Rows rows;

  protected Fold(Layout layout) {
    this.layout = layout;
  }

  @Override
  public void init(ProcessorContext<String, GenericRecord> context) {
    this.context = context;
    orders = context.getStateStore(ORDERS);
    customers = context.getStateStore(CUSTOMERS);
    rows =
        new Rows(
            layout,
            context.getStateStore(Full.PRODUCTS),
            context.getStateStore(Full.LOCATIONS),
            context.getStateStore(Full.EMPLOYEES));
  }

  /** Writes the rows of an order, or one of them, as far as the order itself is known. */
  protected void write(
      GenericRecord known, String account, GenericRecord customer, Long onlyLine, long timestamp) {
    if (known.get(Known.ORDER) != null) {
      rows.of(known, customer, onlyLine, row -> context.forward(new Record<>(account, row, timestamp)));
    }
  }

  /** Orders and what becomes of them. */
  static final class OfOrder extends Fold {
    private final Fact kind;
    private final int orderId;

    OfOrder(Layout layout, Fact kind) {
      super(layout);
      this.kind = kind;
      this.orderId = kind.source().place("order_id");
    }

    @Override
    public void process(Record<String, GenericRecord> record) {
      GenericRecord fact = record.value();
      String account = record.key();
      String key = account + END + fact.get(orderId);
      GenericRecord known = orders.get(key);
      if (known == null) {
        known = layout.nothing();
      }
      if (kind.intake().take(known, fact)) {
        orders.put(key, known);
        write(known, account, customers.get(account), kind.line().apply(fact), record.timestamp());
      }
    }
  }

  /** Versions of customers. */
  static final class OfCustomer extends Fold {
    private final int account;
    private final int validFrom;

    OfCustomer(Layout layout) {
      super(layout);
      account = layout.customer.place("account");
      validFrom = layout.customer.place("valid_from");
    }

    @Override
    public void process(Record<String, GenericRecord> record) {
      GenericRecord customer = record.value();
      String key = customer.get(account).toString();
      if (!Newest.isNewer(customer, customers.get(key), validFrom, layout.customer.seq)) {
        return;
      }
      customers.put(key, customer);
      try (KeyValueIterator<String, GenericRecord> theirs =
          orders.prefixScan(key + END, new StringSerializer())) {
        while (theirs.hasNext()) {
          KeyValue<String, GenericRecord> one = theirs.next();
          write(one.value, key, customer, null, record.timestamp());
        }
      }
    }
  }
}
