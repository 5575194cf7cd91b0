"""The embedded warehouse: one process owns a chDB path and serves ClickHouse's HTTP interface.

Every other process talks to it with an ordinary ClickHouse client, so that production differs by an
address only. The modules, in the order in which a request meets them::

    http        the ASGI application: routes, headers, streaming, client gone
    request     one HTTP request as a query: arguments, settings, parameters, external tables
    body        the whole body, capped, decompressed
    tokens      ClickHouse's lexer, as far as it is needed
    statements  what kind of statement it is, where its data begins, its FORMAT
    policy      what is refused, to protect the path and the machine's other files
    lanes       how many writers, readers and monitors run at a time
    sessions    handles that outlive a request
    execution   runs one statement on a handle
    engine      the path: opening, handles, killing, closing
    config      the engine's configuration: memory, pools, logs, grants
    lock        one process a path
    errors      error codes, and the HTTP status of each
    metrics     what Prometheus reads
"""
