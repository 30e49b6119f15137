"""The analyst: from a transcript to a verdict with evidence."""
