"""The model's side of a talk. Vendor shapes stay in openai_codec.py and connection.py."""
