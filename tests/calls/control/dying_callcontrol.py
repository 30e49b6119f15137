"""`python -m tests.calls.control.dying_callcontrol FAULT`: callcontrol that dies around the first command it is told.

"before_effect": the command is written down and nothing was done. "after_effect": it was done and nothing was noted.
"""

import sys

import django

FAULTS = ("before_effect", "after_effect")


def main() -> None:
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - after django.setup()

    from calls.control.commands import Commands  # noqa: PLC0415 - as above
    from calls.services import commands  # noqa: PLC0415 - as above
    from tests.calls.crashing_worker import die_before  # noqa: PLC0415 - as above

    match sys.argv[1]:
        case "before_effect":
            die_before(Commands, "_do")
        case "after_effect":
            die_before(commands, "finish")
    call_command("run_callcontrol")


if __name__ == "__main__":
    main()
