"""`dropsight`: reads the command line and runs one command."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from dropsight import __version__
from dropsight.cli.errors import CommandFailed, Exit
from dropsight.domain.errors import DropsightError

COMMANDS = (
    "up",
    "drop",
    "watch",
    "results",
    "explain",
    "models",
    "backfill",
    "patient",
    "dlq",
    "samples",
    "demo",
)

EPILOG = """\
examples:
  dropsight up                            start everything; files go to ./bucket/<route>/
  dropsight drop --route cxr scan.dcm     put a file there
  dropsight results                       what was found
  dropsight dlq list                      what could not be delivered

exit codes: 0 done, 1 something failed, 2 wrong usage or not found
"""


def parser() -> argparse.ArgumentParser:
    """Every command is a module of `dropsight.cli.commands` with `add(subparsers)`."""
    root = argparse.ArgumentParser(
        prog="dropsight",
        description="Drop a file, get sight: what a model finds in a file, and why.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"dropsight {__version__}")
    commands = root.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"dropsight.cli.commands.{name}").add(commands)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except CommandFailed as error:
        return _complain(str(error), error.exit)
    except (DropsightError, ValueError) as error:
        return _complain(str(error), Exit.FAILED)
    except OSError as error:
        return _complain(str(error), Exit.FAILED)
    except KeyboardInterrupt:
        return 130


def _complain(sentence: str, code: Exit) -> int:
    print(f"dropsight: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
