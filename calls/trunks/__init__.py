"""Ways out into the telephone network: which one a call takes, how many calls it carries, and when it is out of order.

`breaker` and `choice` are pure; `models` holds the rows, `service` reads and writes them.
"""
