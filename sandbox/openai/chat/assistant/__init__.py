"""The assistant: from a conversation to questions, and to a plan."""
