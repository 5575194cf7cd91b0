"""Customer 360 in two folds: what each account did, then what each golden customer is."""
