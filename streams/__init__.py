"""Stream applications: transport, runtime, and the pure folds of mastering, orders-enriched and customer-360."""
