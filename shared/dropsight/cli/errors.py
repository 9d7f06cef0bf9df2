"""What a command tells its user, and the exit code that goes with it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    """Something that was asked for did not succeed."""
    USAGE = 2
    """A wrong command line, or something that was named does not exist."""


class CommandFailed(Exception):
    """Ends the command with one sentence on stderr."""

    exit = Exit.FAILED


class NotFound(CommandFailed):
    exit = Exit.USAGE


class WrongUsage(CommandFailed):
    """Options that make no sense together."""

    exit = Exit.USAGE
