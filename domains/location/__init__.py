"""The location domain."""
