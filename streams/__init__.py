"""Stream applications: mastering, orders-enriched and customer-360, and the engine beneath them."""
