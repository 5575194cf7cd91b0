"""Who is about to be lost: a model learned and back-tested by time, and held against the 90-day rule."""
