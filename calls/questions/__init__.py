"""What the agent asks its owner in the middle of a call, and what becomes of it."""
