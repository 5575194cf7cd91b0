"""Order lines with everything known about them: one row a line, right whatever the order of arrival.

The fold never decodes what it joins: it keeps facts as the bytes they came in and splices rows from slices.
:mod:`~streams.orders_enriched.app` puts the parts together; ``portal/docs/semantics.md`` says what each row
means.
"""
