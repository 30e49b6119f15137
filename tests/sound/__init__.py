"""The sound of calls where it passes: a gateway process between a real Asterisk and the stand-in for the model."""
