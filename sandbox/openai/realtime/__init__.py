"""A stand-in for OpenAI's Realtime API (GA shape) over WebSocket: hears, decides and speaks by rule."""
