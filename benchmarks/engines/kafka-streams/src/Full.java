import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * The shape {@code full}: orders, payments, fulfilments and returns in state stores with changelogs; every row that a
 * fact changes is written again.
 *
 * <p>It does what the mesh's own engine does but this: dimensions show their newest version, not that of the order's
 * time; a product, location or employee that changes corrects no row that is written already; rows have no version; an
 * amended order does not mark the lines that it no longer has; nothing is checked and nothing is parked.
 */
final class Full {
  static final String PRODUCTS = "products";
  static final String LOCATIONS = "locations";
  static final String EMPLOYEES = "employees";
  private static final Serde<String> TEXT = Serdes.String();

  private final Place place;
  private final Layout layout;
  private final Stores stores;
  private final Serde<GenericRecord> row;
  private final StreamsBuilder builder = new StreamsBuilder();

  Full(Place place, Plan plan) {
    this.place = place;
    this.layout = new Layout(plan);
    this.stores = new Stores(place.inMemory());
    this.row = AvroSerde.of(layout.row, plan.id(plan.of("row").asText()));
  }

  StreamsBuilder topology() {
    dimension(PRODUCTS, layout.product, "product_id");
    dimension(LOCATIONS, layout.location, "location_id");
    dimension(EMPLOYEES, layout.employee, "employee_id");
    builder.addStateStore(state(Fold.ORDERS, layout.known));
    builder.addStateStore(state(Fold.CUSTOMERS, layout.customer.schema));

    KStream<String, GenericRecord> rows = facts(layout.customer, () -> new Fold.OfCustomer(layout));
    for (Fact fact : Fact.all(layout)) {
      rows = rows.merge(facts(fact.source(), () -> new Fold.OfOrder(layout, fact)));
    }
    rows.to(place.out(), Produced.with(TEXT, row));
    return builder;
  }

  private KStream<String, GenericRecord> facts(
      Layout.Source source, ProcessorSupplier<String, GenericRecord, String, GenericRecord> fold) {
    return builder
        .stream(source.topic, Consumed.with(TEXT, AvroSerde.reading(source.reader)))
        .process(fold, Fold.ORDERS, Fold.CUSTOMERS);
  }

  private void dimension(String name, Layout.Source source, String id) {
    // A global store has no changelog: it is read from its topic again.
    builder.addGlobalStore(
        stores.store(name, TEXT, AvroSerde.unframed(source.schema)).withLoggingDisabled(),
        source.topic,
        Consumed.with(TEXT, AvroSerde.reading(source.reader)),
        () -> new Newest(name, source, id));
  }

  private StoreBuilder<KeyValueStore<String, GenericRecord>> state(String name, Schema schema) {
    return stores.store(name, TEXT, AvroSerde.unframed(schema)).withLoggingEnabled(Map.of());
  }
}
