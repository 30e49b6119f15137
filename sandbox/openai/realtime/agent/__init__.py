"""The rule-based telephone agent behind the stand-in: text in, a sentence and a tool call out."""
