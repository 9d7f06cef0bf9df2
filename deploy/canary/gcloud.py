"""The commands of gcloud that a release needs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ReleaseFailed(Exception):
    """A sentence: what went wrong, and what became of the traffic."""


@dataclass(frozen=True)
class Service:
    """One Cloud Run service as it is now."""

    name: str
    audience: str
    """Whom a token for it must be meant for."""
    image: str
    latest_revision: str
    traffic: tuple[dict[str, Any], ...]
    """`status.traffic`: revisionName, and percent, tag and url where they are set."""

    def serving(self) -> str:
        """The revision that has all traffic. Raises ReleaseFailed where it is split."""
        parts = {one["revisionName"]: one["percent"] for one in self.traffic if one.get("percent")}
        if list(parts.values()) != [100]:
            shown = ", ".join(f"{name} {percent} %" for name, percent in parts.items())
            raise ReleaseFailed(
                f"{self.name}: traffic is split ({shown}): another release is under way, or one "
                "was interrupted. Give one revision all of it, then release again; see "
                "docs/runbook.md, 'Roll back a model'"
            )
        return str(next(iter(parts)))

    def tagged(self, tag: str) -> tuple[str, str]:
        """Name and address of the revision with this tag."""
        for one in self.traffic:
            if one.get("tag") == tag:
                return one["revisionName"], one["url"]
        raise ReleaseFailed(f"{self.name}: no revision has the tag {tag!r}")


class Gcloud:
    def __init__(self, project: str, region: str) -> None:
        self._project = project
        self._region = region

    def service(self, name: str) -> Service:
        found = json.loads(self._run_services("describe", name, "--format=json"))
        status, container = found["status"], found["spec"]["template"]["spec"]["containers"][0]
        variables = {one["name"]: one.get("value") for one in container.get("env", ())}
        return Service(
            name=name,
            audience=variables.get("DROPSIGHT_PUSH_AUDIENCE") or status["url"],
            image=container["image"],
            latest_revision=status["latestCreatedRevisionName"],
            traffic=tuple(status["traffic"]),
        )

    def deploy_without_traffic(self, name: str, image: str, tag: str) -> None:
        """Returns once the new revision is ready: its models have answered."""
        self._run_services("update", name, f"--image={image}", "--no-traffic", f"--tag={tag}")

    def traffic(self, name: str, *changes: str) -> None:
        """`changes`: options of `gcloud run services update-traffic`."""
        self._run_services("update-traffic", name, *changes)

    def identity_token(self, audience: str) -> str:
        return self._run("auth", "print-identity-token", f"--audiences={audience}").strip()

    def log_entries(self, query: str, limit: int, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Newest first. https://cloud.google.com/logging/docs/view/logging-query-language"""
        shown = f"--format=json({','.join(fields)})"
        found: list[dict[str, Any]] = json.loads(
            self._run("logging", "read", query, f"--limit={limit}", shown) or "[]"
        )
        return found

    def _run_services(self, action: str, name: str, *options: str) -> str:
        region = f"--region={self._region}"
        return self._run("run", "services", action, name, region, "--quiet", *options)

    def _run(self, *arguments: str) -> str:
        command = ["gcloud", *arguments, f"--project={self._project}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ReleaseFailed(
                f"gcloud {' '.join(arguments[:3])}: {done.stderr.strip() or 'no reason given'}"
            )
        return done.stdout
