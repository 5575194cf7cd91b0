"""Marts: one SQL file a business question, kept as a table that is brought up to date by what has changed."""
