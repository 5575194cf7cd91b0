"""Ours and its peers, side by side: the same joins on the same input and broker, proven and priced."""
