"""`dropsight plan`: what a load needs and costs, on paper."""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropsight.cli import options as common
from dropsight.cli.errors import CommandFailed, Exit, WrongUsage

if TYPE_CHECKING:
    from dropsight.planning.scenario import Scenario
    from dropsight.planning.search import Promise

EXAMPLES = """\
  dropsight plan --files-per-day 20000 --p95 10
  dropsight plan --files-per-day 20000 --p95 10 --profile office --explanations none
  dropsight plan --write-scenario burst.yaml
  dropsight plan --simulate burst.yaml --picture burst.svg
  dropsight plan --write-prices prices.yaml
  dropsight plan --measure --models models --to times.yaml
"""
SCENARIO = "burst.yaml"


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers,
        "plan",
        "work out instances, quotas and cost for a load, from measured times",
        EXAMPLES,
        root=False,
    )
    _add_load(parser)
    _add_basis(parser)
    _add_files(parser)
    parser.set_defaults(run=run)


def _add_load(parser: argparse.ArgumentParser) -> None:
    load = parser.add_argument_group("the load")
    load.add_argument("--files-per-day", type=_positive_int, metavar="N", help="plan a day")
    load.add_argument(
        "--simulate",
        type=Path,
        metavar="FILE",
        help="simulate what FILE describes; with --p95, find its fewest instances",
    )
    load.add_argument(
        "--p95",
        type=_positive,
        metavar="S",
        help="find the fewest instances for which 95 of 100 files have findings after S seconds",
    )
    load.add_argument(
        "--p95-explained", type=_positive, metavar="S", help="the same for all explanations"
    )
    load.add_argument(
        "--profile",
        choices=("uniform", "office"),
        default="uniform",
        help="how a day's files land: at random all day long, or mostly in office hours",
    )
    load.add_argument(
        "--mix",
        type=_mix,
        metavar="M=0.8,M=0.2",
        help="share of the files by model (default: that of the scenario)",
    )
    load.add_argument(
        "--explanations",
        type=_explanations,
        metavar="none|METHOD[=SHARE],…",
        help="methods asked for every file, or a share of them (default: as each model.yaml asks)",
    )
    load.add_argument(
        "--scenario",
        type=Path,
        metavar="FILE",
        help="services and platform for --files-per-day (default: those of --write-scenario)",
    )
    load.add_argument("--seed", type=int, metavar="N", help="of everything random (default: 0)")


