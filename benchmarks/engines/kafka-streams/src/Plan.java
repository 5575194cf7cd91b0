import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.apache.avro.Schema;

/** The schemas of the run with their ids, and what is joined with what ({@code plan.json}). */
final class Plan {
  private final Path folder;
  private final JsonNode document;

  Plan(Path folder) {
    this.folder = folder;
    try {
      document = new ObjectMapper().readTree(folder.resolve("plan.json").toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The schema of this name. */
  Schema schema(String name) {
    try {
      return new Schema.Parser().parse(folder.resolve(name + ".avsc").toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The id that stands before every value of this schema. */
  int id(String name) {
    return document.get("ids").get(name).asInt();
  }

  /** What the plan says under these names. */
  JsonNode of(String... names) {
    JsonNode found = document;
    for (String name : names) {
      found = found.get(name);
    }
    return found;
  }
}
