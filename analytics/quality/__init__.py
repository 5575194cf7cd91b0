"""Judges in the warehouse what the contracts promise: the rules of the streams, with their verdicts."""
