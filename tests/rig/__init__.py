"""Real outside parts for the test suite: Asterisk with SIPp as the callee, PostgreSQL, Debian packages.

Every part either runs here or says in one line why it cannot (`skips.py`). `python -m tests.rig` prepares all
of them before the tests, so that no test waits for a download.
"""
