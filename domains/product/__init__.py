"""The product domain."""
