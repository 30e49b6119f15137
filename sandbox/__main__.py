"""`python -m sandbox pbx|openai ...`: the stand-ins, each a process of its own."""

import sys
from collections.abc import Callable, Sequence


def _pbx(argv: Sequence[str]) -> int:
    from sandbox.pbx.server import main  # noqa: PLC0415 - one stand-in does not load the other's libraries

    return main(argv)


def _openai(argv: Sequence[str]) -> int:
    from sandbox.openai.server import main  # noqa: PLC0415 - as above

    return main(argv)


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"pbx": _pbx, "openai": _openai}


def main(argv: Sequence[str]) -> int:
    """Dispatch to a stand-in; each explains its options with --help."""
    command = _COMMANDS.get(argv[0]) if argv else None
    if command is None:
        print("usage: python -m sandbox {pbx,openai} [--help]", file=sys.stderr)
        return 2
    return command(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
