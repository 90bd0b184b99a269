"""The proof of the numbers: R's results compared value by value, and the coverage of intervals.

``make validate`` runs it and writes ``docs/VALIDATION.md``. Nothing here is part
of the installed package.
"""
