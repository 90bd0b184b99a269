"""Where the events live: files, DuckDB, PostgreSQL, Spark; the only rooms that open connections.

``opening`` opens what a journey names, through ``files``, ``embedded`` and ``databases``;
``fingerprint`` says cheaply whether the data are the same as before.
"""
