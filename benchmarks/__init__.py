"""How fast, beside whom: every call is timed with its peers in the same run.

``make bench`` runs it and writes ``docs/BENCHMARKS.md``. Nothing here is part of
the installed package.
"""
