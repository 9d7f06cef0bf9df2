"""One service: deploy without traffic, rehearse, a part of the traffic, then all of it or none."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.canary.decision import Rules, decide
from deploy.canary.gcloud import Gcloud, ReleaseFailed
from deploy.canary.observation import observe
from deploy.canary.rehearsal import Revision, rehearse

CANARY, STABLE = "canary", "stable"
"""Tags of revisions; each gives its revision an address of its own."""


@dataclass(frozen=True)
class Plan:
    images: Mapping[str, str]
    """Reference by digest by kind, as deploy/images.sh writes it."""
    percent: int
    files: Sequence[Path]
    rules: Rules = field(default_factory=Rules)
    poll_s: float = 20.0
    warm_up_s: float = 120.0
    """Times of predictions count from then on: instances are starting before."""


def release(gcloud: Gcloud, name: str, plan: Plan, say: Callable[[str], None]) -> None:
    """Raises ReleaseFailed; the revision that served before then has all traffic again."""
    service = gcloud.service(name)
    stable = service.serving()
    image = _image_for(service.image, plan.images, name)
    if image == service.image and service.latest_revision == stable:
        say(f"{name}: serves {image} already")
        return
    try:
        gcloud.deploy_without_traffic(name, image, CANARY)
        gcloud.traffic(name, f"--update-tags={STABLE}={stable}")
        canary, address = (service := gcloud.service(name)).tagged(CANARY)
        token = gcloud.identity_token(service.audience)
        rehearse(
            Revision(address, token), Revision(service.tagged(STABLE)[1], token), plan.files, say
        )
        say(f"{name}: {plan.percent} % of the traffic goes to {canary}")
        gcloud.traffic(name, f"--to-revisions={canary}={plan.percent}")
        reason = _watch(gcloud, canary, stable, plan, say)
        # What floats with the latest revision is what terraform's next change gets traffic by.
        latest = gcloud.service(name).latest_revision == canary
        everything = "--to-latest" if latest else f"--to-revisions={canary}=100"
        gcloud.traffic(name, everything, "--clear-tags")
    except BaseException:  # also where the build is cancelled: no canary is left on its own
        gcloud.traffic(name, f"--to-revisions={stable}=100", "--clear-tags")
        say(f"{name}: {stable} has all traffic")
        raise
    say(f"{name}: {canary} has all traffic: {reason}")


def _watch(gcloud: Gcloud, canary: str, stable: str, plan: Plan, say: Callable[[str], None]) -> str:
    """Why the canary may have all traffic. Raises ReleaseFailed where it may not.

    Logs that cannot be read decide nothing; at the time-out the canary goes back.
    """
    began, since = time.monotonic(), datetime.now(UTC)
    times_since = since + timedelta(seconds=plan.warm_up_s)
    while True:
        time.sleep(plan.poll_s)
        elapsed = time.monotonic() - began
        try:
            seen = [observe(gcloud, one, since, times_since) for one in (canary, stable)]
        except ReleaseFailed as error:
            if elapsed >= plan.rules.timeout_s:
                raise ReleaseFailed(f"{canary}: nothing is known of it: {error}") from error
            say(f"still waiting: {error}")
            continue
        decision = decide(seen[0], seen[1], plan.rules, elapsed)
        if decision.verdict == "roll back":
            raise ReleaseFailed(f"{canary}: {decision.reason}")
        if decision.verdict == "promote":
            return decision.reason
        say(f"still waiting: {decision.reason}")


def _image_for(current: str, images: Mapping[str, str], service: str) -> str:
    """The new image of the kind that the service has."""
    match = re.search(r"/inference-([a-z-]+)(?:[@:][^/]*)?$", current)
    if match is None or match[1] not in images:
        raise ReleaseFailed(
            f"{service}: runs {current}; legal is …/inference-KIND with a kind of this build: "
            f"{', '.join(sorted(images))}. Build that kind as well (_KINDS)"
        )
    return images[match[1]]
