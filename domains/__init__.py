"""The data domains: one folder each, found by discovery, independent of each other."""
