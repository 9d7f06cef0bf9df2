"""Who may do what on which resource, read from a plan of Terraform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PLACES = ("bucket", "topic", "subscription", "secret_id", "service_account_id", "crypto_key_id")
"""Attributes of IAM resources that say what the right is on."""
PRIMITIVE = ("roles/owner", "roles/editor", "roles/viewer")
EVERYBODY = ("allUsers", "allAuthenticatedUsers")


@dataclass(frozen=True)
class Right:
    member: str
    role: str
    place: str
    """Last part of the name of what it is on; `project`, `project if <title of the condition>`."""
    address: str


def resources(plan: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Address and planned attributes of what will exist, by the beginning of its type."""
    for change in plan["resource_changes"]:
        if change["mode"] == "managed" and change["type"].startswith(prefix):
            yield change["address"], change["change"]["after"]


def rights(plan: Mapping[str, Any]) -> list[Right]:
    found = []
    for address, planned in resources(plan):
        if "role" not in planned:
            continue
        members = planned.get("members") or [planned.get("member")]
        found += [
            Right(str(one), planned["role"], _place(address, planned), address) for one in members
        ]
    return found


def account(member: str) -> str:
    """`serviceAccount:dropsight-ingest@…` -> `ingest`; others as they are."""
    if not member.startswith("serviceAccount:"):
        return member
    name = member.removeprefix("serviceAccount:").partition("@")[0]
    if name.startswith("service-"):
        return member.rpartition("@")[2].partition(".")[0]
    return name.removeprefix("dropsight-")


def _place(address: str, planned: Mapping[str, Any]) -> str:
    kind = address.partition(".")[0]
    if kind.startswith("google_project"):
        titles = [one["title"] for one in planned.get("condition") or []]
        return f"project if {titles[0]}" if titles else "project"
    for name in (*PLACES, "repository", "name"):
        if isinstance(planned.get(name), str):
            return str(planned[name]).rpartition("/")[2].partition("@")[0]
    return address  # known only when it is applied
