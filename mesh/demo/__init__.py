"""The demonstration: a retailer's whole trade through the running mesh, and what came of it."""
