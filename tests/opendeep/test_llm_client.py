"""The SDK of the model takes most of a second to load, which nobody shall wait for who asks no model."""

import os
import subprocess
import sys

PROGRAM = """
import sys, django
from django.core.management import call_command
django.setup()
call_command("check")
assert "opendeep.core.llm.runner" in sys.modules
sys.exit("openai" in sys.modules)
"""


def test_a_process_that_asks_no_model_does_not_load_its_sdk() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    started = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
