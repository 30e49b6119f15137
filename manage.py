"""Django's entry point."""

import os
import sys

from django.core.management import execute_from_command_line

from opendeep.supervise.beside import join

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendeep.settings")
    join(os.environ)
    execute_from_command_line(sys.argv)
