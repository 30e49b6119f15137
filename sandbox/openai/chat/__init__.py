"""Chat Completions: the wire (request, reply) and the rule-based brain behind it."""
