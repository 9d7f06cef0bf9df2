"""Options that several commands share, and the settings that they change."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from dropsight.cli.errors import NotFound
from dropsight.settings import Settings


def add_command(
    subparsers: Any, name: str, summary: str, examples: str, root: bool = True
) -> argparse.ArgumentParser:
    """A sub-command whose help ends with examples; with --root, but for groups of commands."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog="examples:\n" + examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if root:
        add_root(parser)
    return parser


def add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="folder that holds bucket/ and .dropsight/ (default: $DROPSIGHT_ROOT, or here)",
    )


def add_json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")


def add_models(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="folder of model bundles (default: $DROPSIGHT_MODELS, or ./models)",
    )


def settings_of(options: argparse.Namespace) -> Settings:
    """Settings: option, then environment variable, then default. Raises CommandFailed."""
    settings = Settings.from_environment()
    given = {
        name: value
        for name in ("root", "models")
        if (value := getattr(options, name, None)) is not None
    }
    return dataclasses.replace(settings, **given)


def existing_root(options: argparse.Namespace) -> Settings:
    """As `settings_of`, for commands that only look. Raises NotFound where nobody ever served."""
    settings = settings_of(options)
    if not settings.state.is_dir():
        raise NotFound(
            f"{settings.root.resolve()}: holds no .dropsight/; name the folder that `dropsight up` "
            "was started in with --root DIR"
        )
    return settings
