"""A stand-in for OpenAI: Chat Completions and Realtime on one port."""
