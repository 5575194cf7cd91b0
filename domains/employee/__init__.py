"""The employee domain."""
