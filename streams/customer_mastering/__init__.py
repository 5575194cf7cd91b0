"""Customer mastering, one to one for now: every account is its own golden customer."""
