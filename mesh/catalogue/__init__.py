"""What there is to read: products and ports in the words of their contracts, for people and programs."""
