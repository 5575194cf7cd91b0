import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Deserializer;

/** How a row of the shape {@code full} is put together, and what of each record is needed for it. */
final class Layout {
  /** A record on a topic: its fields that are read, and how they become a row's. */
  static final class Source {
    final String topic;
    final Schema schema;
    final Deserializer<GenericRecord> reader;
    final Fields fields;
    final int seq;

    private Source(Plan plan, String topic, List<String> kept, Schema row, Map<String, String> shown) {
      Schema written = plan.schema(topic);
      this.topic = topic;
      this.schema = AvroSerde.only(written, kept);
      this.reader = AvroSerde.reader(written, schema);
      this.fields = Fields.copied(schema, row, shown);
      this.seq = place("seq");
    }

    /** The place of a field. */
    int place(String field) {
      return schema.getField(field).pos();
    }
  }

  final Schema row;
  final Source order;
  final Source payment;
  final Source fulfilment;
  final Source returned;
  final Source product;
  final Source location;
  final Source employee;
  final Source customer;

  /** From a location to a row, as its territory. */
  final Fields territory;

  /** From an order's line to a row. */
  final Fields line;

  /** All that is known of an order: its newest revision, and those of its other facts. */
  final Schema known;

  Layout(Plan plan) {
    row = plan.schema(plan.of("row").asText());
    Map<String, String> ofOrder = new LinkedHashMap<>();
    plan.of("order", "fields").forEach(name -> ofOrder.put(name.asText(), name.asText()));
    order = source(plan, plan.of("order", "topic").asText(), ofOrder, "seq", "lines");
    line = Fields.copied(order.schema.getField("lines").schema().getElementType(), row);
    payment = block(plan, plan.of("facts", "transaction"), "seq", "order_id", "account");
    fulfilment = block(plan, plan.of("facts", "fulfilment"), "seq", "order_id", "account");
    String[] ofReturn = {
      "seq", "order_id", "account", "return_id", "line_number", "quantity", "amount", "fx_rate", "returned_at"
    };
    returned = source(plan, plan.of("returns", "topic").asText(), Map.of(), ofReturn);
    product = block(plan, plan.of("dimensions", "product"), "seq", "product_id");
    Map<String, String> ofTerritory = shown(plan.of("dimensions", "territory"));
    List<String> more = new ArrayList<>(ofTerritory.values());
    more.addAll(List.of("seq", "location_id"));
    location = block(plan, plan.of("dimensions", "location"), more.toArray(String[]::new));
    territory = Fields.copied(location.schema, row, ofTerritory);
    employee = block(plan, plan.of("dimensions", "employee"), "seq", "employee_id");
    customer = block(plan, plan.of("dimensions", "customer"), "seq", "account");
    known =
        Schema.createRecord(
            "Known",
            null,
            "peer",
            false,
            List.of(
                new Schema.Field("order", Schema.createUnion(Schema.create(Schema.Type.NULL), order.schema)),
                new Schema.Field("payments", Schema.createArray(payment.schema)),
                new Schema.Field("fulfilments", Schema.createArray(fulfilment.schema)),
                new Schema.Field("returns", Schema.createArray(returned.schema))));
  }

  /** What is known of an order before any of its facts. */
  GenericRecord nothing() {
    GenericRecord nothing = new GenericData.Record(known);
    for (String facts : List.of("payments", "fulfilments", "returns")) {
      nothing.put(facts, new ArrayList<GenericRecord>());
    }
    return nothing;
  }

  private Source block(Plan plan, JsonNode said, String... more) {
    return source(plan, said.get("topic").asText(), shown(said), more);
  }

  private Source source(Plan plan, String topic, Map<String, String> shown, String... more) {
    List<String> kept = new ArrayList<>(shown.values());
    kept.addAll(List.of(more));
    return new Source(plan, topic, kept, row, shown);
  }

  private static Map<String, String> shown(JsonNode said) {
    Map<String, String> shown = new LinkedHashMap<>();
    said.get("fields").properties().forEach(f -> shown.put(f.getKey(), f.getValue().asText()));
    return shown;
  }
}
