"""ClickHouse: tables and views derived from contracts, and the writer of blocks."""
