"""Segments of customers, learned once a week from how they buy, and told back as a stream."""
