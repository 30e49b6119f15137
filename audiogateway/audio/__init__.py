"""Sample formats."""
