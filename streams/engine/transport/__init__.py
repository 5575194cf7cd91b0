"""The batch transport: Faust hands an agent one message a fetched batch, not one a record."""
