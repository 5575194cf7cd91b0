"""The facets of an account: its share of one product, category, location or salesperson.

A facet is the Avro bytes of its name and its id, as they stand side by side in account-activity.
"""

from __future__ import annotations

from streams.customer_360.numbers import text_bytes

PRODUCT, CATEGORY = text_bytes(b"product"), text_bytes(b"category")
LOCATION, EMPLOYEE = text_bytes(b"location"), text_bytes(b"employee")
"""The names of facets, as Avro bytes. None is the beginning of another one."""
SUMMARY = text_bytes(b"summary")
"""What stands in the place of a facet's name in a summary."""
NAMES = frozenset((PRODUCT, CATEGORY, LOCATION, EMPLOYEE))
