"""The text roles' runner: see roles.py for what a role is and runner.py for how it is asked."""
