import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.ValueMapper;

/**
 * The shapes {@code lines} and {@code orders}: order lines joined with four dimensions.
 *
 * <p>Customers are a KTable, partitioned as the orders are; products, stores and employees are GlobalKTables, as the
 * documentation advises for small tables that are joined by another key.
 */
final class Flat {
  private static final Serde<String> TEXT = Serdes.String();
  private static final Serde<byte[]> BYTES = Serdes.ByteArray();

  private final Place place;
  private final Plan plan;
  private final Stores stores;
  private final Schema order;
  private final Schema row;
  private final StreamsBuilder builder = new StreamsBuilder();

  Flat(Place place, Plan plan) {
    this.place = place;
    this.plan = plan;
    this.stores = new Stores(place.inMemory());
    this.order = plan.schema("orders");
    this.row = plan.schema("enriched");
  }

  StreamsBuilder topology() {
    Dimension customers = new Dimension("customers");
    Dimension products = new Dimension("products");
    KTable<String, byte[]> customer =
        builder.table(customers.topic, Consumed.with(TEXT, BYTES), stores.table("customers"));
    KStream<String, GenericRecord> heads =
        builder
            .stream(place.orders(), Consumed.with(TEXT, AvroSerde.of(order, plan.id("orders"))))
            .leftJoin(customer, head(customers));
    heads = joined(joined(heads, new Dimension("stores")), new Dimension("employees"));
    // An order's customer, store and employee are looked up once, whatever the number of its lines.
    KStream<String, GenericRecord> lines = place.shape().equals("orders") ? heads.flatMapValues(lines()) : heads;
    joined(lines, products).to(place.out(), Produced.with(TEXT, AvroSerde.of(row, plan.id("enriched"))));
    return builder;
  }

  /** The begin of a row: what the order says, and its customer. */
  private ValueJoiner<GenericRecord, byte[], GenericRecord> head(Dimension customers) {
    Fields ofOrder = Fields.copied(order, row);
    boolean nested = order.getField("lines") != null;
    return (placed, customer) -> {
      GenericRecord head = nested ? new Head(row, placed) : new GenericData.Record(row);
      ofOrder.copy(placed, head);
      customers.join(customer, head);
      return head;
    };
  }

  /** A row for each line of an order, as a copy of its head with the line's fields. */
  private ValueMapper<GenericRecord, Iterable<GenericRecord>> lines() {
    Schema line = order.getField("lines").schema().getElementType();
    Fields ofLine = Fields.copied(line, row);
    int lines = order.getField("lines").pos();
    return head -> {
      List<?> placed = (List<?>) ((Head) head).order.get(lines);
      List<GenericRecord> rows = new ArrayList<>(placed.size());
      for (Object one : placed) {
        GenericRecord copy = new GenericData.Record((GenericData.Record) head, false);
        ofLine.copy((GenericRecord) one, copy);
        rows.add(copy);
      }
      return rows;
    };
  }

  private KStream<String, GenericRecord> joined(KStream<String, GenericRecord> rows, Dimension dimension) {
    GlobalKTable<String, byte[]> table =
        builder.globalTable(dimension.topic, Consumed.with(TEXT, BYTES), stores.table(dimension.name));
    int key = row.getField(dimension.key).pos();
    KeyValueMapper<String, GenericRecord, String> id = (k, r) -> r.get(key).toString();
    return rows.leftJoin(
        table,
        id,
        (r, member) -> {
          dimension.join(member, r);
          return r;
        });
  }

  /** The head of an order's rows, which remembers the order for its lines. */
  private static final class Head extends GenericData.Record {
    final GenericRecord order;

    Head(Schema row, GenericRecord order) {
      super(row);
      this.order = order;
    }
  }

  /**
   * A dimension. Its table holds bytes, as every table does; what is joined decodes those fields of them that go out,
   * where a table of records would decode all of them at each look-up.
   */
  private final class Dimension {
    final String name;
    final String topic;
    final String key;
    private final Deserializer<GenericRecord> reader;
    private final Fields fields;

    Dimension(String name) {
      JsonNode said = plan.of("dimensions", name);
      Map<String, String> shown = new LinkedHashMap<>();
      said.get("fields").forEach(f -> shown.put(said.get("prefix").asText() + "_" + f.asText(), f.asText()));
      Schema written = plan.schema(name);
      this.name = name;
      this.topic = said.get("topic").asText();
      this.key = said.get("key").asText();
      Schema read = AvroSerde.only(written, shown.values());
      this.reader = AvroSerde.reader(written, read);
      this.fields = Fields.copied(read, row, shown);
    }

    /** Puts the member's fields into a row; a member that is unknown leaves it as it is. */
    void join(byte[] member, GenericRecord into) {
      if (member != null) {
        fields.copy(reader.deserialize(topic, member), into);
      }
    }
  }
}
