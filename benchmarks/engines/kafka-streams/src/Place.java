import java.nio.file.Path;

/** Where and on what the job runs, as the harness says in the environment. */
record Place(
    String brokers,
    String shape,
    String orders,
    String out,
    String group,
    Path state,
    Path schemas,
    int threads,
    boolean inMemory) {

  static Place fromEnvironment() {
    return new Place(
        wanted("BENCH_BROKERS"),
        wanted("BENCH_SHAPE"),
        wanted("BENCH_ORDERS"),
        wanted("BENCH_OUT"),
        wanted("BENCH_GROUP"),
        Path.of(wanted("BENCH_STATE")),
        Path.of(wanted("BENCH_SCHEMAS")),
        Integer.parseInt(System.getenv().getOrDefault("BENCH_THREADS", "1")),
        !"rocksdb".equals(System.getenv("BENCH_STORES")));
  }

  private static String wanted(String name) {
    String value = System.getenv(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " is not set");
    }
    return value;
  }
}
