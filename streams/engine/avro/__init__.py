"""Avro without decoding: where the fields of a record lie, and records spliced from slices."""
