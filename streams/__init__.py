"""Stream applications: transport, runtime, and the folds of mastering, orders-enriched and customer-360."""
