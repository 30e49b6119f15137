"""The live talk: AudioSocket on one side, a Realtime session on the other, and one clock between them."""
