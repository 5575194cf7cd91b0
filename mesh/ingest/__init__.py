"""Bring your own data: any CSV or Parquet extract becomes events, by a mapping file and without code.

The way of a row: :mod:`mapping` (what the person wrote), :mod:`source` (files as views), :mod:`extract`
(SELECTs, checked against the events, in order of event time), :mod:`coerce` (strict types), :mod:`rules`
(the contract), :mod:`encode` (whole columns to Avro), :mod:`pack` (records and rejects), :mod:`merge` (one
order over all events), :mod:`run` (all of it).
"""
