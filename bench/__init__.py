"""Measures what docs and design promise: `make bench`, or `python -m bench NAME...` for some of it."""
