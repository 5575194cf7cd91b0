import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** The benchmark's job on Kafka Streams; ends on SIGTERM. */
public final class Job {
  private Job() {}

  public static void main(String[] arguments) {
    Place place = Place.fromEnvironment();
    Plan plan = new Plan(place.schemas());
    Properties settings = Tuning.of(place);
    StreamsBuilder builder =
        place.shape().equals("full") ? new Full(place, plan).topology() : new Flat(place, plan).topology();
    KafkaStreams streams = new KafkaStreams(builder.build(settings), settings);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.ERROR) {
            Runtime.getRuntime().halt(1);
          }
        });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
    streams.start();
  }
}
