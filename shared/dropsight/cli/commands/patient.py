"""`dropsight patient`: which results are of one patient, to be exported or deleted."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit, WrongUsage

EXAMPLES = """\
  dropsight patient                            asks for the Patient ID
  dropsight patient --issuer HOSPITAL < file   reads it from a file

The Patient ID is no option, so that it stays out of the shell's history and the list of processes.
In the cloud, where DROPSIGHT_BACKEND=gcp, DROPSIGHT_PROJECT and DROPSIGHT_PSEUDONYM_KEY name it.
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "patient", "list the results of one patient by the Patient ID", EXAMPLES
    )
    parser.add_argument(
        "--issuer", default="", metavar="I", help="Issuer of Patient ID, where the files have one"
    )
    common.add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dropsight.adapters.secrets import pseudonym_key
    from dropsight.cli.backends import opened
    from dropsight.imaging.deidentify import patient_pseudonym
    from dropsight.pipeline.patients import results_of_patient

    asked = getpass.getpass("Patient ID: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not asked.strip():
        raise WrongUsage("patient: found no Patient ID; type it, or give it on standard input")
    settings, backend = opened(options)
    pseudonym = patient_pseudonym(pseudonym_key(settings), asked.strip(), options.issuer)
    found = list(results_of_patient(backend.results, pseudonym))
    if options.json:
        print(json.dumps([one.result_id for one in found]))
    else:
        for one in found:
            print(one.result_id)
    return Exit.OK