def _add_basis(parser: argparse.ArgumentParser) -> None:
    basis = parser.add_argument_group("what it is worked out from")
    basis.add_argument("--prices", type=Path, metavar="FILE", help="your own price file")
    basis.add_argument("--times", type=Path, metavar="FILE", help="your own measured times")
    basis.add_argument(
        "--free-tier", action="store_true", help="take a month's free quantities off the month"
    )
    basis.add_argument(
        "--measure", action="store_true", help="time the bundles of this machine, write --to FILE"
    )
    common.add_models(basis)
    basis.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="MODEL=PATH",
        help="measure: an upload for a model (default: samples, where there is one)",
    )
    basis.add_argument(
        "--rounds", type=_positive_int, default=5, metavar="N", help="measure: the fastest of N"
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    files = parser.add_argument_group("files")
    files.add_argument("--to", type=Path, metavar="FILE", help="measure: the times file to write")
    files.add_argument("--picture", type=Path, metavar="FILE.svg", help="draw it over time")
    files.add_argument("--write-prices", type=Path, metavar="FILE", help="a copy to edit")
    files.add_argument("--write-scenario", type=Path, metavar="FILE", help="a copy to edit")
    common.add_json(files)


def run(options: argparse.Namespace) -> int:
    from dropsight.planning import prices

    copies = {prices.SHIPPED: options.write_prices, SCENARIO: options.write_scenario}
    asked = [name for name, to in copies.items() if to is not None]
    for name in asked:
        _write_copy(name, copies[name])
    if options.measure:
        return _measure(options)
    if options.files_per_day is None and options.simulate is None:
        if asked:
            return Exit.OK
        raise WrongUsage(
            "plan: say what to plan: --files-per-day N --p95 S, or --simulate FILE; or what to "
            "write: --measure --to FILE, --write-prices FILE, --write-scenario FILE"
        )
    return _plan(options)


def _plan(options: argparse.Namespace) -> int:
    from dropsight.planning.plan import Basis, picture, plan_day, plan_simulation
    from dropsight.planning.prices import load_prices
    from dropsight.planning.report import as_plain, lines
    from dropsight.planning.times import load_times

    if options.files_per_day is not None and options.simulate is not None:
        raise WrongUsage("plan: --files-per-day and --simulate are two plans; give one of them")
    if options.p95_explained is not None and options.p95 is None:
        raise WrongUsage("plan: --p95-explained goes with --p95, for the findings come first")
    basis = Basis(load_times(options.times), load_prices(options.prices), options.free_tier)
    scenario = _scenario(options)
    promise = _promise(options)
    if options.simulate is not None:
        report = plan_simulation(scenario, promise, basis, _progress)
    elif promise is None:
        raise WrongUsage("plan: --files-per-day needs --p95 S, the wait that is allowed")
    else:
        report = plan_day(options.files_per_day, scenario, promise, basis, _progress)
    if options.picture is not None:
        options.picture.write_text(picture(report), encoding="utf-8")
    if options.json:
        print(json.dumps(as_plain(report), ensure_ascii=False))
    else:
        for line in lines(report):
            print(line)
    return Exit.OK if report.is_kept else Exit.FAILED


def _scenario(options: argparse.Namespace) -> Scenario:
    import msgspec

    from dropsight.planning.files import parse_yaml, read_yaml, shipped
    from dropsight.planning.scenario import Scenario

    given = options.simulate or options.scenario
    scenario = (
        parse_yaml(shipped(SCENARIO), Scenario, SCENARIO)
        if given is None
        else read_yaml(given, Scenario)
    )
    changes: dict[str, Any] = {}
    if options.mix is not None:
        changes["mix"] = options.mix
    if options.explanations is not None or given is None:
        changes["explanations"] = options.explanations
    if options.seed is not None:
        changes["seed"] = options.seed
    if options.files_per_day is not None:
        profile = "random" if options.profile == "uniform" else options.profile
        changes["arrivals"] = msgspec.structs.replace(scenario.arrivals, profile=profile)
    return msgspec.structs.replace(scenario, **changes)


def _promise(options: argparse.Namespace) -> Promise | None:
    from dropsight.planning.search import Promise

    return None if options.p95 is None else Promise(options.p95, options.p95_explained)


def _progress(sentence: str) -> None:
    if sys.stderr.isatty():
        print(sentence, file=sys.stderr)


def _write_copy(name: str, to: Path) -> None:
    from dropsight.planning.files import shipped

    if to.exists():
        raise CommandFailed(f"{to}: is there already; name a new file, or remove that one")
    to.write_text(shipped(name), encoding="utf-8")


def _measure(options: argparse.Namespace) -> int:
    """In a process of its own: the container's package brings the runtimes."""
    from dropsight.cli.parts import find_models
    from dropsight.cli.samples.measured import write_measured

    if options.to is None:
        raise WrongUsage("plan: --measure needs --to FILE, where the times are written")
    if not options.to.absolute().parent.is_dir():
        raise CommandFailed(f"{options.to}: its folder does not exist; make it, or name another")
    if importlib.util.find_spec("dropsight_inference") is None:
        raise CommandFailed("plan: --measure needs the container's package, dropsight-inference")
    settings = common.settings_of(options)
    models = find_models(settings.models)
    with tempfile.TemporaryDirectory() as folder:
        named = {one.partition("=")[0] for one in options.file}
        samples = write_measured(models, Path(folder), named)
        files = [*options.file, *(f"{name}={path}" for name, path in samples.items())]
        command = [
            *(sys.executable, "-m", "dropsight_inference.measuring"),
            *("--models", str(models), "--to", str(options.to)),
            *("--rounds", str(options.rounds)),
            *(part for one in files for part in ("--file", one)),
        ]
        return subprocess.run(command, check=False).returncode


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text}, legal is a number above 0")
    return value


def _positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"found {text}, legal is a whole number above 0")
    return value


def _mix(text: str) -> dict[str, float]:
    return _shares(text, needs_share=True)


def _explanations(text: str) -> dict[str, float]:
    return {} if text == "none" else _shares(text, needs_share=False)


def _shares(text: str, needs_share: bool) -> dict[str, float]:
    shares = {}
    for part in text.split(","):
        name, equals, share = part.partition("=")
        if not name or (needs_share and not equals):
            raise argparse.ArgumentTypeError(f"found {part!r}, legal is NAME=SHARE")
        try:
            shares[name] = float(share) if equals else 1.0
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{part!r}: {share!r} is no number") from error
        if not 0.0 <= shares[name] <= 1.0:
            raise argparse.ArgumentTypeError(f"{part!r}: a share is between 0 and 1")
    return shares
