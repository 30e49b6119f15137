"""What the roles understand of English: numbers to call, moments, goals, agreement and refusal."""
