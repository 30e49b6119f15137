"""What `manage.py doctor` looks at: our own parts, and the PBX as its two accounts see it."""
