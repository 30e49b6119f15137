"""What a call sounded like, for both ears: the callee left, the agent right."""
