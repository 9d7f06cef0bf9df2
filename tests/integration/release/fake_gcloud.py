"""A `gcloud` for tests: one Cloud Run service in a JSON file, and the log entries given there.

It understands what deploy/canary asks, refuses everything else, and writes down each command.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ.get("GCLOUD_STATE", ""))


def main(arguments: list[str]) -> int:
    state = json.loads(STATE.read_text())
    state["asked"].append(" ".join(arguments))
    words = [one for one in arguments if not one.startswith("--")]
    options = dict(
        one.removeprefix("--").partition("=")[::2] for one in arguments if one.startswith("--")
    )
    answer = 0
    if words[:2] == ["logging", "read"]:
        answer = read_logs(state, words[2])
    elif words[:3] == ["auth", "print-identity-token"]:
        assert options["audiences"] == "https://audience"
        print("a.token.of-the-build")
    elif words[:3] == ["run", "services", "describe"]:
        print(json.dumps(described(state)))
    elif words[:3] == ["run", "services", "update"]:
        answer = deploy(state, options)
    elif words[:3] == ["run", "services", "update-traffic"]:
        change_traffic(state, options)
    else:
        answer = complain(f"unknown command: {' '.join(words)}")
    STATE.write_text(json.dumps(state))
    return answer


def complain(sentence: str) -> int:
    print(f"ERROR: (gcloud) {sentence}", file=sys.stderr)
    return 1


def described(state: dict[str, Any]) -> dict[str, Any]:
    names = {*state["percent"], *state["tags"].values()}
    traffic = []
    for name in sorted(names):
        tags = [tag for tag, revision in state["tags"].items() if revision == name]
        address = state["addresses"].get(name)
        traffic += [{"revisionName": name, "tag": tag, "url": address} for tag in tags]
        if name in state["percent"]:
            traffic.append({"revisionName": name, "percent": state["percent"][name]})
    variable = {"name": "DROPSIGHT_PUSH_AUDIENCE", "value": "https://audience"}
    secret = {"name": "DROPSIGHT_PSEUDONYM_KEY", "valueFrom": {"secretKeyRef": {"key": "latest"}}}
    container = {"image": state["image"], "env": [secret, variable]}
    return {
        "spec": {"template": {"spec": {"containers": [container]}}},
        "status": {
            "url": "https://service",
            "latestCreatedRevisionName": state["latest"],
            "traffic": traffic,
        },
    }


def deploy(state: dict[str, Any], options: dict[str, str]) -> int:
    if state["unready"]:
        return complain("The user-provided container failed the configured startup probe checks.")
    assert "no-traffic" in options
    state["image"], state["latest"] = options["image"], "rev-2"
    state["tags"][options["tag"]] = "rev-2"
    return 0


def change_traffic(state: dict[str, Any], options: dict[str, str]) -> None:
    if "update-tags" in options:
        tag, _, revision = options["update-tags"].partition("=")
        state["tags"][tag] = revision
    if "to-revisions" in options:
        revision, _, percent = options["to-revisions"].partition("=")
        others = [one for one in state["percent"] if one != revision]
        state["percent"] = {revision: int(percent)}
        if int(percent) < 100:
            state["percent"][others[0]] = 100 - int(percent)
    if "to-latest" in options:
        state["percent"] = {state["latest"]: 100}
    if "clear-tags" in options:
        state["tags"] = {}


def read_logs(state: dict[str, Any], query: str) -> int:
    if state["logs_unreadable"]:
        return complain("PERMISSION_DENIED: Permission denied for all log views")
    match = re.search(r'revision_name="([^"]+)"', query)
    assert match is not None
    kind = "requests" if "run.googleapis.com/requests" in query else "failed"
    print(json.dumps(state["logs"].get(match[1], {}).get(kind, [])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
