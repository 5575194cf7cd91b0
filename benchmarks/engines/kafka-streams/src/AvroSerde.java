import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Avro records in Confluent's framing: a zero, four bytes of schema id, the body.
 *
 * <p>As Confluent's own serializers do, but with ids that are known beforehand instead of a registry. Readers,
 * writers, decoders and encoders are kept and used again.
 */
final class AvroSerde {
  private static final int HEADER = 5;
  private static final int USUAL_SIZE = 512;

  private AvroSerde() {}

  static Serde<GenericRecord> of(Schema schema, int id) {
    byte[] header = {0, (byte) (id >>> 24), (byte) (id >>> 16), (byte) (id >>> 8), (byte) id};
    return Serdes.serdeFrom(new Writer(schema, header), new Reader(schema, schema, HEADER));
  }

  /** For a store, whose values need no frame. */
  static Serde<GenericRecord> unframed(Schema schema) {
    return Serdes.serdeFrom(new Writer(schema, new byte[0]), new Reader(schema, schema, 0));
  }

  /** Reads records of {@code written} as {@code read}: fields that nobody wants are skipped, not decoded. */
  static Deserializer<GenericRecord> reader(Schema written, Schema read) {
    return new Reader(written, read, HEADER);
  }

  /** For a topic that is only read. */
  static Serde<GenericRecord> reading(Deserializer<GenericRecord> reader) {
    return Serdes.serdeFrom((topic, value) -> { throw new UnsupportedOperationException(topic); }, reader);
  }

  /** The schema with these fields only, in its own order. */
  static Schema only(Schema schema, Collection<String> names) {
    List<Schema.Field> kept = new ArrayList<>();
    for (Schema.Field field : schema.getFields()) {
      if (names.contains(field.name())) {
        kept.add(new Schema.Field(field, field.schema()));
      }
    }
    return Schema.createRecord(schema.getName(), null, schema.getNamespace(), false, kept);
  }

  private static final class Writer implements Serializer<GenericRecord> {
    private final byte[] header;
    private final ThreadLocal<Encoding> encoding;

    Writer(Schema schema, byte[] header) {
      this.header = header;
      encoding = ThreadLocal.withInitial(() -> new Encoding(schema));
    }

    @Override
    public byte[] serialize(String topic, GenericRecord value) {
      if (value == null) {
        return null;
      }
      Encoding mine = encoding.get();
      try {
        mine.bytes.reset();
        mine.bytes.write(header);
        mine.writer.write(value, mine.encoder);
        mine.encoder.flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return mine.bytes.toByteArray();
    }
  }

  private static final class Encoding {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream(USUAL_SIZE);
    final BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    final QuickWriter writer;

    Encoding(Schema schema) {
      writer = new QuickWriter(schema);
    }
  }

  /** Finds the branch of {@code ["null", T]} by looking for null, where Avro looks names up in a table. */
  private static final class QuickWriter extends GenericDatumWriter<GenericRecord> {
    QuickWriter(Schema schema) {
      super(schema);
    }

    @Override
    protected int resolveUnion(Schema union, Object datum) {
      List<Schema> branches = union.getTypes();
      if (branches.size() == 2 && branches.get(0).getType() == Schema.Type.NULL) {
        return datum == null ? 0 : 1;
      }
      return super.resolveUnion(union, datum);
    }
  }

  private static final class Reader implements Deserializer<GenericRecord> {
    private final ThreadLocal<GenericDatumReader<GenericRecord>> reader;
    private final ThreadLocal<BinaryDecoder> decoder = new ThreadLocal<>();
    private final int header;

    Reader(Schema written, Schema read, int header) {
      this.header = header;
      GenericData data = new GenericData();
      // "org.apache.avro.fastread": reads by steps that are compiled from the schemas once. Off by default.
      data.setFastReaderEnabled(true);
      reader = ThreadLocal.withInitial(() -> new GenericDatumReader<>(written, read, data));
    }

    @Override
    public GenericRecord deserialize(String topic, byte[] value) {
      if (value == null) {
        return null;
      }
      try {
        BinaryDecoder mine = DecoderFactory.get().binaryDecoder(value, header, value.length - header, decoder.get());
        decoder.set(mine);
        return reader.get().read(null, mine);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
