"""Stream applications: the engine beneath them, and the folds of mastering, orders-enriched and customer-360."""
